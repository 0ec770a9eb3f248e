// Native radio buttons kept in step with `props.value`; prices come from the server beside them.
const SINGLE = ["size", "resolution"];
const lanes = Array.from(element.querySelectorAll("[data-choice^='lane-']"));

const group = (name) => element.querySelector(`[data-choice="${name}"]`);
const chosen = (from) => from.querySelector("input:checked").value;

function choose(from, value) {
  for (const input of from.querySelectorAll("input")) input.checked = input.value === String(value);
}

function read() {
  return {
    ...Object.fromEntries(SINGLE.map((name) => [name, chosen(group(name))])),
    repeats: Number(chosen(group("repeats"))),
    lanes: lanes.map(chosen),
  };
}

function show() {
  const value = props.value;
  for (const name of [...SINGLE, "repeats"]) choose(group(name), value[name]);
  lanes.forEach((lane, place) => choose(lane, value.lanes[place]));
  describe();
}

function describe() {
  const { size, resolution } = props.value;
  const nominal = element.querySelector(".pg-nominal");
  const words = props.nominal[size]?.[resolution] ?? "";
  if (nominal.textContent !== words) nominal.textContent = words;
  for (const price of element.querySelectorAll("[data-price]")) {
    price.textContent = props.prices[price.dataset.price]?.[resolution] ?? "";
  }
}

element.addEventListener("change", () => {
  props.value = read();
  describe();
});
watch("value", show);
watch("prices", describe);
show();

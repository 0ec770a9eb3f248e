// The filters kept in step with `props.value`; options from the log become text, never markup.
const TYPING_MS = 250;
const NEUTRAL = ["view", "page_size"]; // what is shown is the same, only otherwise
const fields = Array.from(element.querySelectorAll("[name]"));
const more = element.querySelector("[data-more]");
const panel = element.querySelector("#history-more");
const clear = element.querySelector("[data-clear-all]");
const views = Array.from(element.querySelectorAll("[data-view]"));
const first = { ...props.value };
let typing = null;

function read() {
  const value = { ...props.value };
  for (const field of fields) {
    value[field.name] = field.name === "page_size" ? Number(field.value) : field.value;
  }
  return value;
}

function tell(changes = {}) {
  clearTimeout(typing);
  const value = { ...read(), ...changes };
  if (JSON.stringify(value) !== JSON.stringify(props.value)) props.value = value;
  show();
}

function show() {
  const value = props.value;
  for (const field of fields) {
    const wanted = String(value[field.name] ?? "");
    // Not while somebody is typing into it.
    if (field.value !== wanted && document.activeElement !== field) field.value = wanted;
  }
  for (const view of views) {
    view.setAttribute("aria-pressed", String(view.dataset.view === value.view));
  }
  const isSet = (name) => !NEUTRAL.includes(name) && value[name] !== first[name];
  const active = Object.keys(first).filter(isSet);
  const inPanel = active.filter((name) => name !== "text").length;
  more.textContent = inPanel
    ? props.texts.active.replace("{count}", String(inPanel))
    : props.texts.active_none;
  clear.hidden = active.length === 0;
}

function offer() {
  for (const [name, options] of Object.entries(props.choices)) {
    const field = fields.find((each) => each.name === name);
    const known = JSON.stringify(options);
    if (!field || field.dataset.known === known) continue;
    field.dataset.known = known;
    const any = field.options[0];
    const chosen = props.value[name];
    const made = options.map(([value, words]) => {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = words;
      return option;
    });
    field.replaceChildren(any, ...made);
    field.value = chosen;
    // Something that has left the log is not asked for any more.
    if (field.value !== chosen) tell({ [name]: "" });
    field.closest("label").hidden = options.length === 0;
  }
}

element.addEventListener("input", (event) => {
  if (event.target.type !== "search") return;
  clearTimeout(typing);
  typing = setTimeout(tell, TYPING_MS);
});
element.addEventListener("change", () => tell());
element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.type === "search") tell();
});
element.addEventListener("click", (event) => {
  const view = event.target.closest("[data-view]");
  if (view) tell({ view: view.dataset.view });
  if (event.target.closest("[data-clear-all]")) {
    const { view, page_size } = props.value;
    const wanted = { ...first, view, page_size };
    for (const field of fields) field.value = String(wanted[field.name] ?? "");
    tell(wanted);
    element.querySelector("[type=search]").focus();
  }
  if (event.target.closest("[data-more]")) {
    panel.hidden = !panel.hidden;
    more.setAttribute("aria-expanded", String(!panel.hidden));
  }
});
watch("value", show);
watch("choices", offer);
offer();
show();

// The list, the open tasks and the parts of one comparison pass on what is pressed. Focus and what
// was selected outlive each new drawing.
const ACTS = [
  "open", "turn", "zip", "mark", "undo", "show", "retry", "look_again", "back", "download", "use", "choose",
  "takeout", "reveal",
];
const selected = new Set();
const restore = window.redrawing.outlive(element);
const announce = window.redrawing.announcer("#history");
let isPlain = false;

const find = (selector) => element.querySelector(selector);
const all = (selector) => Array.from(element.querySelectorAll(selector));

// ---- what is pressed -------------------------------------------------------------------------

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  if (button.dataset.tab) window.playground.showTab(button.dataset.tab);
  if ("clear" in button.dataset) document.querySelector("#history-filters [data-clear-all]").click();
  if (button.dataset.filter) {
    const field = document.querySelector(`#history-filters [name=${button.dataset.filter}]`);
    field.value = button.dataset.value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  if ("dismiss" in button.dataset) button.closest(".pg-notice").replaceChildren();
  const { act } = button.dataset;
  if (!ACTS.includes(act)) return;
  const told = { ...button.dataset };
  const plain = find("[data-plain]") ?? document.querySelector("#history-head [data-plain]");
  told.plain = plain?.checked ? "yes" : "";
  if (act === "zip" && !told.comparison) told.comparisons = [...selected];
  trigger(act, told);
});
element.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-form]");
  if (!form) return;
  event.preventDefault();
  const { form: kind, comparison } = form.dataset;
  const field = form.querySelector("input, textarea");
  if (kind === "tag" && !field.value.trim()) return;
  const told = { kind, comparison, value: field.value, on: "yes" };
  if (kind === "tag") field.value = "";
  trigger("mark", told);
});
element.addEventListener("change", (event) => {
  const { select, choose } = event.target.dataset;
  if (select) {
    if (event.target.checked) selected.add(select);
    else selected.delete(select);
    tellSelected();
  }
  if ("all" in event.target.dataset) {
    for (const box of all("[data-select]")) {
      box.checked = event.target.checked;
      if (box.checked) selected.add(box.dataset.select);
      else selected.delete(box.dataset.select);
    }
    tellSelected();
  }
  if ("plain" in event.target.dataset) isPlain = event.target.checked;
  if (choose) {
    const runs = all("[data-choose]").map((each) => each.value);
    trigger("choose", { runs });
  }
});

function tellSelected() {
  const words = find("[data-text]");
  if (!words) return;
  words.textContent = selected.size ? words.dataset.text.replace("{count}", String(selected.size)) : "";
  find("[data-act=zip]").disabled = selected.size === 0;
  const boxes = all("[data-select]");
  find("[data-all]").checked = boxes.length > 0 && boxes.every((box) => box.checked);
}

// ---- after each drawing ----------------------------------------------------------------------

function drawn() {
  for (const box of all("[data-select]")) box.checked = selected.has(box.dataset.select);
  tellSelected();
  for (const each of all("[data-plain]")) each.checked = isPlain;
  for (const each of all("[data-link]")) {
    const address = new URL(location.pathname, location.origin);
    address.searchParams.set("comparison", each.dataset.link);
    each.dataset.copy = address.href;
  }
  restore();
  announce(find("[data-news] p, p[data-news]")?.textContent ?? "");
  window.redrawing.fetchReady(element);
}

watch("value", drawn);
drawn();

// The fields kept in step with `props.value`; options from the log become text, never markup.
const fields = Array.from(element.querySelectorAll("[name]"));
const clear = element.querySelector("[data-clear-all]");
const panel = element.querySelector(".pg-filters-more");
const group = element.querySelector("[data-origins]");
const origins = Array.from(element.querySelectorAll("[data-origin-choice]"));
const first = { ...props.value };

function tell(changes = {}) {
  const value = { ...props.value };
  for (const field of fields) value[field.name] = field.value;
  Object.assign(value, changes);
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
  const shown = value.origin || props.shown;
  for (const each of origins) {
    each.setAttribute("aria-pressed", String(each.dataset.originChoice === shown));
  }
  clear.hidden = fields.every((field) => (value[field.name] ?? "") === first[field.name]);
}

function offer() {
  const there = props.choices.origin ?? [];
  group.hidden = there.length < 2;
  // Nothing was run, so there is nothing to choose from.
  panel.hidden = there.length === 0;
  for (const field of fields) {
    const options = props.choices[field.name];
    if (!options) continue;
    const known = JSON.stringify(options);
    const chosen = props.value[field.name];
    if (field.dataset.known !== known) {
      field.dataset.known = known;
      const made = options.map(([value, name]) => {
        const option = document.createElement("option");
        option.value = value;
        option.textContent = name;
        return option;
      });
      field.replaceChildren(field.options[0], ...made);
      field.value = chosen;
      // Something that has left the log is not asked for any more.
      if (field.value !== chosen) tell({ [field.name]: "" });
    }
    // One setting alone is no choice.
    const least = field.name === "resolution" || field.name === "size" ? 2 : 1;
    field.closest("label").hidden = options.length < least && !chosen;
  }
  show();
}

element.addEventListener("change", () => tell());
element.addEventListener("click", (event) => {
  const origin = event.target.closest("[data-origin-choice]");
  if (origin) tell({ origin: origin.dataset.originChoice });
  if (event.target.closest("[data-clear-all]")) {
    for (const field of fields) field.value = first[field.name];
    tell();
    fields[0].focus();
  }
});
watch("value", show);
watch("choices", offer);
watch("shown", show);
offer();

// The form of a plan kept in step with `props.value`. What people wrote is only ever a field's
// value or text, never markup. Nothing here spends: Enter makes lines, or does nothing.
const TYPING_MS = 300;
const BOXES = ["name", "prompts", "template", "lists", "budget", "price"];
const LISTS = ["models", "ratios", "resolutions"];
const find = (selector) => element.querySelector(selector);
const all = (selector) => Array.from(element.querySelectorAll(selector));
const problem = find("[data-problem]");
const sets = find(".pg-plan-sets");
let typing = null;

const box = (name) => find(`[name="${name}"]`);
const checked = (name) => all(`[name="${name}"]:checked`).map((each) => each.value);

function read() {
  const value = { ...props.value };
  for (const name of BOXES) value[name] = box(name).value;
  for (const name of LISTS) value[name] = checked(name);
  value.repeats = Number(checked("plan_repeats")[0]);
  value.bare = box("bare").checked;
  return value;
}

function tell(changes = {}) {
  clearTimeout(typing);
  typing = null;
  const value = { ...read(), ...changes };
  if (JSON.stringify(value) !== JSON.stringify(props.value)) props.value = value;
  show();
}

// ---- showing ---------------------------------------------------------------------------------

function show() {
  const value = props.value;
  for (const name of BOXES) {
    const field = box(name);
    // Not while somebody is typing into it.
    if (typing === null && document.activeElement !== field && field.value !== value[name]) {
      field.value = value[name];
    }
  }
  for (const name of LISTS) {
    for (const input of all(`[name="${name}"]`)) input.checked = value[name].includes(input.value);
  }
  for (const input of all("[name=plan_repeats]")) input.checked = Number(input.value) === value.repeats;
  box("bare").checked = value.bare;
  for (const name of ["file", "plan"]) find(`[data-drop="${name}"]`).hidden = !value[name];
  find("[data-chosen=file]").textContent = value.file?.name ?? "";
  box("prompts").disabled = Boolean(value.file);
  find("[data-fixed]").disabled = Boolean(value.plan);
  const told = find("[data-plan-open]");
  told.hidden = !value.plan;
  told.textContent = value.plan ? props.texts.plan_open.replace("{name}", value.plan.name) : "";
  find("[data-field=price]").hidden = !props.price && !value.price;
  showSets(value.sets);
}

function showSets(kept) {
  const made = kept.map((items, place) => {
    const line = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = props.texts.set.replace("{number}", String(place + 1));
    const pictures = items.map((item) => {
      const image = document.createElement(item.thumb ? "img" : "span");
      if (item.thumb) Object.assign(image, { src: item.thumb, alt: item.name });
      else image.textContent = item.name;
      return image;
    });
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "pg-link", textContent: props.texts.remove });
    remove.addEventListener("click", () => tell({ sets: kept.filter((_, each) => each !== place) }));
    line.append(name, ...pictures, remove);
    return line;
  });
  sets.replaceChildren(...made);
  find("[data-bare]").hidden = kept.length === 0 && !props.referenced;
}

// ---- what is done ----------------------------------------------------------------------------

element.addEventListener("input", (event) => {
  if (!BOXES.includes(event.target.name)) return;
  clearTimeout(typing);
  typing = setTimeout(tell, TYPING_MS);
});
element.addEventListener("change", (event) => {
  if (event.target.name) tell();
});
// Whoever goes on to a button has done typing.
element.addEventListener("focusout", () => {
  if (typing !== null) tell();
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.tagName === "INPUT") event.preventDefault();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const { pick, drop, act } = button.dataset;
  if (pick) find(`[data-input="${pick}"]`).click();
  if (drop) {
    tell({ [drop]: null });
    find(`[data-pick="${drop}"]`).focus();
  }
  if (act === "plan_file") {
    tell();
    setTimeout(() => trigger("plan_file", {}));
  }
});

async function take(kind, file) {
  problem.textContent = "";
  try {
    const { path } = await upload(file);
    tell({ [kind]: { path, name: file.name } });
  } catch {
    problem.textContent = props.texts.upload_failed.replace("{name}", file.name);
  }
}

for (const input of all("[data-input]")) {
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = "";
    if (file) take(input.dataset.input, file);
  });
}
const prompts = box("prompts");
prompts.addEventListener("drop", (event) => {
  const [file] = event.dataTransfer?.files ?? [];
  if (!file) return;
  event.preventDefault();
  event.stopPropagation();
  take("file", file);
});

// ---- from a problem to its place -------------------------------------------------------------

document.addEventListener("pg-goto", (event) => {
  const { source, line, column } = event.detail;
  const field = box({ values: "lists" }[source] ?? source);
  if (!field) return;
  const more = field.closest("details");
  if (more) more.open = true;
  field.focus();
  if (!line || field.tagName !== "TEXTAREA") return;
  const lines = field.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const end = start + (lines[line - 1]?.length ?? 0);
  field.setSelectionRange(Math.min(start + Math.max(0, (column || 1) - 1), end), end);
});

for (const each of all("[data-words]")) each.textContent = props.texts[each.dataset.words];
for (const each of all("[data-hint]")) each.placeholder = props.texts[each.dataset.hint];
watch("value", show);
watch("price", show);
watch("referenced", show);
show();

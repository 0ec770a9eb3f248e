// The parts of the Experiment screen pass on what is pressed; focus outlives each new drawing.
const STEPS = ["pause", "resume", "stop", "retry"];
const ACTS = ["open", "back", "export", "judge", "pick"];
let focusKey = null;
let isOpen = {};

const find = (selector) => element.querySelector(selector);
const all = (selector) => Array.from(element.querySelectorAll(selector));

function filters(changed) {
  const told = { tag: "" };
  for (const field of all("[name]")) {
    told[field.name] = field.type === "checkbox" ? field.checked : field.value;
  }
  return { ...told, changed };
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const { act, goto: source, line, column } = button.dataset;
  if ("dismiss" in button.dataset) button.closest(".pg-notice").replaceChildren();
  if (source) {
    const detail = { source, line: Number(line), column: Number(column) };
    document.dispatchEvent(new CustomEvent("pg-goto", { detail }));
  }
  if (STEPS.includes(act)) trigger("steer", { act });
  else if (act === "page") trigger("ask", { page: button.dataset.page });
  else if (act === "names") trigger("ask", { names: "yes" });
  else if (ACTS.includes(act)) trigger(act, { ...button.dataset });
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  const { form } = event.target.dataset;
  if (form) trigger("steer", { act: form, value: event.target.elements.budget.value });
});
element.addEventListener("change", (event) => {
  if (event.target.closest(".pg-grid-filters")) trigger("ask", filters(event.target.name));
});

// ---- what is new, for those who listen -------------------------------------------------------

let said = "";

/** In a place of its own that is never drawn anew: only changes inside a region are announced. */
function announce() {
  const news = find("[data-news] p, p[data-news], .pg-experiment-title .pg-standing")?.textContent ?? "";
  const screen = document.querySelector("#experiment");
  if (news === said || !screen) return;
  said = news;
  let region = screen.querySelector(":scope > [role=status]");
  if (!region) {
    region = document.createElement("p");
    region.className = "pg-hidden";
    region.setAttribute("role", "status");
    screen.append(region);
  }
  if (news) region.textContent = news;
}

// ---- after each drawing ----------------------------------------------------------------------

element.addEventListener("focusin", (event) => {
  focusKey = event.target.closest("[data-key]")?.dataset.key ?? null;
});
element.addEventListener("focusout", (event) => {
  // What is drawn anew loses the focus and is gone; what is left by somebody is still there.
  const { target, relatedTarget } = event;
  if (element.contains(relatedTarget)) return;
  setTimeout(() => {
    if (target.isConnected && document.activeElement !== target) focusKey = null;
  });
});
element.addEventListener(
  "toggle",
  (event) => {
    if (event.target.dataset.keep) isOpen = { ...isOpen, [event.target.dataset.keep]: event.target.open };
  },
  true,
);

let picked = 0;

function drawn() {
  const nowPicked = all('[aria-pressed="true"]').length;
  if (nowPicked === 2 && picked === 1) {
    // Two frames later the stage, which was not there, has been laid out.
    const look = () => document.querySelector("#experiment-stage").scrollIntoView({ block: "start" });
    requestAnimationFrame(() => requestAnimationFrame(look));
  }
  picked = nowPicked;
  for (const each of all("[data-keep]")) each.open = isOpen[each.dataset.keep] ?? false;
  const isLost = document.activeElement === document.body || document.activeElement === null;
  if (focusKey !== null && isLost) {
    const again = all("[data-key]").find((each) => each.dataset.key === focusKey);
    again?.focus({ preventScroll: true });
  }
  announce();
  const ready = find("[data-ready]");
  if (ready && !ready.dataset.fetched) {
    ready.dataset.fetched = "yes";
    ready.click();
  }
}

// What scrolls by itself can be reached by keyboard.
const scroller = element.closest("#experiment-grid");
if (scroller) {
  scroller.tabIndex = 0;
  scroller.setAttribute("role", "region");
  scroller.setAttribute("aria-label", props.region);
}

watch("value", drawn);
drawn();

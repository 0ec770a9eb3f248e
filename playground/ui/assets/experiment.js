// The parts of the Experiment screen pass on what is pressed; focus outlives each new drawing.
const STEPS = ["pause", "resume", "stop", "retry"];
const ACTS = ["open", "back", "export", "judge", "pick", "close"];
const restore = window.redrawing.outlive(element);
const announce = window.redrawing.announcer("#experiment");

const find = (selector) => element.querySelector(selector);
const all = (selector) => Array.from(element.querySelectorAll(selector));

function filters(changed) {
  const told = { tag: "" };
  for (const field of all("[name]")) {
    told[field.name] = field.type === "checkbox" ? field.checked : field.value;
  }
  return { ...told, changed };
}

// The results narrowed to one experiment; their list of experiments comes with their first drawing.
async function weigh(id) {
  const RESULTS = "results";
  for (let tries = 0; tries < 100; tries += 1) {
    const field = document.querySelector("#weighed [name=experiment]");
    if (field && Array.from(field.options).some((option) => option.value === id)) {
      field.value = id;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      break;
    }
    window.playground.showTab(RESULTS);
    await new Promise((done) => setTimeout(done, 100));
  }
  window.playground.showTab(RESULTS);
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
  // The button goes with the stage; what stood on it last has the focus then.
  if (act === "close") document.querySelector('#experiment-grid [aria-pressed="true"]')?.focus();
  if (act === "weigh") weigh(button.dataset.experiment);
  else if (STEPS.includes(act)) trigger("steer", { act });
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
  if (event.target.closest(".pg-grid-tools")) trigger("ask", filters(event.target.name));
});

// ---- after each drawing ----------------------------------------------------------------------

let picked = 0;

function drawn() {
  const nowPicked = all('[aria-pressed="true"]').length;
  if (nowPicked === 2 && picked === 1) {
    // Two frames later the stage, which was not there, has been laid out.
    const look = () => document.querySelector("#experiment-pair").scrollIntoView({ block: "start" });
    requestAnimationFrame(() => requestAnimationFrame(look));
  }
  picked = nowPicked;
  restore();
  announce(find("[data-news] p, p[data-news], .pg-experiment-title .pg-standing")?.textContent ?? "");
  window.redrawing.fetchReady(element);
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

// Passes on what is pressed. Focus and what was opened outlive each new drawing.
const ACTS = ["show", "measure"];
let isOpen = {};
let focusKey = null;

const all = (selector) => Array.from(element.querySelectorAll(selector));

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  if (button.dataset.tab) window.playground.showTab(button.dataset.tab);
  const { act } = button.dataset;
  if (!ACTS.includes(act)) return;
  if (act === "measure") {
    button.disabled = true; // until what was measured is drawn
    button.setAttribute("aria-busy", "true");
  }
  trigger(act, { ...button.dataset });
});
element.addEventListener("focusin", (event) => (focusKey = event.target.dataset.key ?? null));
element.addEventListener("focusout", (event) => {
  const { target, relatedTarget } = event;
  if (element.contains(relatedTarget)) return;
  setTimeout(() => {
    if (target.isConnected && !target.disabled && document.activeElement !== target) focusKey = null;
  });
});
element.addEventListener(
  "toggle",
  (event) => {
    if (event.target.dataset.keep) isOpen = { ...isOpen, [event.target.dataset.keep]: event.target.open };
  },
  true,
);

function drawn() {
  for (const each of all("[data-keep]")) {
    each.open = isOpen[each.dataset.keep] ?? each.dataset.keep === "pixels";
  }
  const isLost = document.activeElement === document.body || document.activeElement === null;
  if (focusKey !== null && isLost) {
    all("[data-key]").find((each) => each.dataset.key === focusKey)?.focus({ preventScroll: true });
  }
  const said = element.querySelector("[data-said]")?.dataset.said;
  const region = document.querySelector("#weighed-said");
  if (said && region && region.textContent !== said) region.textContent = said;
}

watch("value", drawn);
drawn();

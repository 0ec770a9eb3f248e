// Passes on what is pressed. Focus and what was opened outlive each new drawing.
const ACTS = ["show", "measure"];
const restore = window.redrawing.outlive(element, ["pixels"]);

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
function drawn() {
  restore();
  const said = element.querySelector("[data-said]")?.dataset.said;
  const region = document.querySelector("#weighed-said");
  if (said && region && region.textContent !== said) region.textContent = said;
}

watch("value", drawn);
drawn();

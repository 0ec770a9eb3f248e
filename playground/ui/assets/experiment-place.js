// Which is shown: the plan and the list, or one experiment; in the address too, so that a reload
// finds it again.
const turnTo = window.redrawing.turner("experiment");

function show() {
  const place = element.querySelector("[data-shown]");
  if (!place || !document.querySelector("#experiment")) return;
  const id = place.dataset.shown;
  window.playground.setExperiment(id);
  turnTo(id);
}

document.addEventListener("pg-experiment", (event) => {
  trigger("open", { experiment: event.detail });
});
watch("value", show);
show();

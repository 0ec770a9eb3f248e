// Which is shown: the plan and the list, or one experiment; in the address too, so that a reload
// finds it again.
let scrolled = 0;
let opener = null;

function show() {
  const place = element.querySelector("[data-shown]");
  const screen = document.querySelector("#experiment");
  if (!place || !screen) return;
  const id = place.dataset.shown;
  window.playground.setExperiment(id);
  const before = screen.dataset.shown ?? "";
  if (screen.dataset.shown === id) return;
  if (!before && id) {
    opener = document.activeElement?.dataset?.key ?? `open ${id}`;
    scrolled = scrollY;
  }
  screen.dataset.shown = id;
  if (id) {
    scrollTo({ top: 0 });
    document.querySelector("#experiment-head [data-heading]")?.focus({ preventScroll: true });
  } else if (before) {
    scrollTo({ top: scrolled });
    const items = Array.from(document.querySelectorAll("#experiment-list [data-key]"));
    items.find((each) => each.dataset.key === opener)?.focus({ preventScroll: true });
  }
}

document.addEventListener("pg-experiment", (event) => {
  trigger("open", { experiment: event.detail });
});
watch("value", show);
show();

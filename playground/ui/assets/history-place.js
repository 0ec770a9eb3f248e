// Which of the two is shown: the list, or one comparison; and where the focus goes between them.
const WIDE = "#history";
let opener = null;
let scrolled = 0;

function show() {
  const id = element.querySelector("[data-shown]")?.dataset.shown ?? "";
  const screen = document.querySelector(WIDE);
  if (!screen || screen.dataset.shown === id) return;
  const before = screen.dataset.shown ?? "";
  if (!before && id) {
    opener = document.activeElement?.dataset?.key ?? `open ${id}`;
    scrolled = scrollY;
  }
  screen.dataset.shown = id;
  if (id) {
    scrollTo({ top: 0 });
    document.querySelector("#history-head [data-heading]")?.focus({ preventScroll: true });
  } else if (before) {
    scrollTo({ top: scrolled });
    const items = Array.from(document.querySelectorAll("#history-list [data-key]"));
    items.find((each) => each.dataset.key === opener)?.focus({ preventScroll: true });
  }
}

watch("value", show);
show();

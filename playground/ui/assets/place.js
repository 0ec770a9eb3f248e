// The address names what is shown, so that a reload or another tab finds it again.
const NARROW = "(max-width: 900px)";
let isFirst = true;

watch("value", () => {
  const place = element.querySelector("[data-comparison]");
  if (!place) return;
  const id = place.dataset.comparison;
  window.playground.setComparison(id);
  // On a phone the pictures lie below the form: somebody who pressed Run wants to see them.
  if (!isFirst && id && matchMedia(NARROW).matches) {
    document.querySelector("#results").scrollIntoView({ block: "start" });
  }
  isFirst = false;
});

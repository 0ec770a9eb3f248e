// Which of the two is shown: the list, or one comparison.
const turnTo = window.redrawing.turner("history");

function show() {
  turnTo(element.querySelector("[data-shown]")?.dataset.shown ?? "");
}

watch("value", show);
show();

// The question takes the focus, so that a keyboard finds it; Escape answers no.
element.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]")?.dataset.action;
  if (action === "confirm") trigger("confirm", {});
  if (action === "leave") trigger("leave", {});
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && element.querySelector(".pg-confirm")) trigger("leave", {});
});
watch("value", () => {
  const question = element.querySelector(".pg-confirm");
  if (!question) return;
  question.scrollIntoView({ block: "nearest" });
  question.focus({ preventScroll: true });
});

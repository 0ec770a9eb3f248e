// Buttons in HTML from the server name a step; it is passed on with what the button knows.
const STEPS = ["retry", "look_again", "confirm", "leave", "open", "choose", "again", "speak"];
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  const experiment = event.target.closest("[data-experiment]")?.dataset.experiment;
  if (experiment) window.playground.showExperiment(experiment);
  if (!button || button.disabled || !STEPS.includes(button.dataset.action)) return;
  trigger(button.dataset.action, { ...button.dataset });
});

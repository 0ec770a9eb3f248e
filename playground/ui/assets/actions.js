// Buttons in HTML from the server name a step; it is passed on with what the button knows.
const STEPS = ["retry", "look_again", "confirm", "leave", "open", "choose", "again", "everything", "speak"];
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  const experiment = event.target.closest("[data-experiment]")?.dataset.experiment;
  if (experiment) window.playground.showExperiment(experiment);
  const tab = event.target.closest("[data-tab]")?.dataset.tab;
  if (tab) window.playground.showTab(tab);
  if (!button || button.disabled || !STEPS.includes(button.dataset.action)) return;
  trigger(button.dataset.action, { ...button.dataset });
});

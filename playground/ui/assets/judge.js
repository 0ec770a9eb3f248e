// What is judged and how far it got. Everything shown comes from `props.value`, as text.
const scope = element.querySelector("select");
const checks = element.querySelector("input");
const counts = element.querySelector(".pg-judge-counts");
const bar = element.querySelector("progress");

function words(name, count) {
  return props.texts[name].replace("{count}", String(count));
}

function show() {
  const value = props.value;
  if (!value?.scopes) return;
  const spelled = JSON.stringify(value.scopes);
  if (scope.dataset.scopes !== spelled) {
    scope.dataset.scopes = spelled; // not otherwise: it would close under somebody's hand
    scope.replaceChildren(
      ...value.scopes.map(([name, label]) => {
        const option = document.createElement("option");
        option.value = name;
        option.textContent = label;
        return option;
      }),
    );
  }
  scope.value = value.what;
  checks.checked = value.checks;
  const told = [words("judged", value.judged)];
  if (value.skipped) told.push(words("skipped", value.skipped));
  told.push(words("left", value.left));
  const text = told.join(" · ");
  if (counts.textContent !== text) counts.textContent = text;
  bar.max = Math.max(1, value.judged + value.left);
  bar.value = value.judged;
}

element.addEventListener("change", () => {
  trigger("choose", { what: scope.value, checks: checks.checked });
});
watch("value", show);
show();

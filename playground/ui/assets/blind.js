// The switch kept in step with `props.value`.
const box = element.querySelector("input");

function show() {
  box.checked = props.value?.isBlind === true;
}

box.addEventListener("change", () => {
  props.value = { isBlind: box.checked };
});
watch("value", show);
show();

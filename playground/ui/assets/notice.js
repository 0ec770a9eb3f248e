// What went wrong is brought into view, and the field that caused it gets the focus.
watch("value", () => {
  const notice = element.querySelector(".pg-notice");
  if (!notice?.textContent) return;
  notice.scrollIntoView({ block: "nearest" });
  if (notice.dataset.focus === "prompt") document.querySelector("#prompt textarea")?.focus();
});

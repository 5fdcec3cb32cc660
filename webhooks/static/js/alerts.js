// One key acknowledges the newest alert, on every page of a manager's.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const button = document.querySelector(`#alerts [data-key="${CSS.escape(event.key)}"]`);
  if (button === null) return;
  event.preventDefault(); // F10 would open the browser's menu
  button.click();
});

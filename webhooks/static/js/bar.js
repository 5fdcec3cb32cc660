// The keys of the bar: F2 and F4 are its buttons, wherever the focus is. A key only presses what can be seen and pressed.

function pressed(key) {
  const buttons = document.querySelectorAll(`#bar-state [data-key='${key}'], #banner [data-key='${key}']`);
  return [...buttons].find((button) => !button.disabled && button.offsetParent !== null);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat) return;
  if (event.key === "Escape") return closeMenu(true);
  if (event.key !== "F2" && event.key !== "F4") return;
  const button = pressed(event.key);
  if (!button) return;
  event.preventDefault();
  button.click();
  if (button.tagName === "SUMMARY" && button.parentElement.open) {
    button.parentElement.querySelector("button")?.focus();
  }
});

function closeMenu(giveFocusBack) {
  for (const menu of document.querySelectorAll("#bar-state details[open]")) {
    menu.open = false;
    if (giveFocusBack) menu.querySelector("summary").focus();
  }
}

// News that change nothing of his state do not shut the menu he has just opened; what they say is fetched when it is shut.
let stale = false;
const menuOpen = () => document.querySelector("#bar-state details[open]") !== null;
const stateIn = (html) => /state-[a-z_]+/.exec(html)?.[0];

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target?.id !== "bar-state" || detail.requestConfig?.verb !== "get" || !menuOpen()) return;
  if (stateIn(detail.serverResponse) !== stateIn(detail.target.innerHTML)) return;
  detail.shouldSwap = false;
  stale = true;
});

document.addEventListener("toggle", () => {
  if (!stale || menuOpen()) return;
  stale = false;
  htmx.ajax("GET", "/desk/bar", "#bar-state");
}, true);

document.addEventListener("click", (event) => {
  if (!event.target.closest("#bar-state details")) closeMenu(false);
});

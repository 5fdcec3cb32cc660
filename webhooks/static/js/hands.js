// A key or a click says that the person is there, at most once in two minutes; what the page does by itself does not.
const EVERY_MS = 120_000;
let told = Date.now();

function here() {
  if (Date.now() - told < EVERY_MS) return;
  told = Date.now();
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  fetch("/here", { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => {});
}

for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, here, { passive: true, capture: true });

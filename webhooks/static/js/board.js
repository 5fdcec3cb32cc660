// The board tells how old it is, whatever the server does: seconds tick here, and without anything fresh for
// data-stale-after seconds the whole of it is hatched and says so in a word.
const board = document.getElementById("board");
const now = document.getElementById("board-now");
const word = document.getElementById("stale");

let since = Date.now(); // when what is shown came, less how old it was then

function came() {
  const shown = now.querySelector(".board-now");
  since = Date.now() - 1000 * Number(shown?.dataset.age ?? 0);
  for (const ticking of now.querySelectorAll("[data-seconds]")) {
    ticking.began = Date.now() - 1000 * Number(ticking.dataset.seconds);
  }
}

function span(milliseconds) {
  const whole = Math.max(Math.floor(milliseconds / 1000), 0);
  const pad = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const rest = `${pad(whole % 60)}`;
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${rest}`;
}

function tick() {
  const stale = Date.now() - since > 1000 * Number(board.dataset.staleAfter);
  if (stale !== board.classList.contains("is-stale")) {
    board.classList.toggle("is-stale", stale);
    word.textContent = stale ? word.dataset.said : "";
  }
  if (stale) return; // what may be wrong does not go on counting
  for (const ticking of now.querySelectorAll("[data-seconds]")) {
    const text = span(Date.now() - ticking.began);
    if (ticking.textContent !== text) ticking.textContent = text;
  }
}

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === now) came();
  tick();
});
// A key that was revoked, a session that is over: the page itself says so.
document.body.addEventListener("htmx:responseError", (event) => {
  if ([401, 403].includes(event.detail.xhr.status)) window.location.reload();
});
came();
setInterval(tick, 500);

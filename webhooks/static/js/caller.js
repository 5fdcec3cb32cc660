// The pop: said aloud once for each ring, the title and the icon call while it rings, times tick by the server's clock.
// What is shown is the server's own; here nothing is computed but seconds. Focus stays where the agent has it.
const column = document.getElementById("caller");
const aloud = document.getElementById("caller-aloud");
const words = document.getElementById("caller-words").dataset;
const soundButton = document.getElementById("caller-sound");
const icon = document.querySelector('link[rel="icon"]');
const quietIcon = icon.href;
const TAB = Math.random().toString(36).slice(2);
const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* a browser that keeps nothing */ } };
let quietTitle = document.title, offset = 0, said = null, alarmed = null, sound = null, tone = null;
try { said = sessionStorage.getItem("caller.said"); } catch { /* likewise */ }

const card = () => column.querySelector(".caller");
const now = () => Date.now() + offset;
const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

// ---- the pop

function drawn() {
  const shown = card();
  if (!shown) return;
  offset = Number(shown.dataset.now) - Date.now();
  const pop = shown.dataset.pop;
  if (pop && pop !== said) {
    said = pop;
    try { sessionStorage.setItem("caller.said", pop); } catch { /* likewise */ }
    aloud.textContent = shown.dataset.aloud;
    document.body.dispatchEvent(new CustomEvent("caller:pop", {detail: {pop}}));
  }
  if (!pop) aloud.textContent = "";
  icon.href = pop ? words.icon : quietIcon;
  ears();
  tick();
}

function tick() {
  const shown = card();
  if (!shown) return;
  const rings = shown.dataset.rings.split("|"), cycle = Number(shown.dataset.cycle) * 1000;
  for (const ring of shown.querySelectorAll("[data-ring-since]")) {
    const number = Math.floor(Math.max(0, now() - Number(ring.dataset.ringSince)) / cycle);
    const word = rings[Math.min(number, rings.length - 1)];
    if (ring.textContent !== word) ring.textContent = word;
    ring.classList.toggle("late", number >= rings.length - 1);
  }
  for (const time of shown.querySelectorAll("[data-caller-since]")) time.textContent = minutes(Math.max(0, now() - Number(time.dataset.callerSince)) / 1000);
  for (const time of shown.querySelectorAll("[data-caller-until]")) time.textContent = minutes(Math.max(0, Number(time.dataset.callerUntil) - now()) / 1000);
  hold(shown);
  const pop = shown.dataset.pop;
  document.title = pop && Math.floor(Date.now() / 1000) % 2 ? `☎ ${words.calls} ${shown.dataset.name}` : quietTitle;
  ring(Boolean(pop) && isDesk());
}

// ---- on hold: who waits, since when. The switch's own stamp begins it; a phone or a button tells of every change.

const pair = () => column.querySelector("[data-pair]");
const heldKey = (shown) => `caller.held.${shown.dataset.pair}`;

function held(shown) {
  const stored = kept(heldKey(shown));
  if (stored) return JSON.parse(stored);
  return "single" in shown.dataset ? {ear: "talking", since: 0} : {ear: "second", since: Number(shown.dataset.heldSince)};
}

function ears() {
  const shown = pair();
  if (!shown) return;
  const {ear} = held(shown);
  for (const part of shown.querySelectorAll("[data-ear]")) part.hidden = part.dataset.ear !== ear;
  if ("single" in shown.dataset) shown.querySelector("[data-return]").setAttribute("aria-pressed", String(ear === "held"));
  for (const each of column.querySelectorAll("[data-card]")) {
    if ("single" in shown.dataset) continue;
    const waits = each.dataset.which !== ear;
    each.dataset.waits = String(waits);
    each.querySelector("[data-waits-word]").hidden = !waits;
  }
}

function hold(shown) {
  const place = shown.querySelector("[data-hold]");
  if (!place) return;
  const {since, ear} = held(pair());
  if (!since || ear === "talking") { place.textContent = ""; return; }
  const seconds = Math.max(0, (now() - since) / 1000), most = Number(shown.dataset.alarmSeconds);
  place.textContent = minutes(seconds);
  place.classList.toggle("alarm", seconds >= most);
  const mark = `${heldKey(pair())}.${since}`;
  if (seconds >= most && alarmed !== mark) {
    alarmed = mark;
    aloud.textContent = words.heldLong.replace("{seconds}", String(Math.round(most)));
    if (isDesk()) beep();
  }
}

function turn(ear) {
  const shown = pair();
  if (!shown) return;
  keep(heldKey(shown), JSON.stringify({ear, since: ear === "talking" ? 0 : now()}));
  ears();
  tick();
}

function back() {
  const shown = pair();
  if (!shown) return;
  const {ear} = held(shown);
  const next = "single" in shown.dataset ? (ear === "held" ? "talking" : "held") : (ear === "second" ? "first" : "second");
  turn(next);
  const to = column.querySelector(`[data-which="${next === "second" ? "second" : "first"}"]`);
  document.body.dispatchEvent(new CustomEvent("caller:return", {detail: {ref: to?.dataset.ref ?? null, held: next === "held"}}));
}

// The phone says whom it holds by the call's reference, where it knows it.
for (const kind of ["held", "resumed"]) document.body.addEventListener(`phone:${kind}`, ({detail}) => {
  const shown = pair();
  if (!shown) return;
  if ("single" in shown.dataset) { if (held(shown).ear !== (kind === "held" ? "held" : "talking")) turn(kind === "held" ? "held" : "talking"); return; }
  const which = column.querySelector(`[data-ref="${CSS.escape(detail?.ref ?? "")}"]`)?.dataset.which;
  if (!which) return;
  const ear = (kind === "held") === (which === "first") ? "second" : "first";
  if (held(shown).ear !== ear) turn(ear);
});

// ---- sound: only after a click has allowed it, only in the tab used last, one on and four off like a telephone

const isDesk = () => !kept("caller.desk-tab") || kept("caller.desk-tab") === TAB;
const mine = () => { if (document.hasFocus()) keep("caller.desk-tab", TAB); };
const wanted = () => kept("caller.sound") === "on";

function allow() {
  if (wanted() && !sound) { try { sound = new AudioContext(); } catch { sound = null; } }
  soundButton.setAttribute("aria-pressed", String(wanted()));
}

function ring(on) {
  if (!on || !sound || !wanted()) { tone?.stop(); tone = null; return; }
  if (!tone) tone = tones(120, 5, 1);
}

const beep = () => { if (sound && wanted()) tones(1, 1, 0.3); };

function tones(seconds, every, length) {
  const source = sound.createOscillator(), volume = sound.createGain();
  source.frequency.value = 450;
  volume.gain.value = 0;
  for (let at = 0; at < seconds; at += every) {
    volume.gain.setValueAtTime(0.12, sound.currentTime + at);
    volume.gain.setValueAtTime(0, sound.currentTime + at + length);
  }
  source.connect(volume).connect(sound.destination);
  source.start();
  source.stop(sound.currentTime + seconds);
  return source;
}

soundButton.addEventListener("click", () => { keep("caller.sound", wanted() ? "off" : "on"); allow(); tick(); });
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, allow, {once: true, capture: true});

// ---- keys and changes

document.addEventListener("click", ({target}) => { if (target.closest?.("#caller [data-return]")) back(); });
document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const digit = event.code.replace(/^(Digit|Numpad)/, "");
  const button = digit === "0" ? column.querySelector("[data-return]") : /^[123]$/.test(digit) && column.querySelector(`[data-guess="${digit}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
document.body.addEventListener("htmx:afterSwap", ({detail}) => { if (detail.target === column) drawn(); });
addEventListener("storage", ({key}) => { if (key?.startsWith("caller.")) { allow(); ears(); tick(); } });
addEventListener("focus", mine);
addEventListener("pageshow", mine);
soundButton.setAttribute("aria-pressed", String(wanted()));
mine();
drawn();
setInterval(tick, 250);

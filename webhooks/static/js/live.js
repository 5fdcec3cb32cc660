// The server's news become events of this page's body, `live:KIND`; after every new connection `live:snapshot`.
// The words of the bar that only count are set here, and its clocks tick by the server's time.
import { Connection } from "./live_connection.js";

const WORKER_ANSWERS_MS = 10_000;
let offset = 0; // the server's clock minus ours
let port = null;
let connection = null;

function receive({ type, data }) {
  if (type === "here") {
    connection?.stop(); // the worker was only slow: of one browser one connection
    connection = null;
    return;
  }
  if (data && data.now) offset = data.now - Date.now();
  if (type === "connection") return showConnection(data);
  if (type === "signed_out") return location.reload();
  if (type === "snapshot") showCounters(data.counters);
  if (type === "counters") showCounters(data);
  const kind = type === "missed" ? "snapshot" : type; // to ask for everything anew is all there is to do
  document.body.dispatchEvent(new CustomEvent(`live:${kind}`, { detail: data }));
}

function showConnection(state) {
  document.body.dataset.connection = state;
  for (const dot of document.querySelectorAll("[data-live='connection']")) {
    dot.dataset.state = state;
    const words = dot.getAttribute(`data-words-${state}`);
    if (dot.lastElementChild.textContent !== words) dot.lastElementChild.textContent = words;
  }
}

let counted = null;
function showCounters(counters) {
  counted = counters;
  for (const name of ["waiting", "callbacks_due", "callbacks_overdue"]) {
    for (const place of document.querySelectorAll(`[data-live='${name}']`)) {
      place.textContent = counters[name];
      place.closest("[data-some]").dataset.some = counters[name] > 0 ? "yes" : "no";
    }
  }
  for (const place of document.querySelectorAll("[data-live='longest']")) {
    if (counters.longest_since) place.dataset.since = counters.longest_since;
    else {
      delete place.dataset.since;
      place.textContent = place.dataset.none;
    }
  }
  tick();
}

function clock(seconds) {
  const whole = Math.max(Math.floor(seconds), 0);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return (hours ? `${hours}:` : "") + two(Math.floor((whole % 3600) / 60)) + ":" + two(whole % 60);
}

function tick() {
  const now = Date.now() + offset;
  for (const timer of document.querySelectorAll("[data-since],[data-until]")) {
    const { since, until } = timer.dataset;
    const words = until ? clock(Math.ceil((until - now) / 1000)) : clock((now - since) / 1000);
    if (timer.textContent !== words) timer.textContent = words;
    if (until) timer.dataset.near = until - now < 10_000 ? "yes" : "no";
  }
}

function wake() {
  if (document.visibilityState === "hidden") return;
  port?.postMessage("wake");
  connection?.wake();
}

function inThisPage() {
  connection ??= new Connection(receive);
}

function start() {
  if (!document.body.dataset.login) return;
  if (typeof SharedWorker === "undefined") return inThisPage();
  try {
    const name = `live ${document.body.dataset.login}`; // who signs in after him has another
    const worker = new SharedWorker(new URL("live_worker.js", import.meta.url), { name, type: "module" });
    const fallBack = setTimeout(inThisPage, WORKER_ANSWERS_MS);
    worker.onerror = () => {
      clearTimeout(fallBack);
      port = null;
      inThisPage();
    };
    port = worker.port;
    port.onmessage = ({ data }) => {
      clearTimeout(fallBack);
      receive(data);
    };
    port.start();
    port.postMessage("hello");
  } catch {
    inThisPage();
  }
}

addEventListener("pagehide", () => port?.postMessage("bye"));
addEventListener("pageshow", (event) => {
  if (event.persisted) port?.postMessage("hello");
  wake();
});
addEventListener("online", wake);
document.addEventListener("visibilitychange", wake);
document.addEventListener("htmx:afterSwap", () => {
  showConnection(document.body.dataset.connection || "connecting"); // a fragment that came anew knows nothing of it
  if (counted) showCounters(counted);
  tick();
});

// ---- what could not be fetched is asked for again: else a page shows a caller who is gone, or nobody where one rings

const AGAIN_MS = 500;
const AGAIN_LONGEST_MS = 5000;
const missing = new WeakMap(); // element: {tries, timer}

function again({ detail: { elt, requestConfig, xhr } }) {
  if (requestConfig?.verb !== "get" || !elt.matches("[hx-get][hx-trigger*='live:']")) return;
  if (xhr.status && xhr.status < 500) return; // an answer, if not the one that was wished for
  const { tries, timer } = missing.get(elt) ?? { tries: 0, timer: null };
  clearTimeout(timer);
  const ask = () => elt.isConnected && htmx.ajax("GET", elt.getAttribute("hx-get"), { source: elt });
  missing.set(elt, { tries: tries + 1, timer: setTimeout(ask, Math.min(AGAIN_MS * 2 ** tries, AGAIN_LONGEST_MS)) });
}

for (const failed of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(failed, again);
document.addEventListener("htmx:afterRequest", ({ detail: { elt, successful } }) => {
  if (!successful || !missing.has(elt)) return;
  clearTimeout(missing.get(elt).timer);
  missing.delete(elt);
});

setInterval(tick, 1000);
start();
tick();

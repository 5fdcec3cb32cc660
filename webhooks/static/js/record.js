// The record while somebody writes in it: saved every two seconds as a draft, never overwritten, never losing focus.
// Whatever the server says of it is drawn beside the form as long as he types; the form itself is his.
import { combobox } from "./combobox.js";

const EVERY_MS = 2000;
const root = () => document.getElementById("record-root");
const form = () => document.getElementById("record-form");
const column = () => document.getElementById("record");
let dirty = false;
let saving = null;
let stale = false;
let retry = null;
let again = false; // news came while a draft was on its way
let begun = null; // the form that is written in
let whole = null; // where his hands are while the form itself is fetched anew, after what he did beside it

function headers() {
  return JSON.parse(document.body.getAttribute("hx-headers"));
}

function say(text, alarm) {
  const place = document.getElementById("record-saved");
  if (!place) return;
  place.textContent = text;
  place.classList.toggle("alarm", Boolean(alarm));
}

// ---- drafts --------------------------------------------------------------------------------------------------------

function typed() {
  dirty = true;
  retry ??= setTimeout(tick, EVERY_MS);
}

function tick() {
  retry = null;
  if (dirty && !stale) save();
}

function body(takeOver) {
  const data = new URLSearchParams(new FormData(form()));
  data.set("version", root().dataset.version);
  if (takeOver) data.set("take_over", "1");
  return data;
}

function save(takeOver = false) {
  const mine = (saving ?? Promise.resolve()).then(() => send(takeOver));
  saving = mine;
  mine.finally(() => {
    if (saving !== mine) return;
    saving = null;
    if (again) refresh();
  });
  return mine;
}

async function send(takeOver) {
  if (!root() || !form() || form().querySelector("fieldset").disabled || !(dirty || takeOver)) return;
  const record = root();
  const data = body(takeOver);
  dirty = false;
  say(record.dataset.saving);
  try {
    const answer = await fetch(`/records/${record.dataset.record}/draft`, { method: "POST", headers: headers(), body: data });
    const told = await answer.json();
    if (record !== root()) return;
    if (answer.status === 409) return elsewhere();
    if (!answer.ok) return say(told.said, true);
    drawn(record, told);
  } catch {
    dirty = true;
    say(record.dataset.unsaved, true);
    retry ??= setTimeout(tick, EVERY_MS);
  }
}

function drawn(record, told) {
  const before = record.dataset.stamp.split(".");
  record.dataset.version = told.version;
  record.dataset.stamp = [before[0], told.version, ...before.slice(2)].join(".");
  stale = false;
  say(told.said);
  agreement(told.company);
  for (const place of record.querySelectorAll("[id^=hint-]")) {
    place.textContent = told.hints.filter((hint) => `hint-${hint.field}` === place.id).map((hint) => hint.said).join(" ");
  }
  unsayable(document.getElementById("q-solution"), told.unsayable);
  if (record.dataset.current !== (told.current ?? "")) {
    record.dataset.current = told.current ?? "";
    help();
  }
}

function agreement(company) {
  const place = document.getElementById("record-company");
  if (place) place.textContent = company ? company.agreement : "";
}

function help() {
  const place = document.getElementById("help");
  if (place?.getAttribute("hx-get")) htmx.ajax("GET", place.getAttribute("hx-get"), { target: "#help", source: place });
}

// ---- opened elsewhere ----------------------------------------------------------------------------------------------

function elsewhere() {
  dirty = true;
  stale = true;
  const words = root().dataset;
  const said = Object.assign(document.createElement("p"), { className: "said watch", textContent: `${words.elsewhere} ` });
  const here = Object.assign(document.createElement("button"), { type: "button", textContent: words.takeOver });
  here.dataset.takeOver = "";
  const there = Object.assign(document.createElement("a"), { href: `/records/${words.record}`, target: "_blank", textContent: words.look });
  said.append(here, " ", there);
  document.getElementById("record-notice").replaceChildren(said);
  say("");
}

async function takeOver() {
  stale = false;
  await save(true);
  if (!stale) document.getElementById("record-notice").replaceChildren();
}

function refresh() {
  again = false;
  const place = column();
  if (place) htmx.ajax("GET", place.getAttribute("hx-get"), { target: "#record", source: place });
}

// ---- news: the form of whoever types stays his ---------------------------------------------------------------------

function busy() {
  const place = document.activeElement;
  return dirty || saving !== null || stale || Boolean(column()?.contains(place) && place !== column()) || open() !== null;
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "record" || event.detail.verb !== "get" || !root()) return;
  if (saving) { // what is just being saved would look like another's work
    event.preventDefault();
    again = true;
    return;
  }
  if (whole !== null && !dirty) {
    event.detail.asksForWhole = true;
    return;
  }
  event.detail.parameters.have = root().dataset.stamp;
  if (busy()) event.detail.parameters.typing = "1";
});

document.addEventListener("htmx:beforeSwap", (event) => {
  // asked before he began to type, or before he saved, and answered after: his form stays, and is asked for again
  const asked = event.detail.requestConfig;
  if (asked?.elt?.id !== "record" || asked.verb !== "get" || !root() || event.detail.xhr.status === 204) return;
  const old = asked.parameters.have !== undefined && asked.parameters.have !== root().dataset.stamp;
  if (asked.asksForWhole && !dirty && !saving) return;
  if (!saving && !old && (asked.parameters.typing !== undefined || !busy())) return;
  event.detail.shouldSwap = false;
  if (asked.asksForWhole) whole = null;
  if (saving) again = true;
  else refresh();
});

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target?.contains(document.activeElement)) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "record") return;
  begin();
  if (!event.detail.requestConfig?.asksForWhole) return; // an answer that was on its way before: the form is still to come
  if (whole) document.getElementById(whole)?.focus();
  whole = null;
});

document.addEventListener("htmx:oobAfterSwap", (event) => {
  const stamp = document.getElementById("record-beside")?.dataset.stamp?.split(".");
  if (!root() || !stamp || event.detail.target?.id !== "record-beside") return;
  const version = root().dataset.version;
  root().dataset.stamp = [stamp[0], version, ...stamp.slice(2)].join(".");
  undoing();
});

// ---- endings -------------------------------------------------------------------------------------------------------

// whatever is typed is saved before anything is done with it
const chooses = (elt) => Boolean(elt.matches?.("[data-guess]"));
document.addEventListener("htmx:confirm", (event) => {
  const elt = event.detail.elt;
  if (!(column()?.contains(elt) || chooses(elt)) || event.detail.verb === "get" || !(dirty || saving)) return;
  event.preventDefault();
  save().then(() => {
    if (stale) return;
    if (elt.isConnected || !chooses(elt)) event.detail.issueRequest(true);
    else document.querySelector(`[data-guess][value="${CSS.escape(elt.value)}"]`)?.click(); // the card was drawn anew meanwhile
  });
});

// the company he chose on the caller's card is his own doing: the form takes it, and his hands stay where they were
// (a card drawn anew before the answer takes the button out of the page, and htmx tells nobody of it any more)
document.addEventListener("htmx:beforeSend", ({ detail: { elt, xhr } }) => {
  if (chooses(elt)) xhr.addEventListener("loadend", () => xhr.status === 200 && chosen());
});

function chosen() {
  if (!root() || dirty || saving || stale || open()) return;
  whole = column()?.contains(document.activeElement) ? document.activeElement.id : "";
  refresh();
}

const open = () => document.querySelector(".record-panel:not([hidden])");

function panel(name) {
  const chosen = document.getElementById(`panel-${name}`);
  if (!chosen) return;
  for (const other of document.querySelectorAll(".record-panel")) other.hidden = other !== chosen;
  const refused = document.getElementById("record-refused");
  refused.replaceChildren();
  chosen.append(refused); // what is refused is said where it was asked for, and covers nothing
  chosen.querySelector("input:not([disabled]), select:not([disabled]), textarea")?.focus();
}

function shut() {
  const shown = open();
  if (!shown) return false;
  shown.hidden = true;
  const refused = document.getElementById("record-refused");
  refused?.replaceChildren();
  shown.before(refused);
  document.querySelector(`[data-panel="${shown.id.replace("panel-", "")}"]`)?.focus();
  return true;
}

async function promised(box) {
  const data = new URLSearchParams({ step: "promise" });
  const answer = await fetch(`/records/${root().dataset.record}/said`, {
    method: "POST", headers: { ...headers(), "HX-Request": "true" }, body: data,
  }).catch(() => null);
  if (!answer?.ok) { box.checked = false; return; }
  box.disabled = true;
  document.getElementById("promise-after").disabled = false;
  document.querySelector("#promise-after input")?.focus();
  help();
}

function undoing() {
  const form = document.querySelector("[data-undo]");
  if (form) setTimeout(() => form.remove(), Math.max(0, Number(form.dataset.undo)) * 1000);
}

// ---- words for the customer are checked while they are written ----------------------------------------------------

const checks = new WeakMap();

function check(place) {
  clearTimeout(checks.get(place));
  checks.set(place, setTimeout(async () => {
    const answer = await fetch("/desk/check", { method: "POST", headers: headers(), body: new URLSearchParams({ text: place.value }) })
      .catch(() => null);
    if (answer?.ok) unsayable(place, await answer.json());
  }, 250));
}

function unsayable(place, found) {
  if (!place) return;
  let said = place.parentElement.querySelector(".hint.alarm");
  if (!said) {
    said = Object.assign(document.createElement("p"), { className: "hint alarm" });
    said.setAttribute("role", "status");
    place.parentElement.append(said);
  }
  said.textContent = found.map((one) => one.said).join(" ");
  if (found.length) place.setAttribute("aria-invalid", "true");
  else place.removeAttribute("aria-invalid");
}

// ---- hands ---------------------------------------------------------------------------------------------------------

const KEYS = { F6: "promise", F7: "visit", F8: "complaint", F9: "close" };
const ALT = { KeyC: () => panel("consult"), KeyL: later, KeyZ: () => document.getElementById("undo")?.click(),
  KeyN: () => document.querySelector("[data-load]")?.click(), KeyS: () => document.getElementById("say-now")?.click() };

async function later() {
  dirty = true;
  await save();
  if (!dirty && !stale) say(root().dataset.later);
}

function key(event) {
  if (!root()) return;
  const plain = !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const name = plain ? KEYS[event.key] : event.ctrlKey && event.key === "Enter" ? "close" : undefined;
  if (name) { event.preventDefault(); panel(name); return; }
  if (event.altKey && !event.ctrlKey && !event.metaKey) return alt(event);
  if (event.key === "Escape" && shut()) event.preventDefault();
  if (event.key === "Enter" && plain && !event.defaultPrevented && form()?.contains(event.target)) next(event);
}

function alt(event) {
  if (event.defaultPrevented) return; // another column's key, as Alt+1 while the card asks whose number it is
  const group = /^Digit([1-9])$/.exec(event.code);
  if (group) {
    const place = document.querySelector(`[data-group="${group[1]}"] :is(input, textarea)`);
    if (place) { event.preventDefault(); place.focus(); }
  } else if (ALT[event.code]) {
    event.preventDefault();
    ALT[event.code]();
  }
}

// Enter goes on to the next field; in a text of several lines it is a new line
function next(event) {
  if (event.target.tagName !== "INPUT") return;
  event.preventDefault();
  const fields = [...form().querySelectorAll("input, textarea")].filter((one) => !one.disabled);
  fields[fields.indexOf(event.target) + 1]?.focus();
}

function input(event) {
  if (event.target.matches?.("[data-checked]")) check(event.target);
  if (!form()?.contains(event.target)) return;
  if (event.target.name === "contact_phone") form().elements.contact_phone_confirmed.checked = false;
  const letter = /^not_asked_(.)$/.exec(event.target.name)?.[1];
  if (letter && event.target.checked) {
    for (const one of event.target.closest(".letter").querySelectorAll("input:not([type=checkbox])")) one.value = "";
  } else if (!letter && event.target.value) {
    const unasked = event.target.closest(".letter")?.querySelector("[name^=not_asked_]");
    if (unasked) unasked.checked = false;
  }
  typed();
}

function click(event) {
  const button = event.target.closest?.("button");
  if (!button) return;
  if (button.dataset.panel) panel(button.dataset.panel);
  else if ("close" in button.dataset) shut();
  else if ("later" in button.dataset) later();
  else if ("takeOver" in button.dataset) takeOver();
  else if (button.dataset.load) save().then(() => { if (!dirty) htmx.ajax("GET", button.dataset.load, { target: "#record" }); });
}

function leave() {
  if (!dirty || stale || !form()) return;
  fetch(`/records/${root().dataset.record}/draft`, { method: "POST", headers: headers(), body: body(false), keepalive: true });
}

// also said when only what stands beside the form came anew: what is typed in a form that stayed is still to be saved
function begin() {
  if (root() && root() === begun) return;
  begun = root();
  dirty = false;
  stale = false;
  if (!root()) return;
  undoing();
  combobox(document.getElementById("q-company"), document.getElementById("companies"), root().dataset.found, (company) => {
    const bureau = document.getElementById("q-tax_bureau");
    if (company.tax_bureau && bureau) bureau.value = company.tax_bureau;
    agreement(company);
    typed();
  });
}

document.addEventListener("input", input);
document.addEventListener("change", (event) => {
  if (event.target.dataset?.said === "promise" && event.target.checked) promised(event.target);
});
document.addEventListener("click", click);
document.addEventListener("keydown", key);
document.addEventListener("submit", (event) => { if (event.target.id === "record-form") event.preventDefault(); });
window.addEventListener("pagehide", leave);
begin();

// The phone's strip of the desk: whose phone rings, what can be done with it, and why there is none, in words.
// Its words are data attributes of #phone. Of many tabs one holds the phone, by a lock of the browser.

import {ask, devices, impossible, level, stop, take} from "./microphone.js";

const ACCOUNT = "hotline.phone.account"; // the account this browser claimed: another browser's claim ends ours
const DEVICE = "hotline.phone.device";
const HOLD_ALARM_SECONDS = 60;
const RENEW_AGAIN_SECONDS = 3;

const strip = document.getElementById("phone");
const part = (name) => strip.querySelector(`[data-part="${name}"]`);
const word = (name) => strip.dataset[`word${name}`] || "";
let phone = null; // the module, loaded only where this page is the phone
let letGo = null; // ends the lock
let known = new Map(); // calls as they were told before, by id
let ringer = null;
let shownPair; // of the caller's card

// ---- choosing

async function choose() {
  const reason = impossible() || await ask(localStorage.getItem(DEVICE));
  if (reason) return none(reason);
  if (!localStorage.getItem(DEVICE)) return check();
  const account = await post(strip.dataset.claim, {});
  if (account.error) return none(account.error);
  localStorage.setItem(ACCOUNT, account.name);
  strip.dataset.account = account.name;
  mode("page");
  return begin(account);
}

async function giveBack() {
  await post(strip.dataset.giveBack, {});
  localStorage.removeItem(ACCOUNT);
  strip.dataset.account = "";
  phone?.unregister();
  release();
  mode("desk");
  say("desk");
}

/** Another tab may be the phone. */
function release() {
  letGo?.();
  letGo = null;
}

/** This page was the phone before: it is again, as soon as no other tab is. */
async function goOn() {
  const account = localStorage.getItem(ACCOUNT);
  if (strip.dataset.account !== account) return none("elsewhere");
  loaded(); // whoever is on the line waits: all that is needed is asked for at once
  return begin(null, take(localStorage.getItem(DEVICE)));
}

function begin(account, asked) {
  if (letGo) return join(account, asked);
  say("tab");
  return navigator.locks.request("hotline-phone", () => {
    join(account, asked);
    return new Promise((over) => { letGo = over; });
  });
}

/** What registers has a microphone in hand; but who was left in the middle of a talk is not kept waiting for it. */
async function join(account, asked = null) {
  phone = await loaded();
  const goesOn = asked && phone.goesOn();
  const mine = account || (goesOn && phone.left()) || await renewed();
  if (asked && !goesOn && !await inHand(asked)) return undefined;
  if (mine.error) return none(mine.error);
  if (goesOn) asked.then(({reason}) => reason && without(reason));
  say("joining");
  return phone.register({...mine, url: socket()}, localStorage.getItem(DEVICE), goesOn ? asked : null);
}

async function inHand(asked) {
  const {stream, reason} = await asked;
  if (stream) stop(stream);
  if (reason) without(reason);
  return !reason;
}

function without(reason) {
  release();
  none(reason);
}

let loading = null;
const loaded = () => (loading ||= load());

async function load() {
  const own = await import("./phone.js");
  await own.prepare();
  const module = strip.dataset.twilio ? (await import("./phones.js")).asOne(own, twilioToken) : own;
  module.onState(show);
  module.onLost(async () => { // the switch began anew, and knows no pages
    const mine = await renewed();
    if (mine.error) return none(mine.error);
    return module.register({...mine, url: socket()}, localStorage.getItem(DEVICE));
  });
  return module;
}

/** For Twilio's half of this page, where its agent has one; null while there is none to be had. */
const twilioToken = async () => (await post(strip.dataset.twilio, {})).token ?? null;

/** Behind https the proxy hands on /ws; on the machine itself it is the switch's own port. */
const socket = () => (location.protocol === "https:" ? `wss://${location.host}/ws` : strip.dataset.socket);

const renewed = () => post(strip.dataset.renew, {held: localStorage.getItem(ACCOUNT) || ""});

async function post(address, fields) {
  const headers = {"X-CSRFToken": strip.dataset.csrf, "Content-Type": "application/x-www-form-urlencoded"};
  try {
    const answer = await fetch(address, {method: "POST", headers, body: new URLSearchParams(fields)});
    return answer.ok ? await answer.json() : {error: answer.status === 409 ? "elsewhere" : "switch"};
  } catch {
    return {error: "switch"};
  }
}

// ---- the microphone, before the first call

async function check() {
  const dialog = part("check");
  const list = part("devices");
  list.replaceChildren(...(await devices()).map((one, place) => new Option(one.label || `${place + 1}`, one.id)));
  const meter = part("level");
  let quiet = await level(list.value, (loud) => { meter.value = loud; });
  list.onchange = async () => { quiet(); quiet = await level(list.value, (loud) => { meter.value = loud; }); };
  dialog.onclose = () => {
    quiet();
    if (dialog.returnValue !== "go") return;
    localStorage.setItem(DEVICE, list.value || "default");
    if (phone?.look().registered) join(null); else choose();
  };
  dialog.showModal();
}

// ---- what is seen

function mode(name) {
  strip.dataset.mode = name;
  part("to-page").hidden = name === "page";
  part("to-desk").hidden = name !== "page";
  part("again").hidden = name !== "page";
}

/** Red, in words: nobody can ring this page, and why. */
function none(reason) {
  phone?.unregister();
  if (reason === "elsewhere") mode("desk"); // he may choose this page again
  say("none", word(`None${capital(reason)}`));
  const again = strip.dataset.mode === "page" ? () => join(null) : choose;
  if (reason === "switch") setTimeout(again, RENEW_AGAIN_SECONDS * 1000);
}

function say(state, why = "") {
  strip.dataset.state = state;
  part("state").textContent = [word(capital(state)), why].filter(Boolean).join("：");
}

function show({registered, twilio, calls}) {
  const told = part("twilio");
  told.dataset.there = String(twilio ?? "");
  told.textContent = twilio === undefined || !registered ? "" : word(twilio ? "TwilioOn" : "TwilioOff");
  if (strip.dataset.state !== "none" || registered) {
    if (registered) say(calls.length ? foremost(calls).state : "ready");
    else if (strip.dataset.mode === "page") say("joining");
  }
  part("calls").replaceChildren(...calls.map(drawn));
  const has = (...states) => calls.some((call) => states.includes(call.state));
  enable("answer", has("ringing"));
  enable("hang-up", calls.length > 0);
  enable("hold", has("talking", "held"));
  enable("mute", has("talking"));
  enable("keypad", has("talking"));
  enable("consult", has("talking") && calls.length === 1);
  press("hold", !has("talking") && has("held"));
  press("mute", calls.some((call) => call.state === "talking" && call.muted));
  ring(calls.find((call) => call.state === "ringing"), has("talking"));
  announce(calls);
}

function drawn(call) {
  const row = document.createElement("li");
  row.dataset.state = call.state;
  row.dataset.since = call.since;
  row.append(`${word(capital(call.state))} ${call.from} `, Object.assign(document.createElement("time"), {textContent: "0:00"}));
  return row;
}

const capital = (name) => name.charAt(0).toUpperCase() + name.slice(1);
const enable = (name, on) => { part(name).disabled = !on; };
const press = (name, on) => part(name).setAttribute("aria-pressed", String(on));
/** The one the keys mean: who rings, then who talks, then who holds. */
function foremost(calls) {
  const order = ["ringing", "talking", "calling", "held"];
  return [...calls].sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state))[0];
}

setInterval(() => {
  for (const row of part("calls").children) {
    const seconds = Math.max(0, Math.round((Date.now() - Number(row.dataset.since)) / 1000));
    row.querySelector("time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (row.dataset.state === "held" && seconds >= HOLD_ALARM_SECONDS) row.dataset.alarm = "";
  }
}, 1000);

/** The desk's caller column rings for a first call; this rings for a second one, a colleague's, and on other pages. */
function ring(call, talks) {
  if (!call || (call.ref && !talks && document.getElementById("caller"))) {
    ringer?.close();
    ringer = null;
    return;
  }
  if (ringer) return;
  ringer = new AudioContext();
  const volume = ringer.createGain();
  volume.connect(ringer.destination);
  volume.gain.value = 0;
  for (let second = 0; second < 120; second += 5) { // 1 s on, 4 s off; softer into a talk
    volume.gain.setValueAtTime(talks ? 0.03 : 0.2, ringer.currentTime + second);
    volume.gain.setValueAtTime(0, ringer.currentTime + second + (talks ? 0.2 : 1));
  }
  const tone = ringer.createOscillator();
  tone.frequency.value = 450;
  tone.connect(volume);
  tone.start();
}

function announce(calls) {
  const now = new Map(calls.map((call) => [call.id, call]));
  for (const call of now.values()) {
    const before = known.get(call.id)?.state;
    if (before === call.state) continue;
    const name = call.state === "talking" && before === "held" ? "resumed" : call.state;
    tell(name, call);
  }
  for (const call of known.values()) if (!now.has(call.id)) tell("ended", call);
  known = now;
}

function tell(name, {ref, from, outgoing, since}) {
  document.body.dispatchEvent(new CustomEvent(`phone:${name}`, {detail: {ref, from, outgoing, since}}));
}

// ---- what is done

const acts = {
  "answer": () => first("ringing", (call) => phone.answer(call.id)),
  "hang-up": () => { const call = foremost(phone.look().calls); if (call) phone.hangUp(call.id); },
  "hold": () => first("talking", (call) => phone.hold(call.id, true)) || first("held", (call) => phone.hold(call.id, false)),
  "mute": () => first("talking", (call) => phone.mute(call.id, !call.muted)),
  "keypad": () => { part("keys").hidden = !part("keys").hidden; },
  "consult": async () => { await choices(); part("colleagues").showModal(); },
  "to-page": choose,
  "to-desk": giveBack,
  "again": () => (strip.dataset.state === "none" ? goOn() : check()),
};

function first(state, act) {
  const call = phone?.look().calls.find((one) => one.state === state);
  if (call) act(call);
  return Boolean(call);
}

async function choices() {
  const answer = await fetch(strip.dataset.colleagues);
  const people = answer.ok ? await answer.json() : [];
  part("who").replaceChildren(...people.map((one) => new Option(`${one.name} · ${one.state}`, one.login)));
}

strip.addEventListener("click", ({target}) => {
  const button = target.closest("button");
  if (!button || button.disabled) return;
  if (button.dataset.digit) first("talking", (call) => phone.keypad(call.id, button.dataset.digit));
  else acts[button.dataset.part]?.();
});

part("colleagues").addEventListener("close", () => {
  if (part("colleagues").returnValue === "go" && part("who").value) phone.consult(part("who").value);
});

addEventListener("keydown", (event) => { // by the key's place: Alt makes other letters on some keyboards
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return;
  const button = strip.querySelector(`button[data-key="${event.code.replace("Key", "")}"]`);
  if (!button) return;
  event.preventDefault();
  if (!button.disabled) acts[button.dataset.part]?.();
});

// Alt+0 on the caller's card: whom he goes back to is talked to, the other one hears music
document.body.addEventListener("caller:return", ({detail}) => {
  const calls = phone?.look().calls ?? [];
  const meant = calls.find((call) => call.ref && call.ref === detail.ref) ?? (calls.length === 1 ? calls[0] : null);
  if (meant) phone.hold(meant.id, detail.held);
});

// a card that shows other callers than before has not heard yet whom the phone holds
document.body.addEventListener("htmx:afterSwap", ({detail}) => {
  if (detail.target.id !== "caller") return;
  const pair = detail.target.querySelector("[data-pair]")?.dataset.pair;
  if (pair !== shownPair) phone?.look().calls.filter((call) => call.state === "held").forEach((call) => tell("held", call));
  shownPair = pair;
});

addEventListener("beforeunload", (event) => { // a closed page leaves its caller alone
  if (phone?.look().calls.length) event.preventDefault();
});

mode(strip.dataset.account ? "page" : "desk");
if (strip.dataset.account) goOn(); else say("desk");

// The page as Twilio's telephone: the functions of phone.js over Twilio's Voice SDK. It is rung and places no call.
// Twilio has no hold: whoever is on hold here hears nothing, and is not heard. A talk does not outlive its page.

const LIBRARY = "../vendor/twilio/twilio-voice-2.18.5.min.js";
const REF = "ref"; // a parameter of our own: which call it is
const AGAIN_MS = 5000;
const BEFORE_ITS_END_MS = 60_000;

const lines = new Map(); // id -> {id, ref, from, outgoing, state, muted, since, call}
const listeners = {ring: [], state: []};
let device = null;
let registered = false;
let microphone = true; // constraints of getUserMedia's audio
let numbers = 0;

export const onRing = (heard) => listeners.ring.push(heard);
export const onState = (heard) => listeners.state.push(heard);

/** As phone.js tells it. */
export function look() {
  return {registered, calls: [...lines.values()].map(({call, ...seen}) => seen)};
}

/** The page rings by itself, in the desk's own way. */
class Quiet {
  play() { return Promise.resolve(); }
  stop() {}
  setSinkIds() { return Promise.resolve(); }
}

/** `token` gives one for this agent, or null where none is to be had just now; it is asked again before one runs out. */
export async function register(token, input) {
  unregister();
  microphone = input ? {deviceId: {exact: input}} : true;
  const asked = {};
  device = asked; // whatever comes later belongs to somebody else
  await import(LIBRARY);
  const first = await token();
  if (device !== asked) return;
  if (!first) {
    setTimeout(() => device === asked && register(token, input), AGAIN_MS);
    return;
  }
  const mine = new window.Twilio.Device(first, {
    allowIncomingWhileBusy: true,
    publishEvents: false, // what happens on a desk is nobody else's to know
    Sound: Quiet,
    tokenRefreshMs: BEFORE_ITS_END_MS,
  });
  device = mine;
  mine.on("registered", () => is(mine, true));
  mine.on("unregistered", () => is(mine, false));
  mine.on("error", () => {
    if (mine === device && mine.state !== "registered") setTimeout(() => anew(mine, token), AGAIN_MS);
  });
  mine.on("tokenWillExpire", () => anew(mine, token));
  mine.on("incoming", came);
  await mine.register().catch(() => {}); // `error` tells of it
}

export function unregister() {
  const old = device;
  device = null;
  registered = false;
  old?.destroy?.();
  tell();
}

/** Picks a ringing call up. */
export function answer(id) {
  const line = lines.get(id);
  if (line?.state === "ringing") line.call.accept({rtcConstraints: {audio: microphone}});
}

/** Ends it; one that rings is refused, so that the next colleague is rung. */
export function hangUp(id) {
  const line = lines.get(id);
  if (line?.state === "ringing") line.call.reject();
  else line?.call.disconnect();
}

export function mute(id, muted) {
  const line = lines.get(id);
  if (!line || line.muted === muted) return;
  line.muted = muted;
  line.call.mute(muted || line.state === "held");
  tell();
}

export function hold(id, held) {
  const line = lines.get(id);
  if (!line || !["talking", "held"].includes(line.state) || (line.state === "held") === held) return;
  line.call.mute(held || line.muted);
  line.call.getRemoteStream()?.getAudioTracks().forEach((track) => { track.enabled = !held; });
  become(line, held ? "held" : "talking");
}

export function keypad(id, key) {
  const line = lines.get(id);
  if (line?.state === "talking" && /^[0-9*#]$/.test(key)) line.call.sendDigits(key);
}

// ---- inside

function is(whose, yes) {
  if (whose !== device || registered === yes) return;
  registered = yes;
  tell();
}

async function anew(mine, token) {
  const next = mine === device && await token();
  if (mine !== device) return;
  if (!next) {
    setTimeout(() => anew(mine, token), AGAIN_MS);
    return;
  }
  mine.updateToken(next);
  if (mine.state === "unregistered") mine.register().catch(() => {});
}

function came(call) {
  const id = `twilio-${++numbers}`;
  const line = {
    id, ref: call.customParameters.get(REF) ?? null, from: call.parameters.From ?? "",
    outgoing: false, state: "ringing", muted: false, since: Date.now(), call,
  };
  lines.set(id, line);
  call.on("accept", () => become(line, "talking"));
  for (const over of ["disconnect", "cancel", "reject"]) call.on(over, () => ended(line));
  call.on("error", () => call.status() === "closed" && ended(line));
  tell();
  listeners.ring.forEach((heard) => heard(look().calls.find((one) => one.id === id)));
}

function become(line, state) {
  line.state = state;
  line.since = Date.now();
  tell();
}

function ended(line) {
  if (lines.delete(line.id)) tell();
}

function tell() {
  const seen = look();
  listeners.state.forEach((heard) => heard(seen));
}

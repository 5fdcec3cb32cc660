// The telephone of a page: register, ring, answer, hang up, mute, hold, keys. It draws nothing and asks no server.
// SIP stays in here: another provider's phone would be another file with the same functions.
//
// A page may be loaded anew in the middle of a talk. Before it goes it hangs up with cause 41, the switch calls the same
// account again, and only what it was talking on (X-Call-Ref, kept in localStorage) is answered by itself.

const LIBRARY = "../vendor/jssip/jssip-3.13.8.js";
const KEPT = "hotline.phone.talks";
const LEFT = "hotline.phone.left"; // of this tab alone, and only while it is loaded anew in the middle of a talk
const KEPT_SECONDS = 20;
const BEAT_SECONDS = 2;
const AGAIN_MS = 1000;

const lines = new Map(); // id -> {id, ref, from, outgoing, state, muted, since, session, audio}
const listeners = {ring: [], state: [], lost: []};
let ua = null;
let registers = null; // the account
let registered = false;
let microphone = true; // constraints of getUserMedia's audio
let awaited = []; // talks that the page before left, until their calls have come
let taken = null; // a promise of {stream}: the microphone already asked for, for the talk that goes on
let numbers = 0;
let beat = 0;
let leaving = false;

export const onRing = (heard) => listeners.ring.push(heard);
export const onState = (heard) => listeners.state.push(heard);
export const onLost = (heard) => listeners.lost.push(heard); // the account is not known any more: ask for it anew

/** {registered, calls: [{id, ref, from, outgoing, state, muted, since}]}; state: ringing calling talking held. */
export function look() {
  const calls = [...lines.values()].map(({session, audio, stream, ...seen}) => seen);
  return {registered, calls};
}

/** The library, fetched before it is needed. */
export const prepare = () => import(LIBRARY);

/** Whether the page before this one left a talk that is to go on here. */
export const goesOn = () => kept().length > 0;

/** The account which that page left in this tab, once; null: ask for one. Where it is refused `lost` is told. */
export function left() {
  try {
    const {at, account} = JSON.parse(sessionStorage.getItem(LEFT) || "{}");
    return Date.now() - at < KEPT_SECONDS * 1000 ? account : null;
  } catch {
    return null;
  } finally {
    sessionStorage.removeItem(LEFT);
  }
}

/**
 * account: {url, name, secret}. The microphone is asked for before this, see microphone.js. Only where a talk goes on
 * it may still be on its way: `asked` is the promise of {stream}, and the stream is let go with that talk.
 */
export async function register(account, device, asked = null) {
  microphone = device ? {deviceId: {exact: device}} : true;
  registers = account;
  awaited = kept();
  taken = asked;
  setTimeout(() => { awaited = []; letGo(asked); }, KEPT_SECONDS * 1000);
  const {default: JsSIP} = await import(LIBRARY);
  unregister();
  const mine = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(account.url)],
    uri: `sip:${account.name}@${new URL(account.url).hostname}`,
    password: account.secret,
    register_expires: 600, // hidden tabs may run timers once a minute
    session_timers: false,
    connection_recovery_min_interval: 1,
    connection_recovery_max_interval: 4,
  });
  ua = mine;
  mine.on("registered", () => is(mine, true));
  mine.on("unregistered", () => is(mine, false));
  mine.on("disconnected", () => is(mine, false));
  mine.on("registrationFailed", ({response}) => {
    is(mine, false);
    if (mine !== ua) return;
    // refused: the switch has forgotten the account; no answer: it is only slow
    setTimeout(() => {
      if (mine !== ua) return;
      if (response) listeners.lost.forEach((heard) => heard());
      else if (mine.isConnected()) mine.register();
    }, AGAIN_MS);
  });
  mine.on("newRTCSession", ({originator, session, request}) => {
    if (originator === "remote") came(session, request);
  });
  mine.start();
}

export function unregister() {
  if (!ua) return;
  const old = ua;
  ua = null;
  registered = false;
  try { old.stop(); } catch { /* it had no connection */ }
  tell();
}

/** Picks a ringing call up; whoever talks meanwhile is put on hold first. `stream`: a microphone of its own. */
export async function answer(id, stream = null) {
  const line = lines.get(id);
  if (!line || line.state !== "ringing") return;
  await holdOthers(id);
  line.stream = stream;
  const more = stream && {mediaStream: stream};
  line.session.answer({mediaConstraints: {audio: microphone, video: false}, pcConfig: {iceServers: []}, ...more});
}

/** Ends it; one that rings is refused, so that the next colleague is rung. */
export function hangUp(id) {
  const line = lines.get(id);
  if (!line) return;
  if (line.session.isEstablished()) line.session.terminate();
  else line.session.terminate({status_code: line.outgoing ? undefined : 486});
}

export function mute(id, muted) {
  const line = lines.get(id);
  if (!line || line.muted === muted) return;
  if (muted) line.session.mute({audio: true}); else line.session.unmute({audio: true});
  line.muted = muted;
  tell();
}

/** On hold the caller hears music. Taking one back puts the others on hold. */
export async function hold(id, held) {
  const line = lines.get(id);
  if (!line || !["talking", "held"].includes(line.state) || (line.state === "held") === held) return;
  if (!held) await holdOthers(id);
  await renegotiated(line, held);
  line.state = held ? "held" : "talking";
  line.since = Date.now();
  tell();
}

export function keypad(id, key) {
  const line = lines.get(id);
  if (line?.session.isEstablished() && /^[0-9*#]$/.test(key)) {
    line.session.sendDTMF(key, {transportType: "RFC2833", duration: 160});
  }
}

/** Rings a colleague; the caller is on hold before his phone rings. The switch refuses everything else. */
export async function consult(login) {
  if (!ua || !registered) return null;
  await holdOthers(null);
  const session = ua.call(`sip:call-${login}@${ua.configuration.uri.host}`, {
    mediaConstraints: {audio: microphone, video: false}, pcConfig: {iceServers: []},
  });
  return enter(session, {ref: null, from: login, outgoing: true, state: "calling"});
}

/** Packets in and out of one call, for whoever wants to know that it is heard. */
export async function packets(id) {
  const seen = {received: 0, sent: 0, lost: 0};
  const report = await lines.get(id)?.session.connection?.getStats();
  report?.forEach((one) => {
    if (one.type === "inbound-rtp") { seen.received += one.packetsReceived; seen.lost += one.packetsLost; }
    if (one.type === "outbound-rtp") seen.sent += one.packetsSent;
  });
  return seen;
}

// ---- inside

function is(whose, yes) {
  if (whose !== ua || registered === yes) return;
  registered = yes;
  tell();
}

function tell() {
  keep();
  const seen = look();
  listeners.state.forEach((heard) => heard(seen));
}

function came(session, request) {
  const ref = request.getHeader("X-Call-Ref") || null;
  const from = request.from.display_name || request.from.uri.user || "";
  const before = awaited.find((talk) => ref !== null && talk.ref === ref);
  const id = enter(session, {ref, from, outgoing: false, state: "ringing"});
  if (before) goOn(id, before);
  else listeners.ring.forEach((heard) => heard(look().calls.find((call) => call.id === id)));
}

async function goOn(id, before) {
  const line = lines.get(id);
  line.session.once("confirmed", async () => {
    if (before.muted) mute(id, true);
    if (before.held) await hold(id, true);
  });
  const asked = taken;
  taken = null;
  await answer(id, (await asked)?.stream);
}

/** A microphone that no talk came for. */
async function letGo(asked) {
  if (!asked || asked !== taken) return;
  taken = null;
  silence((await asked).stream);
}

const silence = (stream) => stream?.getTracks().forEach((track) => track.stop());

function enter(session, more) {
  const id = `call-${++numbers}`;
  const line = {id, muted: false, since: Date.now(), ...more, session, audio: new Audio()};
  line.audio.autoplay = true;
  lines.set(id, line);
  session.on("icecandidate", ({candidate, ready}) => {
    if (/ udp /i.test(candidate.candidate)) ready(); // the rest comes 100 ms later and brings nothing
  });
  const sound = (connection) => connection.addEventListener("track", ({streams, track}) => {
    line.audio.srcObject = streams[0] || new MediaStream([track]);
    line.audio.play().catch(() => {});
  });
  if (session.connection) sound(session.connection);
  session.on("peerconnection", ({peerconnection}) => sound(peerconnection));
  const talks = () => {
    if (line.state === "talking" || line.state === "held") return;
    line.state = "talking";
    line.since = Date.now();
    awaited = awaited.filter((talk) => talk.ref !== line.ref);
    tell();
  };
  session.on("accepted", talks);
  session.on("confirmed", talks);
  const over = ({cause}) => {
    if (!lines.delete(id)) return;
    line.audio.srcObject = null;
    silence(line.stream);
    line.cause = cause;
    tell();
  };
  session.on("ended", over);
  session.on("failed", over);
  tell();
  return id;
}

async function holdOthers(id) {
  for (const line of [...lines.values()]) {
    if (line.id !== id && line.state === "talking") await hold(line.id, true);
  }
}

function renegotiated(line, held) {
  return new Promise((done, failed) => {
    const tries = Date.now() + 3000;
    const once = () => {
      const act = held ? "hold" : "unhold";
      if (line.session[act]({}, done)) return;
      if (!lines.has(line.id) || Date.now() > tries) failed(new Error(act));
      else setTimeout(once, 50); // another change of this call is under way
    };
    once();
  });
}

// ---- what a page leaves to the one that comes after it

function kept() {
  try {
    const {at, talks} = JSON.parse(localStorage.getItem(KEPT) || "{}");
    return Date.now() - at < KEPT_SECONDS * 1000 ? talks : [];
  } catch {
    return [];
  }
}

function keep() {
  if (leaving) return; // what ends now is to go on
  const talks = [...lines.values()].filter((line) => line.ref && ["talking", "held"].includes(line.state));
  clearInterval(beat);
  if (!talks.length && !awaited.length) {
    if (numbers > 0) localStorage.removeItem(KEPT); // not by a page that has had no call: another may be the phone
    return;
  }
  const own = talks.map(({ref, state, muted}) => ({ref, muted, held: state === "held"}));
  const write = () => localStorage.setItem(KEPT, JSON.stringify({at: Date.now(), talks: [...own, ...awaited]}));
  write();
  if (talks.length) beat = setInterval(write, BEAT_SECONDS * 1000);
}

addEventListener("pagehide", () => {
  leaving = true;
  clearInterval(beat);
  const talks = [...lines.values()].some(({session}) => session.isEstablished());
  if (talks) sessionStorage.setItem(LEFT, JSON.stringify({at: Date.now(), account: registers}));
  for (const {session, outgoing} of lines.values()) {
    if (session.isEstablished()) session.terminate({extraHeaders: ['Reason: Q.850;cause=41;text="page left"']});
    else session.terminate(outgoing ? {} : {status_code: 480});
  }
});
addEventListener("pageshow", ({persisted}) => { if (persisted) location.reload(); });

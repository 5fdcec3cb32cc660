// What twilio_phone.js uses of Twilio's Voice SDK, by hand: `window.twilioDevice` is rung by the test, and each call
// keeps what was asked of it in `did`. The names are held against the published file in test_twilio_phone.py.
class Emitter {
  constructor() { this.heard = {}; }
  on(name, listener) { (this.heard[name] ??= []).push(listener); return this; }
  emit(name, ...more) { for (const listener of this.heard[name] ?? []) listener(...more); }
}

class Call extends Emitter {
  constructor(from, ref) {
    super();
    this.parameters = {From: from, CallSid: "CA-of-the-leg"};
    this.customParameters = new Map(ref ? [["ref", ref]] : []);
    this.state = "pending";
    this.did = [];
    this.track = {enabled: true};
  }
  accept(options) { this.did.push(["accept", options]); this.state = "open"; this.emit("accept", this); }
  reject() { this.did.push(["reject"]); this.state = "closed"; this.emit("reject"); }
  disconnect() { this.did.push(["disconnect"]); this.leave(); }
  mute(on) { this.did.push(["mute", on]); }
  sendDigits(digits) { this.did.push(["sendDigits", digits]); }
  getRemoteStream() { return {getAudioTracks: () => [this.track]}; }
  status() { return this.state; }
  leave() { const over = this.state === "open" ? "disconnect" : "cancel"; this.state = "closed"; this.emit(over, this); }
}

class Device extends Emitter {
  constructor(token, options) {
    super();
    Object.assign(this, {tokens: [token], options, state: "unregistered", calls: []});
    window.twilioDevice = this;
  }
  async register() {
    if (window.twilioAway) { this.emit("error", {code: 31204}); throw new Error("31204"); }
    this.state = "registered";
    this.emit("registered");
  }
  updateToken(token) { this.tokens.push(token); }
  destroy() { this.state = "destroyed"; this.emit("destroyed"); }
  ring(from, ref) { const call = new Call(from, ref); this.calls.push(call); this.emit("incoming", call); }
}

window.Twilio = {Device, Call};

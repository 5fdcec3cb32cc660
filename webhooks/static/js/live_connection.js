// One connection to the server's news: a stream, watched, opened again with what was heard last; while there is none,
// a question every three seconds. Knows no page: whoever makes it is handed messages {type, data}.

const POLL_MS = 3000;
const FIRST_MS = 250;
const LONGEST_MS = 1500; // a server that is back is found again within two seconds
const WHEN_FULL_MS = 5000; // it answers, but has no stream for us
const HEARTBEATS_MISSED = 2.5;
const NEWS = ["ring", "ring_over", "talk", "state", "record", "line", "callbacks", "board", "alert", "missed"];
const SECTIONS = { me: ["state", "ring", "ring_over", "talk"], line: ["line"], callbacks: ["callbacks"], alerts: ["alert"] };

function later(a, b) {
  const [ma, na] = a.split("-").map(Number);
  const [mb, nb] = b.split("-").map(Number);
  return ma > mb || (ma === mb && na > nb);
}

export class Connection {
  constructor(emit) {
    this.emit = emit;
    this.source = null;
    this.last = null; // the last piece of news heard, or the place of the last snapshot
    this.state = "connecting";
    this.snapshot = null;
    this.tries = 0;
    this.heartbeatMs = 5000;
    this.heardAt = Date.now();
    this.versions = null;
    this.over = false;
    this.reopening = null;
    this.polling = null;
    this.open();
    this.watching = setInterval(() => this.watch(), 1000);
  }

  stop() {
    this.over = true;
    clearInterval(this.watching);
    clearTimeout(this.reopening);
    this.stopPolling();
    this.close();
  }

  // What a page that comes later has to know.
  greet(emit) {
    emit({ type: "connection", data: this.state });
    if (this.snapshot) emit({ type: "snapshot", data: this.snapshot });
  }

  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit({ type: "connection", data: state });
  }

  open() {
    clearTimeout(this.reopening);
    this.reopening = null;
    this.close();
    if (this.over) return;
    this.heardAt = Date.now();
    const source = new EventSource("/events" + (this.last ? "?after=" + this.last : ""));
    this.source = source;
    source.onerror = () => this.source === source && this.lost();
    for (const kind of ["snapshot", "reset", "ping", "counters", "end", ...NEWS]) {
      source.addEventListener(kind, (event) => this.source === source && this.heard(kind, event));
    }
  }

  close() {
    if (this.source) this.source.close();
    this.source = null;
  }

  heard(kind, event) {
    this.heardAt = Date.now();
    const data = JSON.parse(event.data);
    if (kind === "end") return this.ended(data.why);
    if (kind === "reset") {
      this.last = null;
      return;
    }
    const id = event.lastEventId;
    if (NEWS.includes(kind)) {
      if (this.last && !later(id, this.last)) return; // heard already
      this.last = id;
      return this.emit({ type: kind, data });
    }
    if (kind === "snapshot") {
      if (!this.last || !later(this.last, id)) this.last = id;
      this.tries = 0;
      this.heartbeatMs = data.heartbeat_ms;
      this.stopPolling();
      this.keep(data);
      this.become("live");
    } else if (kind === "ping" && id && (!this.last || later(id, this.last))) {
      this.last = id;
    }
    this.emit({ type: kind, data });
  }

  keep(data) {
    this.snapshot = data;
    this.versions = data.versions;
  }

  ended(why) {
    this.close();
    if (why === "signed_out") {
      this.over = true;
      this.stopPolling();
      return this.emit({ type: "signed_out", data: {} });
    }
    this.poll();
    this.again();
  }

  lost() {
    this.close();
    if (this.state === "live") this.become("connecting");
    this.again();
    if (this.tries >= 3) this.poll();
  }

  again() {
    if (this.reopening || this.over) return;
    const longest = this.full ? WHEN_FULL_MS : Math.min(FIRST_MS * 2 ** this.tries, LONGEST_MS);
    this.tries += 1;
    this.reopening = setTimeout(() => this.open(), longest * (0.5 + Math.random() / 2));
  }

  // A stream without a heartbeat is dead, whatever the browser says of it.
  watch() {
    if (this.over) return;
    const silent = Date.now() - this.heardAt;
    if (this.source && silent > HEARTBEATS_MISSED * this.heartbeatMs) this.lost();
    else if (!this.source && !this.reopening) this.again();
  }

  // The person is back, or the network: look at once.
  wake() {
    if (this.over || (this.source && this.source.readyState === 1 && Date.now() - this.heardAt < 2 * this.heartbeatMs)) return;
    this.tries = 0;
    this.open();
  }

  poll() {
    if (this.polling || this.over) return;
    this.become("polling");
    this.polling = setInterval(() => this.ask(), POLL_MS);
    this.ask();
  }

  stopPolling() {
    clearInterval(this.polling);
    this.polling = null;
    this.full = false;
  }

  async ask() {
    let data;
    try {
      const answer = await fetch("/desk/state.json", { headers: { Accept: "application/json" }, cache: "no-store" });
      if (answer.status === 401) return this.ended("signed_out");
      if (!answer.ok) throw new Error(answer.status);
      data = await answer.json();
    } catch {
      this.full = false;
      return;
    }
    if (!this.polling) return; // the stream came first
    this.full = true;
    this.tell(data);
  }

  // What a stream would have told, as far as it can be seen in two answers.
  tell(data) {
    const before = this.versions;
    const first = !before;
    this.keep(data);
    this.emit({ type: "counters", data: data.counters });
    if (first || Object.keys(SECTIONS).every((name) => before[name] !== data.versions[name])) {
      return this.emit({ type: "snapshot", data });
    }
    for (const [name, kinds] of Object.entries(SECTIONS)) {
      if (before[name] === data.versions[name]) continue;
      for (const kind of kinds) {
        if (name !== "me" || kind === "state" || kind === this.kindOf(data)) this.emit({ type: kind, data: data.own });
      }
    }
  }

  kindOf(data) {
    return { reserved: "ring", talking: "talk" }[data.own.state] ?? "ring_over";
  }
}

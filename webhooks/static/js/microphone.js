// The microphone, asked for before anything registers: a page that rings and cannot answer lets callers ring in vain.

/** Why this page can never have one: "insecure" (plain http from another machine), "none", or null. */
export function impossible() {
  if (!window.isSecureContext) return "insecure";
  return navigator.mediaDevices?.getUserMedia ? null : "none";
}

/** null, or why not: insecure, refused, none (no such device), busy. The stream is let go at once. */
export async function ask(device) {
  const {reason, stream} = await take(device);
  if (stream) stop(stream);
  return reason;
}

/** {stream, reason}: the same with the stream, for whoever talks at once, or the reason why there is none. */
export async function take(device) {
  const never = impossible();
  if (never) return {stream: null, reason: never};
  try {
    return {stream: await open(device), reason: null};
  } catch (error) {
    const reasons = {NotAllowedError: "refused", NotReadableError: "busy", SecurityError: "refused"};
    return {stream: null, reason: reasons[error.name] || "none"};
  }
}

/** [{id, label}] of what can be spoken into; labels are there once it was allowed. */
export async function devices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((one) => one.kind === "audioinput").map((one) => ({id: one.deviceId, label: one.label}));
}

/** Tells the level, 0 to 1, ten times a second until the function it returns is called. */
export async function level(device, heard) {
  const stream = await open(device);
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const square = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
    heard(Math.min(1, Math.sqrt(square) * 4));
  }, 100);
  return () => { clearInterval(timer); stop(stream); context.close(); };
}

function open(device) {
  return navigator.mediaDevices.getUserMedia({audio: device ? {deviceId: {exact: device}} : true});
}

export function stop(stream) {
  stream.getTracks().forEach((track) => track.stop());
}

// The page's telephones as one: its account at our own switch, and Twilio's client where its agent has one. Which of
// them a call came by shows nowhere; of all of them one is talked to at a time.

import * as twilio from "./twilio_phone.js";

/** `own` is phone.js; `token` gives Twilio's tokens. The same functions; `look` says also whether `twilio` is there. */
export function asOne(own, token) {
  const both = [own, twilio];
  const calls = () => both.flatMap((phone) => phone.look().calls);
  const of = (id) => both.find((phone) => phone.look().calls.some((call) => call.id === id)) ?? own;
  const look = () => ({registered: own.look().registered, twilio: twilio.look().registered, calls: calls()});
  const holdOthers = async (id) => {
    for (const call of calls()) if (call.id !== id && call.state === "talking") await of(call.id).hold(call.id, true);
  };
  return {
    ...own,
    look,
    onState: (heard) => both.forEach((phone) => phone.onState(() => heard(look()))),
    onRing: (heard) => both.forEach((phone) => phone.onRing(heard)),
    register(account, device, asked) {
      twilio.register(token, device).catch(() => {}); // `look` says that it is not there
      return own.register(account, device, asked);
    },
    unregister: () => both.forEach((phone) => phone.unregister()),
    answer: async (id) => { await holdOthers(id); return of(id).answer(id); },
    hold: async (id, held) => { if (!held) await holdOthers(id); return of(id).hold(id, held); },
    hangUp: (id) => of(id).hangUp(id),
    mute: (id, muted) => of(id).mute(id, muted),
    keypad: (id, key) => of(id).keypad(id, key),
    consult: async (login) => { await holdOthers(null); return own.consult(login); },
  };
}

// The customer's chat: what the page does with what comes over the line, and with what they press.

import { Attention, framed } from "./attention.js";
import { Choices } from "./choices.js";
import { Files } from "./files.js";
import { Lines } from "./lines.js";
import { Link } from "./link.js";
import { chat, random } from "./memory.js";
import { Offline } from "./offline.js";
import { $, View } from "./view.js";
import { WORDS } from "./words.js";
import { Writing } from "./writing.js";

const TYPING_MS = 3000, AGAIN_MS = 2000;
const asked = new URLSearchParams(location.search);

function firstLanguage() {
  const wanted = [asked.get("language"), ...navigator.languages].filter(Boolean);
  const known = wanted.map((one) => one.slice(0, 2).toLowerCase()).find((one) => one in WORDS);
  return known ?? "en";
}

const view = new View(firstLanguage());
const lines = new Lines($("lines"), view.language);
const files = new Files(view, lines, () => mine?.token);
const link = new Link(heard, lost);
let mine = chat.read();
let pass = "";
let typed = 0, seenTo = 0, again = 0;
const writing = new Writing(view, link, lines);
const offline = new Offline(view, link, lines, () => first({ t: "live", token: mine.token }));
const attention = new Attention(() => view.title, sayRead);
view.choices = new Choices((words, more) => writing.put(words, more));

// ------------------------------------------------------------------ over the line

const HEARD = {
  joined(frame) {
    mine = { token: frame.token, rated: mine?.token === frame.token && mine.rated };
    chat.keep(mine);
    if (location.hash) noPass();
    view.phone = frame.call_me === true;
    files.allow(frame.files ?? null);
    link.want = () => ({ t: "resume", token: mine.token, after: lines.last });
    link.well();
    view.tell("");
    view.show("chat");
    writing.deliver();
    offline.deliver();
  },
  state(frame) {
    if (frame.away) return view.tell("away");
    view.tell("");
    if (frame.rated && mine) chat.keep((mine = { ...mine, rated: true }));
    const met = Boolean(frame.agent) || [...lines.frames.values()].some((one) => one.who === "agent" || one.phrase === "joined");
    view.stand({ ...frame, met, rated: frame.rated || mine?.rated });
    offline.stand(frame);
  },
  line(frame) {
    if (frame.id) writing.delivered(frame.id);
    const news = lines.add(frame);
    if (news && frame.who !== "customer" && frame.number > seenTo) attention.want();
    sayRead();
  },
  typing: (frame) => view.typing(frame.on),
  read: (frame) => lines.read(frame.number),
  seen(frame) {
    link.want = null;
    view.seen(frame);
  },
  refused,
};

function heard(frame) {
  HEARD[frame.t]?.(frame);
}

function lost(tries) {
  view.typing(false);
  if (tries > 1 || !navigator.onLine) view.tell(navigator.onLine ? "lost" : "offline");
}

function refused(frame) {
  frame.to ??= link.want?.().t;
  if (frame.why === "away") {
    view.tell("away");
    if (["write", "leave"].includes(frame.to)) later();
    else if (["begin", "resume", "redeem", "look", "live"].includes(frame.to)) link.again();
    else view.why("chat-why", null);
    return;
  }
  if (frame.to === "write") {
    writing.delivered(frame.id);
    lines.failed(frame.id);
  }
  if (frame.to === "redeem" || frame.to === "look") {
    if (frame.to === "redeem") forget();
    link.want = null;
    view.seen(frame);
    view.show("pass");
  } else if (["begin", "resume"].includes(frame.to)) {
    link.stop();
    view.tell("");
    if (frame.to === "begin") forget();
    view.why("start-why", frame);
    view.show("start");
  } else if (frame.to === "leave") offline.refused(frame.why);
  else view.why("chat-why", frame);
  if (frame.to !== "live") return;
  chat.keep((mine = { token: mine.token }));
  resume();
}

// ------------------------------------------------------------------ lines

function later() {
  clearTimeout(again);
  again = setTimeout(() => { writing.again(); offline.deliver(); }, AGAIN_MS);
}

function write() {
  const words = $("words").value.trim();
  $("words").value = "";
  typed = 0;
  if (words) writing.put(words, { secret: view.choices.secret });
}

function sayRead() {
  if (!attention.there() || lines.last <= seenTo) return;
  if (link.say({ t: "read", number: lines.last })) seenTo = lines.last;
}

// ------------------------------------------------------------------ what they press

// What is asked for first is kept until it is answered: a reload asks for the same once more.
function first(want) {
  mine = { token: want.token, want };
  chat.keep(mine);
  start(() => mine.want);
}

function begin() {
  forget();
  first({ t: "begin", token: random(), language: view.language, queue: queue(), name: $("name").value.trim() });
}

function queue() {
  const name = asked.get("queue") ?? "";
  return /^[a-z][a-z0-9_-]{0,31}$/.test(name) ? name : "";
}

function start(want) {
  for (const place of ["start-why", "chat-why"]) view.why(place, null);
  lines.clear();
  view.choices.show({}, view.language);
  seenTo = 0;
  view.tell("connecting");
  link.begin(want);
}

function lookAt(secret) {
  pass = secret;
  view.seen({ t: "looking" });
  view.show("pass");
  if (/^[\w. -]{9,40}$/.test(pass)) link.begin(() => ({ t: "look", pass }));
  else view.seen({ t: "refused", why: "pass" });
}

function redeem() {
  forget();
  $("redeem").hidden = true;
  first({ t: "redeem", pass, token: random() });
}

function noPass() {
  pass = "";
  view.pass = null;
  history.replaceState(null, "", location.pathname + location.search);
}

function forget() {
  chat.forget();
  mine = null;
  writing.forget();
}

function anew() {
  link.stop();
  forget();
  lines.clear();
  view.stand({});
  offline.stand({});
  view.tell("");
  view.why("chat-why", null);
  $("rate").reset();
  view.show("start");
}

function on(id, kind, act) {
  $(id).addEventListener(kind, (event) => {
    if (kind === "submit") event.preventDefault();
    act(event);
  });
}

on("begin", "submit", begin);
on("by-code", "submit", () => {
  const digits = $("code").value.normalize("NFKC").replace(/[\s.-]+/g, "");
  if (/^\d{9}$/.test(digits)) lookAt(digits);
  else view.why("start-why", { why: "code" });
});
on("redeem", "click", redeem);
on("no-pass", "click", () => {
  noPass();
  if (mine) resume();
  else anew();
});
on("write", "submit", write);
on("words", "keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  write();
});
on("words", "input", () => {
  const now = Date.now();
  if (now - typed < TYPING_MS) return;
  typed = now;
  link.say({ t: "typing", on: Boolean($("words").value) });
});
on("words", "blur", () => {
  if (typed) link.say({ t: "typing", on: false });
  typed = 0;
});
on("call", "click", () => {
  view.open("call", "call-me", $("call-me").hidden);
  if (!$("call-me").hidden) $("number").focus();
});
on("call-me", "submit", () => {
  view.why("chat-why", null);
  link.say({ t: "call me", number: $("number").value.trim() });
});
on("end", "click", () => {
  $("really").hidden = false;
  $("go-on").focus();
});
on("go-on", "click", () => {
  $("really").hidden = true;
  $("end").focus();
});
on("yes-end", "click", () => {
  $("really").hidden = true;
  link.say({ t: "end" });
  $("lines").focus();
});
on("rate", "submit", () => link.say({ t: "rate", value: Number(new FormData($("rate")).get("value")) }));
on("again", "click", anew);
on("language", "click", () => {
  const other = view.language === "zh" ? "en" : "zh";
  for (const one of [view, lines]) one.speak(other);
  offline.show();
});

// ------------------------------------------------------------------ the beginning

function resume() {
  view.show("chat", !framed);
  view.tell("connecting");
  link.begin(() => mine.want ?? { t: "resume", token: mine.token, after: lines.last });
}

const secret = location.hash.slice(1);
const redeeming = mine?.want?.pass === secret;  // the button was pressed before the page was reloaded
window.addEventListener("hashchange", () => location.hash.length > 1 && lookAt(location.hash.slice(1)));
if (secret && !framed && !redeeming) lookAt(secret);
else if (mine) resume();
else view.show("start", !framed);

// The page's views and the words in them: start, pass, chat. Words are set as text, never as markup.

import { moment, say, wait } from "./words.js";

export const $ = (id) => document.getElementById(id);
const VIEWS = ["start", "pass", "chat"];
const FOCUS = { start: "start-title", pass: "pass-title", chat: "words" };

export class View {
  constructor(language) {
    this.state = {};
    this.phone = false;
    this.isTyping = false;
    this.notice = "";
    this.choices = null;  // what a flow asks, once it is there
    this.scale();
    this.speak(language);
  }

  // All words of the page, in this language.
  speak(language) {
    this.language = language;
    const root = document.documentElement;
    root.lang = language === "zh" ? "zh-CN" : "en";
    for (const one of document.querySelectorAll("[data-words]")) one.textContent = this.say(one.dataset.words);
    for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", this.say(one.dataset.label));
    for (const one of document.querySelectorAll("[data-hint]")) one.placeholder = this.say(one.dataset.hint);
    this.title = root.dataset[language === "zh" ? "titleZh" : "titleEn"] || this.say("title");
    $("title").textContent = document.title = this.title;
    $("language").textContent = this.say("other_language");
    $("language").lang = language === "zh" ? "en" : "zh-CN";
    this.tell(this.notice);
    if (this.state.state) this.stand(this.state);
    if (this.pass) this.seen(this.pass);
    this.typing(this.isTyping);
    this.choices?.speak(language);
  }

  say(key, values) {
    return say(this.language, key, values);
  }

  show(name, focus = true) {
    if (!$(name).hidden) return;
    for (const view of VIEWS) $(view).hidden = view !== name;
    if (focus) $(FOCUS[name]).focus();
  }

  // What is wrong with the line, for all views; "" for nothing.
  tell(key) {
    this.notice = key;
    $("notice").textContent = key ? this.say(key) : "";
  }

  // Why something was not done: the sentence that came with it in our language, else our own.
  why(place, frame) {
    const known = frame && (frame.say?.[this.language] || this.say("refused_" + frame.why));
    $(place).textContent = known || "";
  }

  // How it stands with the chat: in words, and in what can be done.
  stand(state) {
    this.state = state;
    this.choices?.show(state, this.language);
    const over = state.state === "over";
    $("state").textContent = this.standing(state);
    $("state").dataset.state = state.state;
    for (const id of ["write", "tools"]) $(id).hidden = over;
    $("call").hidden = !this.phone || state.state !== "waiting" || state.promised;
    if ($("call").hidden) this.open("call", "call-me", false);
    if (over) {
      $("really").hidden = true;
      this.typing(false);
    }
    $("rate").hidden = !over || state.rated || !state.met;
    $("thanks").textContent = over && state.rated ? this.say("thanks") : "";
    $("again").hidden = !over;
  }

  // What is known of the end; a chat that goes on by telephone is over here.
  ending(state) {
    const more = state.promised ? "over_callback" : state.how === "phone" ? "house_ended_phone" : "";
    if (state.how === "message") return this.say("over_message");
    return [this.say("over"), more && this.say(more)].join(" ").trim();
  }

  standing(state) {
    const agent = state.agent || this.say("agent");
    if (state.state === "asked") return this.say("asked");
    if (state.state === "offered") return this.say("offered");
    if (state.state === "served") return this.say("served", { agent });
    if (state.state === "over") return this.ending(state);
    if (state.promised) return this.say("promised");
    const inWords = wait(this.language, state.wait);
    const waits = inWords ? this.say("waiting_for", { wait: inWords }) : this.say("waiting");
    return state.origin === "phone" ? waits + " " + this.say("from_phone") : waits;
  }

  // How it stands with the message that was left.
  tellMessage(message) {
    const values = message && { time: moment(this.language, message.until) };
    $("kept").textContent = message ? this.say("message_" + message.state, values) : "";
  }

  typing(on) {
    this.isTyping = on;
    const agent = this.state.agent || this.say("agent");
    $("typing").textContent = on ? this.say("typing", { agent }) : "";
  }

  // What a pass is, before anything is done with it; null: it is being looked at.
  seen(frame) {
    this.pass = frame;
    const good = frame.t === "seen" && !frame.refused;
    const until = frame.until ? new Date(frame.until * 1000) : null;
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const time = until ? this.say("pass_until", { time: until.toLocaleTimeString(this.language, clock) }) : "";
    $("pass-about").textContent = frame.t === "looking" ? this.say("pass_looking")
      : good ? [this.say("pass_open"), time].join(" ").trim() : "";
    this.why("pass-why", frame.refused || frame.t === "refused" ? { why: "pass", ...frame } : null);
    $("redeem").hidden = !good;
  }

  open(button, id, on) {
    $(id).hidden = !on;
    $(button).setAttribute("aria-expanded", String(on));
  }

  scale() {
    for (let value = 1; value <= 5; value += 1) {
      const label = document.createElement("label");
      const radio = document.createElement("input");
      Object.assign(radio, { type: "radio", name: "value", value, required: true });
      const words = document.createElement("span");
      words.dataset.words = "rate_" + value;
      label.append(radio, words);
      $("scale").append(label);
    }
  }
}

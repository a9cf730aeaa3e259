// The lines of the conversation on the page: in order, each once, always as text.

import { fileButton } from "./files.js";
import { houseWords, say } from "./words.js";

export class Lines {
  constructor(list, language) {
    this.list = list;
    this.language = language;
    this.frames = new Map();  // by number
    this.shown = new Map();
    this.pending = new Map();  // not numbered yet, by their own id
    this.last = 0;  // up to here nothing is missing
    this.readTo = 0;
    this.save = this.cleared = () => {};  // a file is to be saved; the conversation is another one
    this.atEnd = true;  // stays there when lines come, or the room for them changes
    list.addEventListener("scroll", () => { this.atEnd = this.isAtEnd(); }, { passive: true });
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(list);
  }

  clear() {
    this.list.replaceChildren();
    for (const all of [this.frames, this.shown, this.pending]) all.clear();
    this.last = this.readTo = 0;
    this.cleared();
  }

  // A line of ours that is on its way: words, or the name of a file.
  sending(id, words) {
    const item = this.made("customer", words);
    this.note(item, "sending");
    this.pending.set(id, { item, words });
    this.list.append(item);
    this.toEnd();
    return item;
  }

  // False: it has come all the same, by the line, and only the answer is lost.
  failed(id) {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (!waiting || [...this.shown.values()].includes(waiting.item)) return false;
    this.note(waiting.item, "not_sent");
    return true;
  }

  // A line with its number: in its place, or nowhere if it is there. Whether it is new on this page.
  add(frame) {
    const mine = this.ours(frame);
    if (this.frames.has(frame.number)) {
      if (mine && mine.item !== this.shown.get(frame.number)) mine.item.remove();
      return false;
    }
    const item = mine?.item ?? this.made(frame.who, "");
    this.frames.set(frame.number, frame);
    this.shown.set(frame.number, item);
    this.fill(item, frame);
    this.place(item, frame.number);
    while (this.frames.has(this.last + 1)) this.last += 1;
    this.marks();
    if (this.atEnd || mine) this.toEnd();
    return !mine;
  }

  // The pending line that this is: by its id, or by its words when the answer to it was lost.
  ours(frame) {
    if (frame.id && this.pending.has(frame.id)) {
      const found = this.pending.get(frame.id);
      this.pending.delete(frame.id);
      return found;
    }
    if (frame.id || frame.who !== "customer" || this.frames.has(frame.number)) return null;
    const known = new Set(this.shown.values());
    for (const found of this.pending.values())
      if (found.words === (frame.file?.name ?? frame.words) && !known.has(found.item)) return found;
    return null;
  }

  // What the customer has written, as one text.
  own() {
    const own = [...this.frames.values()].filter((one) => one.who === "customer" && one.words);
    return own.sort((a, b) => a.number - b.number).map((one) => one.words).join("\n");
  }

  place(item, number) {
    const numbers = [...this.shown.keys()].filter((other) => other > number);
    const next = numbers.length ? this.shown.get(Math.min(...numbers)) : this.firstPending(item);
    if (item.nextSibling !== next || item.parentNode !== this.list) this.list.insertBefore(item, next);
  }

  firstPending(item) {
    const known = new Set(this.shown.values());
    for (const waiting of this.pending.values())
      if (waiting.item !== item && !known.has(waiting.item)) return waiting.item;
    return null;
  }

  made(who, words) {
    const item = document.createElement("li");
    item.className = "line " + (["customer", "agent"].includes(who) ? who : "house");
    const by = document.createElement("span");
    by.className = "by";
    const text = document.createElement("p");
    text.textContent = words;
    text.dir = "auto";
    const note = document.createElement("span");
    note.className = "note";
    item.append(by, text, note);
    by.textContent = this.name(who, {});
    return item;
  }

  fill(item, frame) {
    const [by, text] = item.children;
    by.textContent = this.name(frame.who, frame);
    item.classList.toggle("bot", frame.who === "house" && !frame.phrase);
    const values = frame.values ?? {};
    if (frame.file) text.replaceChildren(fileButton(this.language, frame.file, this.save));
    else text.textContent = frame.phrase ? houseWords(this.language, frame.phrase, values) : frame.words ?? "…";
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    item.dataset.at = new Date(frame.at * 1000).toLocaleTimeString(this.language, clock);
  }

  name(who, frame) {
    if (who === "customer") return say(this.language, "me");
    if (who === "agent") return frame.agent || say(this.language, "agent");
    return say(this.language, who === "house" && frame.words !== undefined && !frame.phrase ? "bot" : "house");
  }

  note(item, key) {
    item.children[2].textContent = key ? say(this.language, key) : item.dataset.at ?? "";
    item.classList.toggle("trouble", key === "not_sent");
  }

  // The time below each line; "read" below the last of ours that the agent has seen.
  marks() {
    const own = [...this.frames.values()].filter((one) => one.who === "customer");
    const seen = Math.max(0, ...own.map((one) => one.number).filter((n) => n <= this.readTo));
    for (const [number, item] of this.shown) {
      this.note(item, "");
      if (number === seen) item.children[2].textContent += " · " + say(this.language, "seen");
    }
  }

  read(number) {
    this.readTo = number;
    this.marks();
  }

  // Everything again in another language; what customers and agents wrote stays as it is.
  speak(language) {
    this.language = language;
    for (const [number, item] of this.shown) this.fill(item, this.frames.get(number));
    for (const { item } of this.pending.values()) {
      item.children[0].textContent = this.name("customer", {});
      this.note(item, "sending");
    }
    this.marks();
  }

  isAtEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.atEnd = true;
  }
}

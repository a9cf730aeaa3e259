// What the customer has written and the house has not taken yet. One line at a time is on its way, so
// that they keep their order whatever is lost: the next goes when one is there.

import { DOTS } from "./choices.js";
import { random, unsent } from "./memory.js";
import { $ } from "./view.js";

export class Writing {
  constructor(view, link, lines) {
    Object.assign(this, { view, link, lines, waiting: unsent.read(), flying: "" });
  }

  // The line is there: whatever was written goes, in its order.
  deliver() {
    this.flying = "";
    for (const { id, words, secret } of this.waiting) {
      if (!this.lines.pending.has(id)) this.lines.sending(id, secret ? DOTS : words);
    }
    this.next();
  }

  again() {
    this.flying = "";
    this.next();
  }

  next() {
    const [first] = this.waiting;
    if (!first || this.flying) return;
    if (!this.link.say({ t: "write", ...first })) {
      this.link.now();
      return;
    }
    this.flying = first.id;
    this.link.expect();
  }

  delivered(id) {
    this.waiting = this.waiting.filter((one) => one.id !== id);
    unsent.keep(this.waiting);
    if (this.flying === id) this.flying = "";
    this.next();
  }

  // `more`: the question that it answers, and whether it is to be seen by nobody.
  put(words, more) {
    const id = random();
    this.view.why("chat-why", null);
    this.view.choices.answered();
    this.waiting.push({ id, words, ...more });
    unsent.keep(this.waiting);
    this.lines.sending(id, more.secret ? DOTS : words);
    this.next();
    $("words").focus();
  }

  forget() {
    this.waiting = [];
  }
}

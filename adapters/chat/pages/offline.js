// A message, where nobody is there to chat: the form, kept over a reload until the house has it, and
// afterwards until when it is answered. What was typed lies in sessionStorage, which ends with the tab.

import { draft } from "./memory.js";
import { $ } from "./view.js";
import { moment } from "./words.js";

const FIELDS = ["name", "number", "mail", "words"];
const MAIL = /^[^\s@<>"]{1,64}@[^\s@<>"]{1,190}\.[^\s@<>"]{2,63}$/;
const NUMBER = /^\+?[0-9 ().\/-]{3,40}$/;
const field = (name) => $("leave-" + name);
const typed = (name) => field(name).value.normalize("NFKC").trim();

export class Offline {
  // `live()`: goes on as a chat.
  constructor(view, link, lines, live) {
    this.view = view;
    this.link = link;
    this.lines = lines;
    this.kept = draft.read() ?? {};
    this.state = {};
    for (const name of FIELDS) field(name).value = this.kept[name] ?? "";
    field("text").checked = this.kept.text === true;
    $("leave").addEventListener("input", () => this.typed());
    $("leave").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    $("live").addEventListener("click", live);
    $("message").addEventListener("click", () => {
      this.keep({ closed: !this.kept.closed });
      this.filled = false;
      this.show();
      (this.isOpen() ? field("words") : $("words")).focus();
    });
  }

  // How it stands with the chat; the form stays for who has begun to fill it in.
  stand(state) {
    this.state = state;
    const sent = state.message && !$("leave").hidden;
    if (state.message) this.forget();
    this.show();
    if (sent) $("lines").focus();
  }

  isOffered() {
    const begun = FIELDS.some((name) => name !== "name" && this.kept[name]);
    return this.state.state === "waiting" && !this.state.message && Boolean(this.state.form || begun);
  }

  isOpen() {
    return this.isOffered() && !this.kept.closed;
  }

  show() {
    const { form, message } = this.state, open = this.isOpen();
    $("message").hidden = !this.isOffered();
    $("message").textContent = this.view.say(open ? "wait_here" : "leave");
    this.view.open("message", "leave", open);
    if (open) $("write").hidden = true;
    else if (this.isOffered()) $("write").hidden = false;
    $("leave-until").textContent = form ? this.view.say("leave_until", { time: moment(this.view.language, form.until) }) : "";
    $("leave-by-text").hidden = !form?.texts;
    if (open && !this.filled) this.fill();
    this.view.tellMessage(message);
    $("live").hidden = !message?.live;
  }

  // What was said in the chat already need not be written again.
  fill() {
    this.filled = true;
    if (!field("words").value) field("words").value = this.lines.own();
  }

  typed() {
    this.keep({ ...Object.fromEntries(FIELDS.map((name) => [name, field(name).value])), text: field("text").checked });
  }

  keep(news) {
    this.kept = { ...this.kept, sent: false, ...news };
    draft.keep(this.kept);
  }

  // Its fault in one word; the house looks again.
  fault() {
    const [number, mail, words] = ["number", "mail", "words"].map(typed);
    if (!words) return "words";
    if (number && !NUMBER.test(number)) return "number";
    if (mail && !MAIL.test(mail)) return "mail";
    return number || mail ? "" : "reach";
  }

  submit() {
    this.typed();
    const fault = this.fault();
    this.wrong(fault);
    if (fault) return;
    this.keep({ sent: true });
    this.deliver();
  }

  // Said again whenever there is a line, until the house has it: it takes it once.
  deliver() {
    if (!this.kept.sent) return;
    const said = Object.fromEntries(FIELDS.map((name) => [name, name === "words" ? field(name).value.trim() : typed(name)]));
    const text = field("text").checked && !$("leave-by-text").hidden;
    if (this.link.say({ t: "leave", ...said, text })) this.link.expect();
    else this.link.now();
  }

  refused(why) {
    this.keep({ sent: false });
    this.wrong(why.startsWith("leave ") ? why.slice(6) : "");
    if (!why.startsWith("leave ")) this.view.why("leave-why", { why });
  }

  wrong(fault) {
    this.view.why("leave-why", fault ? { why: "leave " + fault } : null);
    const place = fault === "reach" ? "number" : fault;
    for (const name of FIELDS) {
      if (name === place) field(name).setAttribute("aria-invalid", "true");
      else field(name).removeAttribute("aria-invalid");
    }
    if (place) field(place).focus();
  }

  forget() {
    this.kept = {};
    draft.forget();
    $("leave").reset();
    this.wrong("");
  }
}

// What a flow asks: a button for each of its options, a field for a secret, and the way to a person.
// Labels are set as text. A question is answered once: what was pressed goes at once.

import { $ } from "./view.js";
import { say } from "./words.js";

export const DOTS = "••••••";  // as the house keeps a secret

export class Choices {
  // `answer(words, {answers, secret})`: the customer has answered the question of this id.
  constructor(answer) {
    this.answer = answer;
    this.asked = {};
    this.done = "";
    this.language = "en";
    $("person").addEventListener("click", () => answer(say(this.language, "person"), {}));
    $("secret").addEventListener("submit", (event) => {
      event.preventDefault();
      const words = $("secret-words").value.trim();
      if (words) answer(words, { answers: this.asked.id, secret: true });
    });
  }

  // Whether what is typed now answers a question for a secret.
  get secret() {
    return this.open && this.asked.secret === true;
  }

  get open() {
    return Boolean(this.asked.id) && this.asked.id !== this.done;
  }

  // How it stands: with a question, the same as before or another one, or with none.
  show(state, language) {
    const isAsked = state.state === "asked";
    const asked = (isAsked && state.asked) || {};
    $("person").hidden = !isAsked;
    if (!asked.id) this.done = "";
    if (asked.id === this.asked.id && language === this.language) return;
    this.asked = asked;
    this.speak(language);
  }

  answered() {
    this.done = this.asked.id ?? "";
    this.speak(this.language);
  }

  speak(language) {
    this.language = language;
    const options = (this.open && this.asked.options) || [];
    const labels = options.map((one) => one.label);
    $("choices").replaceChildren(...labels.map((label) => this.button(label)));
    $("choices").hidden = !labels.length;
    const between = language === "zh" ? "、" : ", ";
    $("choices-said").textContent = labels.length ? say(language, "choices_are", { options: labels.join(between) }) : "";
    $("secret").hidden = !this.secret;
    if (!this.secret) $("secret-words").value = "";
  }

  button(label) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", () => this.answer(label, { answers: this.asked.id }));
    return made;
  }
}

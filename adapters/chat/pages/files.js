// Files: chosen, dropped or pasted, sent one after the other, and fetched again to be saved. The page
// shows none of them, whatever they are: a name, a size, and the browser's own way of saving.

import { random } from "./memory.js";
import { $ } from "./view.js";
import { say } from "./words.js";

const UPLOAD_MS = 200000, FETCH_MS = 60000;

export class Files {
  // `token()`: of the chat that the page is about.
  constructor(view, lines, token) {
    Object.assign(this, { view, lines, token, limits: null, queue: [], request: null });
    lines.save = (file) => this.save(file);
    lines.cleared = () => this.clear();
    $("file").addEventListener("click", () => $("pick").click());
    $("pick").addEventListener("change", () => {
      this.send([...$("pick").files]);
      $("pick").value = "";
    });
    $("words").addEventListener("paste", (event) => this.paste(event));
    for (const kind of ["dragover", "dragleave", "drop"]) window.addEventListener(kind, (event) => this.drag(kind, event));
  }

  // What this house takes: `{bytes, a_chat}`, or null for nothing.
  allow(limits) {
    this.limits = limits;
    $("file").hidden = !limits;
  }

  get able() {
    return Boolean(this.limits) && !$("chat").hidden && !$("tools").hidden;
  }

  // What is copied out of a table comes as words and as a picture: words are meant.
  paste(event) {
    const { files } = event.clipboardData;
    if (!files.length || event.clipboardData.getData("text/plain") || !this.able) return;
    event.preventDefault();
    this.send([...files]);
  }

  // A file that is dropped beside the chat must not be opened in its place.
  drag(kind, event) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    if (kind === "dragover") event.dataTransfer.dropEffect = this.able ? "copy" : "none";
    $("chat").classList.toggle("drop", kind === "dragover" && this.able);
    if (kind === "drop" && this.able) this.send([...event.dataTransfer.files]);
  }

  send(files) {
    for (const file of files) this.add({ id: random(), file });
    this.next();
  }

  add(one) {
    const { language } = this.lines;
    one.item = this.lines.sending(one.id, one.file.name);
    if (one.file.size > this.limits.bytes)
      return this.failed(one, say(language, "file_size", { megabytes: Math.floor(this.limits.bytes / 2 ** 20) }), false);
    one.bar = document.createElement("progress");
    Object.assign(one.bar, { max: 1, value: 0 });
    one.bar.setAttribute("aria-label", say(language, "sending_file", { name: one.file.name }));
    one.item.append(one.bar);
    this.queue.push(one);
  }

  next() {
    const one = this.queue[0];
    if (!one || this.request) return;
    const request = (this.request = new XMLHttpRequest());
    request.open("POST", "chat/files?id=" + one.id);
    request.timeout = UPLOAD_MS;
    request.setRequestHeader("Authorization", "Bearer " + this.token());
    const name = one.file.name.slice(-250).replace(/[\ud800-\udfff]/gu, "");
    request.setRequestHeader("File-Name", encodeURIComponent(name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total) one.bar.value = event.loaded / event.total;
    };
    request.onloadend = () => {
      if (this.request !== request) return;
      this.request = null;
      this.queue.shift();
      this.ended(one, request);
      this.next();
    };
    request.send(one.file);
  }

  ended(one, request) {
    const told = read(request.responseText);
    one.bar.remove();
    if (request.status === 201 && told) return this.lines.add(told);
    const { language } = this.lines;
    const again = ["type", "mixed", "empty", "size", "many", "over"].indexOf(told?.why) < 0;
    this.failed(one, told?.say?.[language] || say(language, "file_lost"), again);
  }

  // Why it did not get through, below its name; and what can be done about it.
  failed(one, why, again) {
    if (!this.lines.failed(one.id)) return;
    one.item.children[2].textContent = why;
    const choices = document.createElement("span");
    choices.className = "choices";
    if (again) choices.append(this.choice("try_again", () => { one.item.remove(); this.add(one); this.next(); }));
    choices.append(this.choice("leave_out", () => one.item.remove()));
    one.item.append(choices);
    this.lines.toEnd();
  }

  choice(key, act) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "quiet", textContent: say(this.lines.language, key) });
    button.addEventListener("click", () => { act(); $("words").focus(); });
    return button;
  }

  clear() {
    this.queue = [];
    const request = this.request;
    this.request = null;
    request?.abort();
  }

  async save(file) {
    this.view.why("chat-why", null);
    try {
      const headers = { Authorization: "Bearer " + this.token() };
      const signal = AbortSignal.timeout(FETCH_MS);
      const answer = await fetch("chat/files/" + encodeURIComponent(file.id), { headers, signal, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const kept = new Blob([await answer.arrayBuffer()], { type: "application/octet-stream" });
      const link = document.createElement("a");
      Object.assign(link, { href: URL.createObjectURL(kept), download: file.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), FETCH_MS);
    } catch {
      this.view.why("chat-why", { why: "fetch" });
    }
  }
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// The file of a line: its name and size, to be saved by a press. `name` null: it is erased.
export function fileButton(language, file, save) {
  const button = document.createElement("button"), size = inWords(language, file.bytes);
  Object.assign(button, { type: "button", className: "file", disabled: file.name === null });
  const name = document.createElement("bdi"), weight = document.createElement("span");
  name.textContent = file.name ?? say(language, "file_gone");
  weight.textContent = " " + size;
  button.append(name, weight);
  if (file.name !== null) button.setAttribute("aria-label", say(language, "save_file", { name: file.name, size }));
  button.addEventListener("click", () => save(file));
  return button;
}

function inWords(language, bytes) {
  const [value, unit] = bytes < 1000 ? [bytes, "B"] : bytes < 1e6 ? [bytes / 1000, "KB"] : [bytes / 1e6, "MB"];
  return value.toLocaleString(language, { maximumFractionDigits: unit === "MB" ? 1 : 0 }) + " " + unit;
}

// The line to the house: opened when it is wanted, opened again when it is lost, later each time.
// What is to be said first (`want`) is said again with every opening; the house does it once.

const FIRST_MS = 500, LONGEST_MS = 20000, UNHEARD_MS = 8000;

export class Link {
  // `heard(frame)`: a frame came; `lost(tries)`: the line is gone, and is tried again.
  constructor(heard, lost) {
    this.heard = heard;
    this.lost = lost;
    this.want = null;
    this.socket = null;
    this.tries = 0;
    this.timer = 0;
    this.answered = false;
    window.addEventListener("online", () => this.now());
    window.addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  // Say this first, now and after every loss; `again()` gives the frame, or null for nothing more.
  begin(again) {
    this.want = again;
    this.tries = 0;
    if (this.socket?.readyState === WebSocket.OPEN) this.first();
    else this.open();
  }

  stop() {
    this.want = null;
    clearTimeout(this.timer);
    this.drop();
  }

  open() {
    clearTimeout(this.timer);
    if (!this.want || (this.socket && this.socket.readyState <= WebSocket.OPEN)) return;
    const address = new URL("chat/socket", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.search = address.hash = "";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => this.first();
    socket.onmessage = (message) => {
      if (this.socket !== socket) return;
      this.answered = true;
      this.heard(JSON.parse(message.data));
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.later();
    };
  }

  first() {
    const frame = this.want?.();
    if (frame) this.say(frame);
    this.expect();
  }

  // False: the line is not open; what matters is said again when it is.
  say(frame) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  // An answer should come: a line on which nothing is heard is given up.
  expect() {
    const socket = this.socket;
    this.answered = false;
    setTimeout(() => {
      if (!this.answered && this.socket === socket) this.drop();
    }, UNHEARD_MS);
  }

  // It works: the next loss is tried again soon.
  well() {
    this.tries = 0;
  }

  // The house cannot answer now: hang up, and try again later.
  again() {
    if (this.socket) this.drop();
    else this.later();
  }

  now() {
    if (this.want && !this.socket) this.open();
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.close();
    this.later();
  }

  later() {
    if (!this.want || this.socket) return;
    this.tries += 1;
    this.lost(this.tries);
    clearTimeout(this.timer);
    const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.tries - 1, 10));
    this.timer = setTimeout(() => this.open(), most * (0.5 + Math.random() / 2));
  }
}

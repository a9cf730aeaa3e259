// Whether the customer looks at the chat, and how we call them when they do not: in the page's title,
// and on the widget's button. The page around the widget learns a number, nothing else.

export const framed = window.parent !== window;

export class Attention {
  // `title()`: the page's own; `back()`: they look again.
  constructor(title, back) {
    this.title = title;
    this.back = back;
    this.unread = 0;
    this.isOpen = !framed;  // the widget says so; a page of its own always is
    document.addEventListener("visibilitychange", () => this.looked());
    if (framed) this.inWidget();
  }

  there() {
    return !document.hidden && this.isOpen;
  }

  // Something has come that they should see.
  want() {
    if (this.there()) return;
    this.unread += 1;
    this.show();
  }

  looked() {
    if (!this.there()) return;
    if (this.unread) {
      this.unread = 0;
      this.show();
    }
    this.back();
  }

  show() {
    document.title = (this.unread ? `(${this.unread}) ` : "") + this.title();
    if (framed) window.parent.postMessage({ hotline: "unread", count: this.unread }, "*");
  }

  inWidget() {
    const close = document.getElementById("close");
    const leave = () => window.parent.postMessage({ hotline: "close" }, "*");
    close.hidden = false;
    close.addEventListener("click", leave);
    document.addEventListener("keydown", (event) => event.key === "Escape" && !event.isComposing && leave());
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent || typeof event.data?.hotline !== "string") return;
      this.isOpen = event.data.hotline === "opened";
      this.looked();
    });
  }
}

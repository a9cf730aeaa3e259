// The chat on a page of the house: <script src="URL/chat/widget.js" data-queue="support" data-language="zh" async></script>
//
// A button, and a frame that holds our own page. What is said in the frame is out of reach of the
// page around it and of everything that the page loads.
(() => {
  const script = document.currentScript;
  if (!script || document.getElementById("hotline-chat")) return;
  const address = new URL("../chat", script.src);
  const { queue, language } = script.dataset;
  const wanted = [language, document.documentElement.lang, ...navigator.languages].filter(Boolean);
  const known = wanted.map((one) => one.slice(0, 2).toLowerCase()).find((one) => one === "zh" || one === "en") ?? "en";
  const words = {
    zh: { open: "在线客服", close: "收起聊天", unread: (count) => `在线客服，${count} 条未读` },
    en: { open: "Chat with us", close: "Close the chat", unread: (count) => `Chat with us, ${count} unread` },
  }[known];
  if (queue) address.searchParams.set("queue", queue);
  address.searchParams.set("language", known);

  const OPEN = "hotline-chat-open";
  const remember = (on) => {
    try {
      on ? sessionStorage.setItem(OPEN, "1") : sessionStorage.removeItem(OPEN);
    } catch { /* it is closed on the next page, that is all */ }
  };
  const wasOpen = () => {
    try {
      return sessionStorage.getItem(OPEN) === "1";
    } catch {
      return false;
    }
  };

  const host = document.createElement("div");
  host.id = "hotline-chat";
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();  // in pixels: the page around it may have any size of letters
  sheet.replaceSync(`
    :host { all: initial; }
    button { position: fixed; right: 16px; bottom: 16px; z-index: 2147483646; display: flex; gap: 8px; align-items: center;
      border: 2px solid #fff; border-radius: 32px; padding: 12px 18px; cursor: pointer;
      font: 600 16px/1.25 system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif;
      color: #fff; background: #0a5a6b; box-shadow: 0 4px 16px rgb(0 0 0 / .25); }
    button:hover { background: #084755; }
    button:focus-visible { outline: 3px solid #0a5a6b; outline-offset: 3px; }
    svg { width: 20px; height: 20px; flex: none; }
    b { min-width: 20px; padding: 0 4px; border-radius: 16px; background: #b3261e; text-align: center; font-size: 14px; }
    b[hidden], iframe[hidden], button[hidden] { display: none; }
    iframe { position: fixed; right: 16px; bottom: 16px; z-index: 2147483647; width: min(384px, calc(100vw - 32px));
      height: min(608px, calc(100vh - 32px)); border: 0; border-radius: 14px; background: #fff;
      box-shadow: 0 8px 40px rgb(0 0 0 / .3); color-scheme: light; }
    @media (max-width: 480px) { iframe { inset: 0; width: 100%; height: 100%; border-radius: 0; } }
    @media (prefers-reduced-motion: no-preference) { button { transition: background .15s; } }
    @media print { button, iframe { display: none; } }`);
  root.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  const label = document.createElement("span");
  const badge = document.createElement("b");
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  path.setAttribute("fill", "currentColor");
  path.setAttribute("d", "M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-8l-5 4.5V17H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2Z");
  picture.append(path);
  button.type = "button";
  button.lang = known === "zh" ? "zh-CN" : "en";
  button.setAttribute("aria-expanded", "false");
  label.textContent = words.open;
  badge.hidden = true;
  badge.setAttribute("aria-hidden", "true");
  button.append(picture, label, badge);
  root.append(button);
  document.body.append(host);

  let frame = null;
  const tell = (what) => frame?.contentWindow?.postMessage({ hotline: what }, address.origin);

  function open(focus) {
    if (!frame) {
      frame = document.createElement("iframe");
      frame.title = words.open;
      frame.referrerPolicy = "no-referrer";
      frame.src = address.href;
      frame.addEventListener("load", () => tell(frame.hidden ? "closed" : "opened"));
      root.append(frame);
    }
    frame.hidden = false;
    button.hidden = true;
    button.setAttribute("aria-expanded", "true");
    remember(true);
    count(0);
    tell("opened");
    if (focus) frame.focus();
  }

  function close() {
    frame.hidden = true;
    button.hidden = false;
    button.setAttribute("aria-expanded", "false");
    remember(false);
    tell("closed");
    button.focus();
  }

  function count(unread) {
    badge.hidden = !unread;
    badge.textContent = unread > 9 ? "9+" : String(unread);
    unread ? button.setAttribute("aria-label", words.unread(unread)) : button.removeAttribute("aria-label");
  }

  button.addEventListener("click", () => open(true));
  window.addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== address.origin) return;
    if (event.data?.hotline === "close") close();
    if (event.data?.hotline === "unread") count(Number(event.data.count) || 0);
  });
  if (wasOpen()) open(false);
})();

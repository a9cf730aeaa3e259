// What the browser keeps: who the customer is (a token), and what is not delivered yet. The token is
// in localStorage, so that a reload goes on with the chat; words only in sessionStorage, which ends
// with the tab. Where a browser allows neither, both last as long as the page.

const CHAT = "hotline-chat", UNSENT = "hotline-chat-unsent", DRAFT = "hotline-chat-message";
const inPage = new Map();

function shelf(name) {
  try {
    const found = window[name];
    found.setItem("hotline-try", "1");
    found.removeItem("hotline-try");
    return found;
  } catch {
    return { getItem: (key) => inPage.get(key) ?? null, setItem: (key, text) => inPage.set(key, text),
             removeItem: (key) => inPage.delete(key) };
  }
}

const long = shelf("localStorage"), short = shelf("sessionStorage");

function read(where, key) {
  try {
    return JSON.parse(where.getItem(key)) ?? null;
  } catch {
    return null;
  }
}

function keep(where, key, value) {
  try {
    where.setItem(key, JSON.stringify(value));
  } catch {
    inPage.set(key, JSON.stringify(value));  // the disk is full: the chat goes on all the same
  }
}

// The chat of this browser: `{token, rated}`; null: none.
export const chat = {
  read() {
    const found = read(long, CHAT);
    return found && /^[\w-]{22}$/.test(found.token) ? found : null;
  },
  keep: (value) => keep(long, CHAT, value),
  forget() {
    long.removeItem(CHAT);
    short.removeItem(UNSENT);
  },
};

// Lines that are not delivered yet: `[{id, words}]`. Secrets are kept nowhere: a reload forgets them.
export const unsent = {
  read() {
    const found = read(short, UNSENT);
    return Array.isArray(found) ? found : [];
  },
  keep: (lines) => keep(short, UNSENT, lines.filter((one) => !one.secret)),
};

// A message that is being written, and has not been taken yet: `{name, number, mail, words, text,
// sent, closed}`.
export const draft = {
  read() {
    const found = read(short, DRAFT);
    return found && typeof found === "object" ? found : null;
  },
  keep: (value) => keep(short, DRAFT, value),
  forget: () => short.removeItem(DRAFT),
};

// 128 random bits, as text.
export function random() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").slice(0, 22);
}

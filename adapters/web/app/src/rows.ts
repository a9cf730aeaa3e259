// One list of everything that an agent has: calls, chats and messages, from the offer to the end of wrap-up.
// Pure: from what the API answered to what the page shows.

import type { Chat, ChatList, ChatOffer, Message, Work, WorkItem } from "./shapes";

const ON_THE_PHONE = ["voice", "callback", "outgoing"];
const MESSAGES = ["message", "mail"]; // mail: during wrap-up, when only the medium is known

export type Stage = "rings" | "served" | "held" | "wrap-up" | "over";

export interface Row {
  reference: string;
  kind: "call" | "chat" | "message";
  stage: Stage;
  channel: string;
  queue: string;
  class: string;
  language: string;
  offer: string;
  since: number | null; // milliseconds since 1970
  until: number | null; // of ringing, or of wrap-up
  unread: number;
  name: string;
  cameByPhone: boolean;
  /** Who is being asked to take this chat over. */
  asked: string;
  owes: boolean;
  /** Of a message: milliseconds since 1970. */
  promisedBy: number | null;
  /** Why this one. */
  rule: string;
  /** The engine's own line for it, in English; empty: none. */
  why: string;
  waited: number | null;
  credit: number;
}

/** Milliseconds since 1970. */
export function moment(at: string | null | undefined): number | null {
  const found = at ? Date.parse(at) : NaN;
  return Number.isFinite(found) ? found : null;
}

export interface Known {
  work: Work | null;
  list: ChatList;
  read: Record<string, number>;
  names: Record<string, string>;
}

/** What rings first, then what is served, then what is over; the oldest first among equals. */
export function rowsOf(known: Known): Row[] {
  const { work, list, read, names } = known;
  const rows = new Map<string, Row>();
  for (const item of work?.items ?? []) {
    if (rows.has(item.reference) && item.state === "wrap-up") continue;
    rows.set(item.reference, { ...fromWork(item), name: names[item.reference] ?? "" });
  }
  for (const offer of list.offers) {
    const row = rows.get(offer.contact) ?? fromOffer(offer);
    const rule = offer.why === "consult" ? "handed on" : row.rule;
    rows.set(offer.contact, { ...row, kind: "chat", rule, name: offer.name, cameByPhone: offer.origin === "phone" });
  }
  for (const chat of list.chats) {
    const row = rows.get(chat.contact) ?? fromChat(chat);
    rows.set(chat.contact, withChat(row, chat, read[chat.contact] ?? 0));
  }
  for (const message of list.messages) {
    const row = rows.get(message.contact) ?? fromMessage(message);
    rows.set(message.contact, { ...row, kind: "message", name: message.name ?? "", promisedBy: moment(message.promised_by) });
  }
  return [...rows.values()].sort(byStageThenTime);
}

const ORDER: Stage[] = ["rings", "served", "held", "wrap-up", "over"];

function byStageThenTime(a: Row, b: Row): number {
  return ORDER.indexOf(a.stage) - ORDER.indexOf(b.stage) || (a.since ?? 0) - (b.since ?? 0);
}

function fromWork(item: WorkItem): Row {
  const wraps = item.state === "wrap-up";
  return {
    ...blank(item.reference, item.queue, item.offer),
    kind: kindOf(item.channel),
    stage: stageOf(item.state),
    channel: item.channel,
    class: item.class,
    language: item.language,
    since: moment(item.since),
    until: moment(wraps ? item.until : item.rings_until),
    owes: item.owes,
    promisedBy: moment(item.promised_by),
    rule: item.rule,
    why: item.why,
    waited: item.waited,
    credit: item.credit ?? 0,
  };
}

function fromOffer(offer: ChatOffer): Row {
  return {
    ...blank(offer.contact, offer.queue, offer.offer),
    kind: "chat",
    stage: "rings",
    channel: "chat",
    language: offer.language,
    until: moment(offer.rings_until),
    rule: offer.why,
  };
}

function fromChat(chat: Chat): Row {
  const row = blank(chat.contact, chat.queue, chat.offer);
  return { ...row, kind: "chat", stage: stageOf(chat.state), channel: "chat", since: moment(chat.since) };
}

function withChat(row: Row, chat: Chat, read: number): Row {
  return {
    ...row,
    kind: "chat",
    language: chat.language || row.language,
    name: chat.name,
    cameByPhone: chat.origin === "phone",
    asked: chat.asked ?? "",
    unread: row.stage === "rings" ? 0 : Math.max(0, chat.last - read),
  };
}

function fromMessage(message: Message): Row {
  const row = blank(message.contact, message.queue, message.offer);
  const stage = message.rings ? "rings" : "served";
  return { ...row, kind: "message", stage, channel: "message", until: moment(message.rings_until) };
}

function kindOf(channel: string): Row["kind"] {
  if (MESSAGES.includes(channel)) return "message";
  return channel && !ON_THE_PHONE.includes(channel) ? "chat" : "call";
}

function blank(reference: string, queue: string, offer: string): Row {
  return {
    reference, queue, offer,
    kind: "call", stage: "served", channel: "", class: "", language: "",
    since: null, until: null, unread: 0, name: "", cameByPhone: false, asked: "",
    owes: false, promisedBy: null, rule: "", why: "", waited: null, credit: 0,
  };
}

function stageOf(state: string): Stage {
  if (state === "ringing" || state === "offered") return "rings";
  if (state === "held" || state === "parked") return "held";
  if (state === "wrap-up" || state === "after") return "wrap-up";
  return state === "over" || state === "ended" ? "over" : "served";
}

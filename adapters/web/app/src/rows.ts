// One list of everything that an agent has: calls and chats, from the offer to the end of wrap-up.
// Pure: from what the API answered to what the page shows.

import type { Chat, ChatList, ChatOffer, Work, WorkItem } from "./shapes";

const ON_THE_PHONE = ["voice", "callback", "outgoing"];

export type Stage = "rings" | "served" | "held" | "wrap-up" | "over";

export interface Row {
  reference: string;
  kind: "call" | "chat";
  stage: Stage;
  channel: string;
  queue: string;
  class: string;
  language: string;
  offer: string;
  since: number | null; // milliseconds since 1970
  until: number | null; // of ringing, or of wrap-up
  unread: number;
  customer: string | null;
  cameByPhone: boolean;
  typing: boolean;
  owes: boolean;
  /** Why this one: from the engine where it tells, else the core's own words. */
  rule: string;
  waited: number | null;
  credit: number;
  why: string;
}

/** Milliseconds since 1970; the API has times as text, the core as seconds. */
export function moment(at: string | number | null | undefined): number | null {
  if (at === null || at === undefined || at === "") return null;
  const found = typeof at === "number" ? at * 1000 : Date.parse(at);
  return Number.isFinite(found) ? found : null;
}

/** What rings first, then what is served, then what is over; the oldest first among equals. */
export function rowsOf(work: Work | null, list: ChatList, read: Record<string, number>): Row[] {
  const chats = new Map(list.chats.map((chat) => [chat.contact, chat]));
  const offers = new Map(list.offers.map((offer) => [offer.contact, offer]));
  const rows = new Map<string, Row>();
  for (const item of work?.items ?? []) {
    if (rows.has(item.reference) && item.state === "wrap-up") continue;
    rows.set(item.reference, fromWork(item, offers.get(item.reference)));
  }
  for (const offer of list.offers) {
    if (!rows.has(offer.contact)) rows.set(offer.contact, fromOffer(offer));
  }
  for (const chat of list.chats) {
    const row = rows.get(chat.contact) ?? fromChat(chat);
    rows.set(chat.contact, withChat(row, chat, read[chat.contact] ?? 0));
  }
  for (const row of rows.values()) {
    if (row.kind === "call" && (chats.has(row.reference) || offers.has(row.reference))) row.kind = "chat";
  }
  return [...rows.values()].sort(byStageThenTime);
}

const ORDER: Stage[] = ["rings", "served", "held", "wrap-up", "over"];

function byStageThenTime(a: Row, b: Row): number {
  return ORDER.indexOf(a.stage) - ORDER.indexOf(b.stage) || (a.since ?? 0) - (b.since ?? 0);
}

function fromWork(item: WorkItem, offer: ChatOffer | undefined): Row {
  const wraps = item.state === "wrap-up";
  return {
    ...blank(item.reference, item.queue, item.offer),
    kind: item.channel && !ON_THE_PHONE.includes(item.channel) ? "chat" : "call",
    stage: stageOf(item.state),
    channel: item.channel,
    class: item.class,
    language: item.language,
    since: moment(item.since),
    until: moment(wraps ? item.until : item.rings_until),
    owes: item.owes,
    rule: item.rule,
    waited: item.waited,
    credit: item.credit ?? 0,
    why: offer ? inWords(offer.why) : "",
  };
}

function fromOffer(offer: ChatOffer): Row {
  return {
    ...blank(offer.contact, offer.queue, offer.offer),
    kind: "chat",
    stage: "rings",
    channel: "chat",
    until: moment(offer.rings_until),
    why: inWords(offer.why),
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
    customer: chat.customer || null,
    cameByPhone: chat.origin === "phone",
    typing: chat.typing === true,
    unread: row.stage === "rings" ? 0 : Math.max(0, chat.last - read),
  };
}

function blank(reference: string, queue: string, offer: string): Row {
  return {
    reference, queue, offer,
    kind: "call", stage: "served", channel: "", class: "", language: "",
    since: null, until: null, unread: 0, customer: null, cameByPhone: false, typing: false,
    owes: false, rule: "", waited: null, credit: 0, why: "",
  };
}

function stageOf(state: string): Stage {
  if (state === "ringing" || state === "offered") return "rings";
  if (state === "held" || state === "parked") return "held";
  if (state === "wrap-up" || state === "after") return "wrap-up";
  return state === "over" || state === "ended" ? "over" : "served";
}

function inWords(why: unknown): string {
  if (typeof why === "string") return why;
  const line = (why as { line?: unknown } | null)?.line;
  return typeof line === "string" ? line : "";
}

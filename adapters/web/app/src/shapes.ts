// What the API answers, as far as the page reads it. Times are RFC 3339 in UTC, lengths are seconds.

export interface Agent {
  id: string;
  state: string; // logged off, not ready, ready, offered, talking, wrap-up
  since: string;
  reason: string;
  phone: string; // reachable, out of reach
  queues: string[];
  reference: string | null;
}

export interface WorkItem {
  id: string | null; // con_...
  reference: string;
  offer: string;
  state: string;
  channel: string;
  queue: string;
  class: string;
  language: string;
  since: string | null;
  rings_until: string | null;
  waited: number | null;
  credit: number | null;
  rule: string;
  why: string; // the engine's own line; may be empty
  promised_by: string | null; // of a message
  until: string | null;
  owes: boolean;
}

export interface Work {
  agent: Agent;
  own_queues: string[];
  then: "" | "break" | "log off";
  until: string | null;
  items: WorkItem[];
}

export interface ChatOffer {
  offer: string;
  contact: string;
  queue: string;
  rings_until: string | null;
  language: string;
  name: string; // what the customer wants to be called; may be empty
  origin: string; // chat, phone
  why: string; // the rule by which it came
}

export interface Chat {
  contact: string;
  state: string; // offered, served, over, ...
  queue: string;
  language: string;
  last: number;
  since: string | null;
  offer: string;
  name: string;
  origin: string;
  asked: string; // the agent who is being asked to take it over; may be empty
}

export interface Message {
  contact: string;
  offer: string;
  queue: string;
  language: string;
  left_at: string;
  promised_by: string;
  rings: boolean;
  rings_until: string | null;
  answered: boolean;
  name: string | null; // null while it rings, and once it is erased
  number: string | null;
  mail: string | null;
  words: string | null;
  ways: string[]; // text, call, note
}

/** What may be sent beside words. */
export interface FileLimits {
  bytes: number;
  a_chat: number;
}

export interface SentFile {
  id: string;
  name: string | null; // null: it is erased
  type: string;
  bytes: number;
}

export interface ChatList {
  offers: ChatOffer[];
  chats: Chat[];
  messages: Message[];
  files?: FileLimits | null;
}

export interface Line {
  number: number;
  who: "customer" | "agent" | "house";
  agent: string;
  at: string;
  words: string | null;
  phrase: string | null;
  values: Record<string, unknown>;
  file?: SentFile | null;
}

export interface Lines {
  items: Line[];
  next: string | null;
  typing: string[]; // who types: customer, agent
  read: number; // the last line that the customer has seen; 0: not known
}

export interface LiveEvent {
  seq: number;
  at: string;
  kind: string;
  who: string;
  contact: string | null;
  ticket: string | null;
  data: Record<string, unknown>;
  text: string | null;
}

export interface Contact {
  id: string;
  reference: string;
  customer: string | null;
  ticket: string | null;
  channel: string;
  queue: string;
  class: string;
  language: string;
  started_at: string;
}

export interface Choice {
  reference: string;
  queue: string;
  given: string | null;
  needed_until: string | null;
  dispositions: Record<string, Record<string, string>>;
}

export interface Queue {
  id: string;
  waiting: number;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface StoryPage extends Page<LiveEvent> {
  before: string | null; // con_...: the contact from which this one goes on
}

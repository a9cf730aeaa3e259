// What happened to a contact before, from its timeline: what agents want to know, and no more. Pure.

import { moment } from "./rows";
import type { LiveEvent } from "./shapes";

export interface Told {
  name: string;
  value: string;
}

export interface Moment {
  seq: number;
  at: number | null;
  kind: string;
  values: Record<string, unknown>;
  /** What somebody wrote about it, as it is. */
  text: string;
  /** Who said that text in a chat; empty: it is no line of a chat. */
  by: string;
}

const SHOWN = new Set([
  "call_started", "arrived", "step_taken", "message_left", "number_left", "callback_promised",
  "pass_issued", "pass_redeemed", "offer_answered", "transferred", "parked", "disposed",
  "chat_begun", "chat_ended", "caller_proved", "also_online", "answer_promised", "message_answered", "became_live",
]);
const WRITTEN = new Set(["ticket_noted", "comment", "text_received", "text_queued"]);

/** What the customer has keyed or said already, the last word of each name. */
export function collected(story: readonly LiveEvent[]): Told[] {
  const found = new Map<string, string>();
  for (const event of story) {
    if (event.kind !== "values_told" || !event.text) continue;
    for (const line of event.text.split("\n")) {
      const colon = line.indexOf(": ");
      if (colon > 0) found.set(line.slice(0, colon), line.slice(colon + 2));
    }
  }
  return [...found].map(([name, value]) => ({ name, value }));
}

/** What counts as proved of who they are, in the channel where they are; null: nothing was said of it. */
export function proved(story: readonly LiveEvent[]): string | null {
  const last = story.findLast((event) => event.kind === "caller_proved" || event.kind === "pass_redeemed");
  return last ? String(last.data.level ?? "no") : null;
}

/** Whether somebody with the number of this call waits online, too. */
export function isAlsoOnline(story: readonly LiveEvent[]): boolean {
  return story.some((event) => event.kind === "also_online");
}

/** `lines`: with what was written in a chat, where the chat itself is not in sight. */
export function moments(story: readonly LiveEvent[], lines: boolean): Moment[] {
  const isWritten = (kind: string) => WRITTEN.has(kind) || (lines && kind === "chat_said");
  return story
    .filter((event) => SHOWN.has(event.kind) || (isWritten(event.kind) && event.text))
    .map((event) => ({
      seq: event.seq,
      at: moment(event.at),
      kind: event.kind === "message_left" && event.data.origin === "chat" ? "message_written" : event.kind,
      values: { ...event.data, who: event.who },
      text: event.text ?? "",
      by: event.kind === "chat_said" ? event.who : "",
    }));
}

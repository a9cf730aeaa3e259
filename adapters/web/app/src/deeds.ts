// What the agent does. Every deed is asked of the API; what it refuses is shown in its words.

import { newId, Refused } from "./api";
import { chatPath, type Desk, type Pending } from "./desk";
import { NotTaken, save, upload } from "./files";
import type { Row } from "./rows";
import type { SentFile } from "./shapes";
import { say } from "./words";

const TYPING_EVERY_MS = 3000;

export class Deeds {
  private typedAt: Record<string, number> = {};

  constructor(private readonly desk: Desk) {}

  private get me(): string {
    return `agents/${encodeURIComponent(this.desk.agent)}`;
  }

  // --- the state

  logIn(queues: string[], ready: boolean): Promise<boolean> {
    return this.act(`${this.me}/login`, { queues, ready });
  }

  ready(): Promise<boolean> {
    return this.act(`${this.me}/ready`);
  }

  pause(reason: string): Promise<boolean> {
    return this.act(`${this.me}/pause`, { reason });
  }

  logOut(): Promise<boolean> {
    return this.act(`${this.me}/logout`);
  }

  dispose(code: string, contact: string): Promise<boolean> {
    return this.act(`${this.me}/talk/disposition`, { code, contact });
  }

  // --- chats

  async accept(row: Row): Promise<void> {
    await this.act(`${this.me}/chats/${encodeURIComponent(row.offer)}/accept`);
    this.choose(row.reference);
  }

  decline(row: Row): Promise<boolean> {
    return this.act(`${this.me}/chats/${encodeURIComponent(row.offer)}/decline`);
  }

  // --- messages

  /** By a text, or as a note of how it was answered; the same answer is never given twice. */
  async answer(reference: string, how: string, words: string): Promise<boolean> {
    const id = newId();
    return this.act(`${messagePath(reference)}/answers`, { agent: this.desk.agent, id, how, words });
  }

  async messageDeed(reference: string, deed: "call" | "close" | "transfer", more = {}): Promise<void> {
    await this.act(`${messagePath(reference)}/${deed}`, { agent: this.desk.agent, ...more });
  }

  choose(reference: string): void {
    this.desk.state.chosen = reference;
    this.desk.markRead(reference);
  }

  close(reference: string): Promise<boolean> {
    return this.act(`${chatPath(reference)}/close`, { agent: this.desk.agent });
  }

  /** At once to a queue; or an agent is asked, and until they accept it is ours. */
  transfer(reference: string, to: { queue: string } | { to_agent: string }): Promise<boolean> {
    return this.act(`${chatPath(reference)}/transfer`, { agent: this.desk.agent, ...to });
  }

  /** Shown at once as under way; the same line is never written twice, however often it is sent. */
  async say(reference: string, words: string): Promise<void> {
    const line: Pending = { id: newId(), words, failed: false };
    const { pending } = this.desk.state;
    pending[reference] = [...(pending[reference] ?? []), line];
    this.typedAt[reference] = 0;
    await this.send(reference, line.id);
  }

  /** One after the other; each is shown at once, with how far it is. */
  async sendFiles(reference: string, files: File[]): Promise<void> {
    const { pending, list } = this.desk.state;
    const most = list.files?.bytes ?? 0;
    const why = say("fileSize", { megabytes: Math.floor(most / 2 ** 20) });
    const lines = files.map((file): Pending => {
      const line = { id: newId(), words: file.name, failed: false, file, part: 0 };
      return file.size > most ? { ...line, failed: true, final: true, why } : line;
    });
    pending[reference] = [...(pending[reference] ?? []), ...lines];
    for (const line of lines) if (!line.failed) await this.send(reference, line.id);
  }

  /** Lines that did not get through, once more and in their order. */
  async sendAgain(reference: string): Promise<void> {
    for (const line of [...(this.desk.state.pending[reference] ?? [])])
      if (line.failed && !line.final) await this.send(reference, line.id);
  }

  leaveOut(reference: string, id: string): void {
    const { pending } = this.desk.state;
    pending[reference] = (pending[reference] ?? []).filter((line) => line.id !== id);
  }

  async saveFile(file: SentFile): Promise<void> {
    this.desk.state.refusal = "";
    try {
      await save(this.desk.api, file);
    } catch (error) {
      if (error instanceof Refused && error.status === 404) this.desk.state.refusal = say("fileErased");
      else this.desk.note(error);
    }
  }

  typing(reference: string, on: boolean): void {
    const now = Date.now();
    const last = this.typedAt[reference] ?? 0;
    if (on ? now - last < TYPING_EVERY_MS : last === 0) return;
    this.typedAt[reference] = on ? now : 0;
    const body = { agent: this.desk.agent, on };
    void this.desk.api.post(`${chatPath(reference)}/typing`, body).catch(() => undefined);
  }

  private async send(reference: string, id: string): Promise<void> {
    const { pending } = this.desk.state;
    const mine = () => (pending[reference] ?? []).find((line) => line.id === id);
    const line = mine();
    if (!line) return;
    line.failed = false;
    line.why = undefined;
    try {
      await this.write(reference, line, (part) => {
        const still = mine();
        if (still) still.part = part;
      });
      await this.desk.readLines(reference);
      pending[reference] = (pending[reference] ?? []).filter((other) => other.id !== id);
    } catch (error) {
      const still = mine();
      if (still) still.failed = true;
      if (!(still && error instanceof NotTaken)) return this.desk.note(error);
      Object.assign(still, { why: error.message, final: error.final });
    }
  }

  private async write(reference: string, line: Pending, told: (part: number) => void): Promise<void> {
    const { agent, api } = this.desk;
    if (line.file) {
      const query = new URLSearchParams({ agent, id: line.id });
      return upload(api, `${chatPath(reference)}/files?${query}`, line.file, told);
    }
    await api.post(`${chatPath(reference)}/lines`, { agent, id: line.id, words: line.words });
  }

  /** A deed; asked once more by the same key if no answer came. Whether it is done. */
  private async act(path: string, body?: unknown): Promise<boolean> {
    const { api, state } = this.desk;
    const key = newId();
    state.refusal = "";
    let done = false;
    try {
      try {
        await api.post(path, body, key);
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 0) throw error;
        await api.post(path, body, key);
      }
      done = true;
    } catch (error) {
      this.desk.note(error);
    }
    await this.desk.refresh();
    return done;
  }
}

function messagePath(reference: string): string {
  return `messages/${encodeURIComponent(reference)}`;
}

// Live events by a stream that is taken up again where it broke: nothing is missed, nothing twice.
// (`EventSource` cannot send the token, so the stream is read by fetch.)

import type { LiveEvent } from "./shapes";

const SILENT_SECONDS = 40; // the server says something every 15
const LONGEST_PAUSE_SECONDS = 10;

export interface Listener {
  event(event: LiveEvent): void;
  /** The stream is up: first of all, and again each time it was down. */
  up(): void;
  down(): void;
  /** The token is not taken any more. */
  denied(): void;
}

export class Live {
  private after: number | null = null;
  private stopped = false;
  private now: AbortController | null = null;
  private wake: (() => void) | null = null;

  constructor(
    private readonly headers: Record<string, string>,
    private readonly listener: Listener,
  ) {}

  stop(): void {
    this.stopped = true;
    this.now?.abort();
    this.wake?.();
  }

  /** Try again at once instead of after the pause. */
  hurry(): void {
    this.wake?.();
  }

  async run(): Promise<void> {
    let failures = 0;
    while (!this.stopped) {
      const worked = await this.listen();
      if (this.stopped) return;
      this.listener.down();
      failures = worked ? 0 : failures + 1;
      const pause = Math.min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** failures);
      await this.rest(pause * (0.75 + Math.random() / 2));
    }
  }

  private rest(seconds: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, seconds * 1000);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  /** One connection, until it ends; whether it was one. */
  private async listen(): Promise<boolean> {
    const control = (this.now = new AbortController());
    const place = this.after === null ? "" : `?after=${this.after}`;
    let silence = setTimeout(() => control.abort(), SILENT_SECONDS * 1000);
    try {
      const init = { headers: this.headers, signal: control.signal, cache: "no-store" as const };
      const answer = await fetch(`/api/v1/events${place}`, init);
      if (!this.taken(answer) || !answer.body) return false;
      this.listener.up();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return true;
        clearTimeout(silence);
        silence = setTimeout(() => control.abort(), SILENT_SECONDS * 1000);
        rest = this.frames(rest + value);
      }
    } catch {
      return false;
    } finally {
      clearTimeout(silence);
    }
  }

  private taken(answer: Response): boolean {
    if (answer.status === 401) {
      this.stopped = true;
      this.listener.denied();
    }
    if (answer.status === 409) this.after = null; // the database is another: begin anew
    return answer.ok;
  }

  /** Tells every whole frame; what is left of the last one. */
  private frames(text: string): string {
    const frames = text.split("\n\n");
    const rest = frames.pop() ?? "";
    for (const frame of frames) {
      const data = frame.split("\n").filter((line) => line.startsWith("data:"));
      if (data.length) this.tell(data.map((line) => line.slice(5).trim()).join("\n"));
    }
    return rest;
  }

  private tell(data: string): void {
    let event: LiveEvent;
    try {
      event = JSON.parse(data) as LiveEvent;
    } catch {
      return;
    }
    if (typeof event.seq === "number") this.after = event.seq;
    this.listener.event(event);
  }
}

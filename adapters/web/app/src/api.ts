// Requests to the API under the agent's session. Every one has a deadline; what fails says how.

const SECONDS = 10;

/** `status` 0: no answer came at all. `message` is the server's own sentence. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** Whether the same request may succeed later, unchanged. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Api {
  /** How far the server's clock is ahead of ours, in milliseconds. */
  ahead = 0;

  constructor(private readonly token: string) {}

  get headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.token}` };
  }

  get<T>(path: string): Promise<T> {
    return this.ask<T>(path, { method: "GET" });
  }

  /** `key`: the same key again is done once and answered alike. */
  post<T>(path: string, body?: unknown, key?: string): Promise<T> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (key) headers["Idempotency-Key"] = key;
    return this.ask<T>(path, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
  }

  /** Said while the page goes away; nobody waits for the answer. */
  farewell(path: string, body: unknown): void {
    const headers = { ...this.headers, "Content-Type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body), keepalive: true };
    fetch(`/api/v1/${path}`, init).catch(() => undefined);
  }

  private async ask<T>(path: string, init: RequestInit): Promise<T> {
    const headers = { ...this.headers, ...(init.headers as Record<string, string>) };
    const signal = AbortSignal.timeout(SECONDS * 1000);
    let answer: Response;
    try {
      answer = await fetch(`/api/v1/${path}`, { ...init, headers, signal, cache: "no-store" });
    } catch {
      throw new Refused(0, "");
    }
    this.noteClock(answer.headers.get("date"));
    if (!answer.ok) throw new Refused(answer.status, await sentence(answer));
    return (await answer.json()) as T;
  }

  private noteClock(date: string | null): void {
    const now = date ? Date.parse(date) : NaN;
    // the header has whole seconds: what is less than two apart is no difference
    const ahead = now + 500 - Date.now();
    if (Number.isFinite(ahead)) this.ahead = Math.abs(ahead) < 2000 ? 0 : ahead;
  }
}

async function sentence(answer: Response): Promise<string> {
  try {
    const told = (await answer.json()) as { detail?: unknown };
    return typeof told.detail === "string" ? told.detail : "";
  } catch {
    return "";
  }
}

/** Random, also where the page came without TLS and `randomUUID` is not there. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

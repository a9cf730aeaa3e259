// What the agent sees, kept true: asked for anew whenever a live event is about it, and now and then.

import { computed, reactive } from "vue";
import { Api, Refused } from "./api";
import type { Upload } from "./files";
import { Live } from "./live";
import { Past } from "./past";
import { rowsOf, type Row } from "./rows";
import type { Session } from "./session";
import type { Agent, ChatList, Choice, Contact, Line, Lines, LiveEvent, Page, Queue, Work } from "./shapes";

const LOOK_AGAIN_SECONDS = 20; // should an event ever be missed
const GRACE_SECONDS = 2; // a line that is back so soon was no trouble
const GLANCE_SECONDS = 3; // who types, and who has read, comes with no event
const NO_CHATS: ChatList = { offers: [], chats: [], messages: [] };

export interface Pending extends Upload {
  id: string;
  words: string; // or the name of the file
  failed: boolean;
}

export interface State {
  work: Work | null;
  list: ChatList;
  /** Whether this site has chats at all; null until known. */
  hasChats: boolean | null;
  lines: Record<string, Line[]>;
  pending: Record<string, Pending[]>;
  drafts: Record<string, string>;
  read: Record<string, number>; // up to where the agent has
  seen: Record<string, number>; // up to where the customer has
  typing: Record<string, boolean>; // the customer
  names: Record<string, string>; // what customers want to be called, also after the end
  contacts: Record<string, Contact>;
  stories: Record<string, LiveEvent[]>;
  earlier: Record<string, LiveEvent[]>; // of the contacts from which these go on
  choice: Choice | null;
  queues: string[];
  /** Who else there is. */
  agents: string[];
  chosen: string | null;
  /** The last deed that was refused, in the server's words; "" is none. */
  refusal: string;
  line: boolean; // we reach the web service
  core: boolean; // it reaches the core
  phones: boolean; // the core reaches Asterisk
  now: number; // the server's clock
}

export class Desk {
  readonly api: Api;
  readonly state: State;
  readonly rows = computed<Row[]>(() => rowsOf(this.state));
  readonly chosen = computed<Row | null>(
    () => this.rows.value.find((row) => row.reference === this.state.chosen) ?? null,
  );
  private readonly live: Live;
  private readonly past: Past;
  private timers: number[] = [];
  private looking = false;
  private lookAgain = false;
  private soon = 0;
  private downSince = 0;
  private streams = false;

  constructor(
    readonly session: Session,
    private readonly denied: () => void,
  ) {
    this.api = new Api(session.token);
    this.state = reactive<State>({
      work: null, list: NO_CHATS, hasChats: null, lines: {}, pending: {}, drafts: {}, read: {},
      seen: {}, typing: {}, names: {}, contacts: {}, stories: {}, earlier: {}, choice: null, queues: [], agents: [], chosen: null,
      refusal: "", line: true, core: true, phones: true, now: Date.now(),
    });
    this.past = new Past(this.api, this.state);
    this.live = new Live(this.api.headers, {
      event: (event) => this.hear(event),
      up: () => this.up(),
      down: () => {
        this.streams = false;
        this.downSince ||= Date.now();
      },
      denied,
    });
  }

  get agent(): string {
    return this.session.agent;
  }

  begin(): void {
    void this.live.run();
    void this.refresh();
    const every = (seconds: number, what: () => void) =>
      this.timers.push(window.setInterval(what, seconds * 1000));
    every(1, () => this.tick());
    every(GLANCE_SECONDS, () => void this.glance());
    every(LOOK_AGAIN_SECONDS, () => this.refreshSoon());
    void this.api.get<Page<Queue>>("queues").then(
      (page) => (this.state.queues = page.items.map((queue) => queue.id)),
      () => undefined,
    );
    void this.api.get<Page<Agent>>("agents").then(
      (page) => (this.state.agents = page.items.map((one) => one.id).filter((id) => id !== this.agent)),
      () => undefined,
    );
  }

  end(): void {
    this.live.stop();
    this.timers.forEach((timer) => clearInterval(timer));
    clearTimeout(this.soon);
  }

  /** Several events at once are one look. */
  refreshSoon(): void {
    clearTimeout(this.soon);
    this.soon = window.setTimeout(() => void this.refresh(), 50);
  }

  async refresh(): Promise<void> {
    if (this.looking) {
      this.lookAgain = true;
      return;
    }
    this.looking = true;
    try {
      do {
        this.lookAgain = false;
        await this.look();
      } while (this.lookAgain);
    } finally {
      this.looking = false;
    }
  }

  /** What went wrong with a question or a deed; says so where the agent sees it. */
  note(error: unknown): void {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) this.denied();
    else if (error.status === 0) this.downSince ||= Date.now() - GRACE_SECONDS * 1000;
    else if (error.status === 503) this.state.core = false;
    else this.state.refusal = error.message || `${error.status}`;
  }

  markRead(reference: string): void {
    const last = this.state.lines[reference]?.at(-1)?.number ?? 0;
    if (last <= (this.state.read[reference] ?? 0)) return;
    this.state.read[reference] = last;
    const body = { agent: this.agent, number: last };
    void this.api.post(`${chatPath(reference)}/read`, body).catch(() => undefined);
  }

  /** Lines that came since, and who types and has read. */
  async readLines(reference: string): Promise<void> {
    for (let more = true; more; ) {
      const after = this.state.lines[reference]?.at(-1)?.number ?? 0;
      const found = await this.api.get<Lines>(`${chatPath(reference)}/lines?after=${after}`);
      const known = this.state.lines[reference] ?? [];
      const fresh = found.items.filter((line) => line.number > (known.at(-1)?.number ?? 0));
      if (fresh.length || !this.state.lines[reference]) this.state.lines[reference] = [...known, ...fresh];
      this.state.typing[reference] = found.typing.includes("customer");
      this.state.seen[reference] = found.read;
      more = found.next !== null && fresh.length > 0;
    }
    // who opens the page anew has read what they have answered
    this.state.read[reference] ??=
      this.state.lines[reference]?.findLast((line) => line.who === "agent")?.number ?? 0;
    if (this.state.chosen === reference && document.visibilityState === "visible") this.markRead(reference);
  }

  private async look(): Promise<void> {
    try {
      const agent = encodeURIComponent(this.agent);
      const [work, list] = await Promise.all([
        this.api.get<Work>(`agents/${agent}/work`), this.chatList(agent),
      ]);
      this.state.work = work;
      this.state.list = list;
      for (const one of [...list.offers, ...list.chats, ...list.messages])
        this.state.names[one.contact] = one.name || this.state.names[one.contact] || "";
      this.state.core = true;
      if (this.streams) this.downSince = 0;
      await Promise.all(this.rows.value.map((row) => this.follow(row)));
      await this.readChoice(agent);
      this.forgetOthers();
    } catch (error) {
      this.note(error);
    }
  }

  private async chatList(agent: string): Promise<ChatList> {
    try {
      const list = await this.api.get<ChatList>(`agents/${agent}/chats`);
      this.state.hasChats = true;
      return list;
    } catch (error) {
      if (!(error instanceof Refused) || ![404, 409].includes(error.status)) throw error;
      this.state.hasChats = false; // a house without chats
      return NO_CHATS;
    }
  }

  /** What is new of one contact. */
  private async follow(row: Row): Promise<void> {
    const { reference } = row;
    if (!this.state.stories[reference]) await this.past.read(reference);
    const chat = this.state.list.chats.find((one) => one.contact === reference);
    const known = this.state.lines[reference];
    const behind = chat && chat.last > (known?.at(-1)?.number ?? 0);
    if (row.kind === "chat" && row.stage !== "rings" && (behind || !known)) await this.readLines(reference);
  }

  private async readChoice(agent: string): Promise<void> {
    const asks = this.rows.value.some((row) => row.stage !== "rings");
    try {
      this.state.choice = asks ? await this.api.get<Choice>(`agents/${agent}/talk/dispositions`) : null;
    } catch (error) {
      if (!(error instanceof Refused) || ![404, 409].includes(error.status)) throw error;
      this.state.choice = null;
    }
  }

  private forgetOthers(): void {
    const here = new Set(this.rows.value.map((row) => row.reference));
    const { lines, stories, earlier, contacts, read, names } = this.state;
    for (const kept of [lines, stories, earlier, contacts, read, names])
      for (const reference of Object.keys(kept)) if (!here.has(reference)) delete kept[reference];
    if (this.state.chosen && !here.has(this.state.chosen)) this.state.chosen = null;
  }

  private hear(event: LiveEvent): void {
    const { data } = event;
    const mine = this.rows.value.map((row) => this.state.contacts[row.reference]?.id);
    const about = event.contact !== null && mine.includes(event.contact);
    this.past.tell(event);
    const unnamed = this.rows.value.some((row) => !this.state.contacts[row.reference]);
    if (about || unnamed || event.who === this.agent || data?.agent === this.agent) this.refreshSoon();
  }

  private up(): void {
    this.streams = true;
    this.downSince = 0;
    this.openPage(true);
    this.refreshSoon();
  }

  /** Chats are offered only to who has the page open. */
  openPage(open: boolean): void {
    const path = `agents/${encodeURIComponent(this.agent)}/desk`;
    if (open) void this.api.post(path, { open }).catch(() => undefined);
    else this.api.farewell(path, { open });
  }

  /** At the chat that the agent looks at. */
  private async glance(): Promise<void> {
    const row = this.chosen.value;
    const isOpen = row?.kind === "chat" && row.stage === "served" && this.state.lines[row.reference];
    if (!isOpen || document.visibilityState !== "visible" || !this.state.line) return;
    await this.readLines(row.reference).catch((error: unknown) => this.note(error));
  }

  private tick(): void {
    this.state.now = Date.now() + this.api.ahead;
    const down = this.downSince > 0 && Date.now() - this.downSince >= GRACE_SECONDS * 1000;
    this.state.line = !down;
    if (Math.floor(Date.now() / 1000) % 5 === 0) void this.askLinks();
  }

  private async askLinks(): Promise<void> {
    try {
      const answer = await fetch("/ready", { cache: "no-store", signal: AbortSignal.timeout(4000) });
      const { links } = (await answer.json()) as { links: Record<string, string> };
      const core = links.core ?? "up";
      this.state.phones = !core.includes("Asterisk");
      if (core !== "up" && this.state.phones) this.state.core = false;
      else if (!this.state.core) this.refreshSoon();
      if (this.streams) this.downSince = 0;
      else this.live.hurry();
    } catch {
      this.downSince ||= Date.now();
    }
  }
}

export function chatPath(reference: string): string {
  return `chats/${encodeURIComponent(reference)}`;
}

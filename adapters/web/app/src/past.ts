// What happened to contacts, and to those from which they go on: the leg on the telephone before a pass.

import type { Api } from "./api";
import type { Contact, LiveEvent, Page, StoryPage } from "./shapes";

const PARTS = 5; // of one timeline, 200 events each
const LEGS = 6; // a contact may go from channel to channel, but nobody reads more

export interface Kept {
  contacts: Record<string, Contact>;
  stories: Record<string, LiveEvent[]>;
  earlier: Record<string, LiveEvent[]>;
}

export class Past {
  private early: LiveEvent[] = []; // came while stories were being read
  private reading = 0;

  constructor(
    private readonly api: Api,
    private readonly kept: Kept,
  ) {}

  /** The contact as the timeline knows it, and what happened to it and before it. */
  async read(reference: string): Promise<void> {
    this.reading++;
    try {
      const query = new URLSearchParams({ reference, limit: "1" });
      const [found] = (await this.api.get<Page<Contact>>(`contacts?${query}`)).items;
      if (!found) return;
      this.kept.contacts[reference] = found;
      const mine = await this.timeline(found.id);
      this.kept.earlier[reference] = await this.before(found.id, mine.before);
      this.kept.stories[reference] = mine.items;
      this.early.forEach((event) => this.tell(event));
    } finally {
      if (--this.reading === 0) this.early = [];
    }
  }

  /** A live event: told on the story of its contact, once. */
  tell(event: LiveEvent): void {
    if (this.reading && !this.early.includes(event)) this.early.push(event);
    for (const [reference, known] of Object.entries(this.kept.contacts)) {
      const story = this.kept.stories[reference];
      if (known.id === event.contact && story && (story.at(-1)?.seq ?? 0) < event.seq) story.push(event);
    }
  }

  private async before(id: string, named: string | null): Promise<LiveEvent[]> {
    const found: LiveEvent[] = [];
    const read = new Set([id]);
    for (let before = named; before && !read.has(before) && read.size < LEGS; ) {
      read.add(before);
      const leg = await this.timeline(before);
      found.unshift(...leg.items);
      before = leg.before;
    }
    return found;
  }

  private async timeline(id: string): Promise<StoryPage> {
    const items: LiveEvent[] = [];
    let before: string | null = null;
    for (let part = 0, cursor: string | null = "0"; cursor !== null && part < PARTS; part++) {
      const page: StoryPage = await this.api.get<StoryPage>(`contacts/${id}/timeline?limit=200&cursor=${cursor}`);
      items.push(...page.items);
      before = page.before ?? null;
      cursor = page.next;
    }
    return { items, next: null, before };
  }
}

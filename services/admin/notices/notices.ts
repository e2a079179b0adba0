import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { Mutex } from "../../shared/mutex.ts";
import { Notice, type NoticeKind } from "./api.ts";
import type { Condition, Judgement } from "./conditions.ts";

const minute = 60_000;
const hour = 60 * minute;

/** For how long a kind has to last before it is told of, and has to be gone before it is over; milliseconds. */
const patience: Record<NoticeKind, readonly [holds: number, rests: number]> = {
  "disk-failing": [0, hour],
  "disk-missing": [5 * minute, 10 * minute],
  "space-low": [10 * minute, hour],
  "files-damaged": [0, hour],
  "line-down": [3 * minute, 3 * minute],
  "home-network": [3 * minute, 10 * minute],
  "friend-away": [0, 10 * minute],
  "friend-lost": [0, 10 * minute],
  "audit-failed": [0, 0],
  "promise-broken": [6 * hour, hour],
  "files-behind": [10 * minute, 10 * minute],
  "service-silent": [10 * minute, 5 * minute],
  guessing: [0, 10 * minute],
  "update-ready": [0, 0],
  "update-failed": [0, 0],
  "update-done": [0, 0],
};
/** What comes back within this time after its end is the same thing again. */
const again = 6 * hour;
/** What came back and then stays for so long is told of once more. */
const stays = hour;
const most = 200;
/** Kinds that happen, and do not last. */
const ofEvents: readonly NoticeKind[] = [
  "audit-failed",
  "update-failed",
  "update-done",
];

const Kept = Type.Object({
  ...Notice.properties,
  told: Type.Enum(["began", "ended"] as const, {
    description: "what the owner was told of it last",
  }),
  back: Type.Number({ description: "when it came, or came back" }),
});
type Kept = Static<typeof Kept>;
const File = Type.Object({
  notices: Type.Array(Kept),
  heard: Type.Record(Type.String(), Type.Array(Type.String())),
});

/** Something to tell the owner. */
export interface News {
  id: string;
  kind: NoticeKind;
  what: "began" | "ended";
}

/** What is wrong and what was, durably; what comes and goes is told of once. */
export class Notices {
  #file: string;
  #notices: Kept[];
  /** By kind, what happened and was told of already: no clock is asked, which may have been wrong. */
  #heard: Record<string, string[]>;
  #queue = new Mutex();
  /** When something came that is not told of yet, and when something went that is not over yet. */
  #came = new Map<string, number>();
  #went = new Map<string, number>();

  private constructor(file: string, { notices, heard }: Static<typeof File>) {
    this.#file = file;
    this.#notices = notices;
    this.#heard = heard;
  }

  /** @param folder the admin's state. */
  static async load(folder: string): Promise<Notices> {
    const file = join(folder, "notices.json");
    // What another version left, and this one does not know, keeps nobody from the pages.
    const kept = await readJson(File, file).catch(() => undefined);
    return new Notices(file, kept ?? { notices: [], heard: {} });
  }

  /** The newest first. */
  get list(): Notice[] {
    return this.#notices.map(
      ({ told: _told, back: _back, ...notice }) => notice,
    );
  }

  /** @returns undefined where it was so long ago that it is not kept */
  find(id: string): Notice | undefined {
    return this.list.find((one) => one.id === id);
  }

  /** Whether something is told of at the moment. */
  isTold(kind: NoticeKind, subject: string): boolean {
    return this.#open(kind, subject) !== undefined;
  }

  /** Takes what is so at a moment. @param now milliseconds since 1970 @returns what the owner should hear */
  async take({ conditions, unknown }: Judgement, now: number): Promise<News[]> {
    return await this.#queue.run(async () => {
      const before = this.#content;
      const news: News[] = [];
      for (const condition of conditions)
        if (condition.at === undefined) this.#lasts(condition, now, news);
      this.#happened(conditions, unknown, news);
      const lasting = new Set(
        conditions.flatMap((one) => (one.at === undefined ? [keyOf(one)] : [])),
      );
      for (const notice of this.#notices)
        if (
          notice.until === null &&
          !lasting.has(keyOf(notice)) &&
          !unknown.has(notice.kind)
        )
          this.#isGone(notice, now, news);
      for (const key of this.#came.keys())
        if (!lasting.has(key) && !unknown.has(kindOf(key)))
          this.#came.delete(key);
      this.#notices.splice(most);
      if (this.#content !== before) await this.#save();
      return news;
    });
  }

  /** The owner has seen all there is. */
  async see(): Promise<void> {
    await this.#queue.run(async () => {
      if (this.#notices.every(({ seen }) => seen)) return;
      for (const notice of this.#notices) notice.seen = true;
      await this.#save();
    });
  }

  #open(kind: NoticeKind, subject: string): Kept | undefined {
    return this.#notices.find(
      (one) =>
        one.until === null && one.kind === kind && one.subject === subject,
    );
  }

  #lasts(condition: Condition, now: number, news: News[]): void {
    const key = keyOf(condition);
    this.#went.delete(key);
    const { kind, subject, words, advice } = condition;
    const open = this.#open(kind, subject);
    if (open) {
      Object.assign(open, { words, advice });
      if (open.told === "ended" && now - open.back >= stays)
        news.push(tell(open, "began"));
      return;
    }
    const came = this.#came.get(key) ?? now;
    this.#came.set(key, came);
    if (now - came < patience[kind][0]) return;
    this.#came.delete(key);
    const last = this.#notices.find(
      (one) =>
        one.kind === kind &&
        one.subject === subject &&
        came - (one.until ?? 0) < again,
    );
    if (last)
      Object.assign(last, {
        words,
        advice,
        until: null,
        back: came,
        times: last.times + 1,
      });
    else news.push(this.#add(condition, came, null));
  }

  #isGone(notice: Kept, now: number, news: News[]): void {
    const key = keyOf(notice);
    const went = this.#went.get(key) ?? now;
    this.#went.set(key, went);
    if (now - went < patience[notice.kind][1]) return;
    this.#went.delete(key);
    notice.until = went;
    // What was no trouble is no relief when it is over.
    if (notice.told === "began" && notice.tone === "trouble")
      news.push(tell(notice, "ended"));
  }

  /** What there was before a kind was first looked at is old. */
  #happened(
    conditions: readonly Condition[],
    unknown: Judgement["unknown"],
    news: News[],
  ): void {
    for (const kind of ofEvents) {
      if (unknown.has(kind)) continue;
      const known = this.#heard[kind];
      const events = conditions
        .filter((one) => one.kind === kind)
        .sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
      if (known)
        for (const event of events)
          if (!known.includes(nameOf(event)))
            news.push(this.#add(event, event.at ?? 0, event.at ?? 0));
      this.#heard[kind] = events.map(nameOf);
    }
  }

  #add(
    { kind, subject, tone, words, advice, page }: Condition,
    since: number,
    until: number | null,
  ): News {
    const id = randomBytes(8).toString("hex");
    const notice: Kept = {
      ...{ id, kind, subject, tone, words, advice, page, since, until },
      ...{ times: 1, seen: false, told: "began", back: since },
    };
    this.#notices.unshift(notice);
    return { id, kind, what: "began" };
  }

  get #content(): string {
    return JSON.stringify({ notices: this.#notices, heard: this.#heard });
  }

  async #save(): Promise<void> {
    await writeDurable(this.#file, this.#content);
  }
}

function tell(notice: Kept, what: News["what"]): News {
  notice.told = what;
  if (what === "began") notice.seen = false;
  return { id: notice.id, kind: notice.kind, what };
}

/** An event among those of its kind. */
function nameOf({ subject, at }: Condition): string {
  return `${at} ${subject}`;
}

function keyOf({ kind, subject }: Pick<Notice, "kind" | "subject">): string {
  return `${kind} ${subject}`;
}

function kindOf(key: string): NoticeKind {
  return key.slice(0, key.indexOf(" ")) as NoticeKind;
}

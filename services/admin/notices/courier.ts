import { hostname } from "node:os";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import type { NodeClient } from "../../node/client.ts";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { ConflictError, CoppiceError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import { Channel, ChannelState, type Notice } from "./api.ts";
import { hookOf, mailOf } from "./letters.ts";
import type { News, Notices } from "./notices.ts";
import type { HowToTell } from "./settings.ts";

const minute = 60_000;
/** Milliseconds until a channel that failed is tried again: first, and at most. */
const firstWait = minute;
const longestWait = 60 * minute;
/** What could not be sent for so long is not news any more. */
const longest = 3 * 86_400_000;
const most = 100;

const Letter = Type.Object({ id: Type.String(), at: Type.Number() });
const Box = Type.Object({
  waiting: Type.Array(Letter),
  ...Type.Pick(ChannelState, ["sent", "problem"]).properties,
});
const File = Type.Record(Channel, Box);
type File = Static<typeof File>;

/** Brings news to the owner by all ways there are, also after the line was down, or the box off. */
export class Courier {
  #file: string;
  #boxes: File;
  #notices: Notices;
  #how: HowToTell;
  #node: NodeClient;
  #queue = new Mutex();
  /** By channel: when it is tried next, and how long it waits after that. */
  #due = { mail: [0, firstWait], hook: [0, firstWait] } as Record<
    Channel,
    [at: number, wait: number]
  >;

  private constructor(
    file: string,
    boxes: File,
    notices: Notices,
    how: HowToTell,
    node: NodeClient,
  ) {
    this.#file = file;
    this.#boxes = boxes;
    this.#notices = notices;
    this.#how = how;
    this.#node = node;
  }

  /** @param folder the admin's state. */
  static async load(
    folder: string,
    notices: Notices,
    how: HowToTell,
    node: NodeClient,
  ): Promise<Courier> {
    const file = join(folder, "letters.json");
    const empty = { waiting: [], sent: null, problem: null };
    // What another version left, and this one does not know, keeps nobody from the pages.
    const kept = await readJson(File, file).catch(() => undefined);
    const boxes = kept ?? { mail: { ...empty }, hook: { ...empty } };
    return new Courier(file, boxes, notices, how, node);
  }

  /** How it goes with each way. */
  get channels(): Record<Channel, ChannelState> {
    const { mail, hook } = this.#boxes;
    return {
      mail: { ...mail, waiting: mail.waiting.length },
      hook: { ...hook, waiting: hook.waiting.length },
    };
  }

  /** Takes news for all ways there are. @param now milliseconds since 1970 */
  async post(news: readonly News[], now: number): Promise<void> {
    const { silenced } = this.#how.settings;
    const told = news.filter(({ kind }) => !silenced.includes(kind));
    if (told.length === 0) return;
    await this.#queue.run(async () => {
      for (const [channel, box] of this.#entries())
        if (this.#how.has(channel))
          // Whoever did not hear yet that something began hears of its end by the same letter.
          for (const { id } of told)
            if (!box.waiting.some((one) => one.id === id))
              box.waiting.push({ id, at: now });
      await this.#save();
    });
  }

  /** Sends what is due; all, where somebody waits for it. @param now milliseconds since 1970 */
  async send(now: number, hurry: boolean, signal: AbortSignal): Promise<void> {
    await this.#queue.run(async () => {
      for (const [channel, box] of this.#entries()) {
        const isDue = hurry || now >= this.#due[channel][0];
        if (box.waiting.length === 0 || !isDue) continue;
        await this.#empty(channel, box, now, signal);
        await this.#save();
      }
    });
  }

  /** Sends a message that says nothing else. @throws ConflictError: no-way; CoppiceError as the node says */
  async try(channel: Channel, signal: AbortSignal): Promise<void> {
    if (!this.#how.has(channel))
      throw new ConflictError("Save where to send it first.", "no-way");
    const now = Date.now();
    await this.#deliver(
      channel,
      [
        {
          ...{ id: "test", kind: "update-done", subject: "test", tone: "news" },
          words: "This is a test: the box reaches you.",
          ...{ advice: "", page: "/notices", since: now, until: now },
          ...{ times: 1, seen: true },
        },
      ],
      signal,
    );
    await this.#queue.run(async () => {
      Object.assign(this.#boxes[channel], { sent: now, problem: null });
      this.#due[channel] = [0, firstWait];
      await this.#save();
    });
  }

  async #empty(
    channel: Channel,
    box: File[Channel],
    now: number,
    signal: AbortSignal,
  ): Promise<void> {
    box.waiting = box.waiting
      .filter(({ at }) => this.#how.has(channel) && now - at < longest)
      .slice(-most);
    const notices = box.waiting.flatMap(
      ({ id }) => this.#notices.find(id) ?? [],
    );
    try {
      // One e-mail tells of all; a program hears of each by itself.
      for (const some of channel === "mail"
        ? [notices]
        : notices.map((one) => [one])) {
        if (some.length === 0) continue;
        await this.#deliver(channel, some, signal);
        Object.assign(box, { sent: now, problem: null });
        const gone = some.map(({ id }) => id);
        box.waiting = box.waiting.filter(({ id }) => !gone.includes(id));
      }
      // The rest is of what is not kept any more.
      box.waiting = [];
      this.#due[channel] = [0, firstWait];
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CoppiceError)) throw error;
      const [, wait] = this.#due[channel];
      this.#due[channel] = [now + wait, Math.min(2 * wait, longestWait)];
      box.problem = error.message;
    }
  }

  async #deliver(
    channel: Channel,
    notices: readonly Notice[],
    signal: AbortSignal,
  ): Promise<void> {
    const { mail, hook } = this.#how.settings;
    const box = hostname();
    if (channel === "mail" && mail)
      await this.#node.sendMail(
        { server: mail, ...mailOf(notices, box) },
        signal,
      );
    if (channel === "hook" && hook)
      for (const notice of notices)
        await this.#node.callHook(
          { address: hook, body: hookOf(notice, box) },
          signal,
        );
  }

  #entries(): [Channel, File[Channel]][] {
    return Object.entries(this.#boxes) as [Channel, File[Channel]][];
  }

  async #save(): Promise<void> {
    await writeDurable(this.#file, JSON.stringify(this.#boxes));
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import type { HostClient, HostStatus } from "../../host/client.ts";
import type { IdentityClient } from "../../identity/client.ts";
import type { NodeClient } from "../../node/client.ts";
import { Mutex } from "../../shared/mutex.ts";
import type { Activity } from "../activity/activity.ts";
import { networkNow } from "../network-now.ts";
import type { SmartHome } from "../smart-home/smart-home.ts";
import type { Channel, NoticeSettings, NoticesState } from "./api.ts";
import { type Facts, judge } from "./conditions.ts";
import { Courier } from "./courier.ts";
import { Notices } from "./notices.ts";
import { HowToTell } from "./settings.ts";

const minute = 60_000;
/** Milliseconds for which what the disks say of themselves counts. */
const fresh = 10 * minute;

/** Whoever is asked how it goes. */
export interface Asked {
  host: HostClient;
  node: NodeClient;
  identity: IdentityClient;
  activity: Activity;
  /** Hears it too. */
  smartHome: SmartHome;
}

/** Looks after the box once a minute, and tells its owner what is wrong. */
export class NoticeWatch {
  #asked: Asked;
  #machine: { at: number; status: HostStatus } | undefined;
  #notices: Notices;
  #how: HowToTell;
  #courier: Courier;
  #queue = new Mutex();

  private constructor(
    asked: Asked,
    notices: Notices,
    how: HowToTell,
    courier: Courier,
  ) {
    this.#asked = asked;
    this.#notices = notices;
    this.#how = how;
    this.#courier = courier;
  }

  /** @param folder the admin's state. */
  static async load(folder: string, asked: Asked): Promise<NoticeWatch> {
    const notices = await Notices.load(folder);
    const how = await HowToTell.load(folder);
    const courier = await Courier.load(folder, notices, how, asked.node);
    return new NoticeWatch(asked, notices, how, courier);
  }

  /** Looks once a minute while there is an owner, until `signal` aborts. */
  async run(
    isClaimed: () => boolean,
    log: FastifyBaseLogger,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      // Whoever just started is still looking for the others.
      await sleep(minute, undefined, { signal }).catch(() => {});
      if (signal.aborted || !isClaimed()) continue;
      try {
        const facts = await this.look(false, signal);
        // A broker that does not answer keeps nobody from looking.
        await this.#tellSmartHome(facts, false, signal);
      } catch (error) {
        if (!signal.aborted)
          log.error({ err: error }, "the owner could not be told how it goes");
      }
    }
  }

  /** Looks now, and sends what there is to tell. @param hurry also what was tried a moment ago @returns what there was to see */
  async look(hurry: boolean, signal: AbortSignal): Promise<Facts> {
    return await this.#queue.run(async () => {
      const facts = await this.#read();
      const now = Date.now();
      const judgement = judge(facts, now, (kind, subject) =>
        this.#notices.isTold(kind, subject),
      );
      await this.#courier.post(await this.#notices.take(judgement, now), now);
      await this.#courier.send(now, hurry, signal);
      return facts;
    });
  }

  /** Tells the smart home now. @throws ConflictError: no-way; CoppiceError as the node says */
  async tellSmartHome(signal: AbortSignal): Promise<void> {
    await this.#tellSmartHome(await this.#read(), true, signal);
  }

  /** All that was told, and how. */
  get state(): NoticesState {
    const { list: notices } = this.#notices;
    const { shown: settings } = this.#how;
    return {
      notices,
      unseen: notices.filter(
        ({ seen, kind }) => !seen && !settings.silenced.includes(kind),
      ).length,
      settings,
      channels: this.#courier.channels,
    };
  }

  /** The owner has seen all there is. */
  async see(): Promise<void> {
    await this.#notices.see();
  }

  /** Keeps how to tell. */
  async set(settings: NoticeSettings): Promise<void> {
    await this.#how.set(settings);
  }

  /** Sends a message that says nothing else. @throws ConflictError: no-way; CoppiceError as the node says */
  async try(channel: Channel, signal: AbortSignal): Promise<void> {
    await this.#courier.try(channel, signal);
  }

  async #tellSmartHome(
    facts: Facts,
    hurry: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { smartHome } = this.#asked;
    await smartHome.tell(facts, this.#notices.list, hurry, signal);
  }

  async #read(): Promise<Facts> {
    const { host, node, identity, activity } = this.#asked;
    const orNull = async <Part>(part: Promise<Part>): Promise<Part | null> =>
      await part.catch(() => null);
    const [machine, storage, tpm, store, network, friends, updates] =
      await Promise.all([
        orNull(this.#ofMachine()),
        orNull(node.state()),
        orNull(identity.tpm()),
        orNull(node.store()),
        orNull(networkNow(host, node)),
        orNull(node.friends.state()),
        orNull(host.updates()),
      ]);
    return {
      ...{ host: machine, storage, tpm, store, network, friends, updates },
      refusals: activity.refusals,
    };
  }

  /** Disks are not asked each time; one that does not answer is. */
  async #ofMachine(): Promise<HostStatus> {
    const now = performance.now();
    if (!this.#machine || now > this.#machine.at + fresh)
      this.#machine = { at: now, status: await this.#asked.host.status() };
    return this.#machine.status;
  }
}

import { hostname } from "node:os";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import type { HostClient } from "../../host/client.ts";
import {
  type Broker,
  isSameAccount,
  type NodeClient,
} from "../../node/client.ts";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { ConflictError, CoppiceError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import type { Notice } from "../notices/api.ts";
import type { Facts } from "../notices/conditions.ts";
import { SmartHomeSettings, type SmartHomeState } from "./api.ts";
import { discoveryTopic, messagesOf } from "./entities.ts";

/** Milliseconds of the past of which the last is told. */
const recent = 120_000;

/** Where the smart home looked for the box, where it was told there of it. */
const Place = Type.Object({ id: Type.String(), prefix: Type.String() });
const Kept = Type.Object({
  settings: SmartHomeSettings,
  place: Type.Union([Place, Type.Null()]),
});
type Kept = Static<typeof Kept>;

const silent: SmartHomeSettings = { broker: null, prefix: "homeassistant" };

/** Tells the household's smart home how the box is, by its broker: Home Assistant makes a device of it by itself (MQTT discovery). */
export class SmartHome {
  readonly #file: string;
  readonly #host: HostClient;
  readonly #node: NodeClient;
  #kept: Kept;
  #told: number | null = null;
  #problem: string | null = null;
  #queue = new Mutex();

  private constructor(
    file: string,
    kept: Kept,
    host: HostClient,
    node: NodeClient,
  ) {
    this.#file = file;
    this.#kept = kept;
    this.#host = host;
    this.#node = node;
  }

  /** @param folder the admin's state. */
  static async load(
    folder: string,
    host: HostClient,
    node: NodeClient,
  ): Promise<SmartHome> {
    const file = join(folder, "smart-home.json");
    // What another version left, and this one does not know, keeps nobody from the pages.
    const kept = await readJson(Kept, file).catch(() => undefined);
    return new SmartHome(
      file,
      kept ?? { settings: silent, place: null },
      host,
      node,
    );
  }

  /** How it goes, without the password. */
  get state(): SmartHomeState {
    const { broker, prefix } = this.#kept.settings;
    return {
      settings: { broker: broker && { ...broker, password: null }, prefix },
      told: this.#told,
      problem: this.#problem,
    };
  }

  /** Keeps settings, and takes the box away where it was told of before. @throws CoppiceError where the broker that is left does not take that */
  async set(
    { broker, prefix }: SmartHomeSettings,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#queue.run(async () => {
      const { settings, place } = this.#kept;
      const old = settings.broker;
      const same = isSameAccount(broker, old);
      if (old && place && (!same || prefix !== place.prefix))
        await this.#leave(old, place, signal);
      const password =
        broker?.password ?? (same ? (old?.password ?? null) : null);
      await this.#keep({
        settings: { broker: broker && { ...broker, password }, prefix },
        place: same && prefix === place?.prefix ? place : null,
      });
      this.#told = null;
      this.#problem = null;
    });
  }

  /** Tells how the box is now; what goes wrong is kept for the owner to see. @throws ConflictError: no-way where `hurry` is asked for and nobody listens; CoppiceError where it fails then */
  async tell(
    facts: Facts,
    notices: readonly Notice[],
    hurry: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#queue.run(async () => {
      const { settings, place } = this.#kept;
      const { broker, prefix } = settings;
      if (!broker) {
        if (hurry) throw new ConflictError("Save the broker first.", "no-way");
        return;
      }
      try {
        const now = Date.now();
        const past = await this.#host
          .past({ from: now - recent, to: now }, signal)
          .catch(() => null);
        const { id } = place ?? { id: await this.#name(signal) };
        const name = hostname();
        const { discovery, state } = messagesOf(
          { ...facts, past, notices },
          { id, name, pages: "https://coppice.local", prefix },
        );
        // Known before it is there: whoever takes it away takes what there is.
        if (!place) await this.#keep({ settings, place: { id, prefix } });
        await this.#node.publish(
          { broker, messages: [discovery, state] },
          signal,
        );
        this.#told = now;
        this.#problem = null;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof CoppiceError)) throw error;
        this.#problem = error.message;
        if (hurry) throw error;
      }
    });
  }

  async #leave(
    broker: Broker,
    place: Static<typeof Place>,
    signal: AbortSignal,
  ): Promise<void> {
    const messages = [{ topic: discoveryTopic(place), text: "", kept: true }];
    // A broker that is gone for good is left so.
    await this.#node.publish({ broker, messages }, signal).catch(() => {
      signal.throwIfAborted();
    });
  }

  /** What no other box is called: the beginning of its node's key. */
  async #name(signal: AbortSignal): Promise<string> {
    const [own] = (await this.#node.boxes(signal)).filter(({ own }) => own);
    return (own?.principal ?? "").slice(0, 12);
  }

  async #keep(kept: Kept): Promise<void> {
    await writeDurable(this.#file, JSON.stringify(kept));
    this.#kept = kept;
  }
}

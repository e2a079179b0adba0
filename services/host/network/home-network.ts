import { randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";
import {
  BadRequestError,
  ConflictError,
  NotFoundError,
} from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import { changesBetween } from "./changes.ts";
import { checkNetwork } from "./check.ts";
import { addressOf, defaultNetwork, Network, type Vpn } from "./document.ts";
import { clash, freeAddress } from "./ranges.ts";
import { renderNetwork } from "./rendering.ts";
import {
  type NetworkState,
  type NewPhone,
  type NewTrial,
  Settled,
  type Trial,
} from "./state.ts";
import {
  drawKey,
  knownKey,
  ownKey,
  phoneConfiguration,
  takeKey,
} from "./wireguard.ts";

/** Follows rendered files. */
export interface NetworkRunner {
  /** Asks the daemons' own checkers. @throws CommandError with what they say */
  check(files: ReadonlyMap<string, string>): Promise<void>;
  /** Makes the daemons follow these files, and keep to what did not change. @throws CommandError */
  apply(files: ReadonlyMap<string, string>): Promise<void>;
  /** Keeps files for the next boot, which begins with them before this service runs. */
  keep(files: ReadonlyMap<string, string>): Promise<void>;
}

const Former = Type.Object({
  lan: Type.String(),
  address: Type.String(),
  until: Type.Number({ description: "milliseconds since 1970" }),
});
const Pointer = Type.Object({
  current: Type.Integer({ minimum: 0 }),
  former: Type.Array(Former),
  key: Type.String({ description: "name of the file with the box's own key" }),
});
type Pointer = Static<typeof Pointer>;
const Kept = Type.Object({ ...Settled.properties, document: Network });
type Kept = Static<typeof Kept>;

/** How many changes the history shows. */
const shown = 50;
/** Milliseconds until a change that could not be taken back is taken back once more. */
const retryAfter = 5000;

interface RunningTrial {
  document: Network;
  who: string;
  token: string;
  /** Name of its file with the box's own key. */
  key: string;
  ends: number;
  timer: NodeJS.Timeout;
}

/**
 * The household's network: one document, tried before it is kept. A change that nobody confirms in time is taken back, also by
 * a restart or a power cut; until its clients' leases are over the box answers on the addresses that it had before.
 */
export class HomeNetwork implements AsyncDisposable {
  readonly #folder: string;
  readonly #runner: NetworkRunner;
  readonly #keys: string;
  readonly #onError: (error: unknown) => void;
  readonly #turns = new Mutex();
  #pointer: Pointer;
  #document: Network = defaultNetwork;
  /** The last changes, newest first. */
  #history: Settled[] = [];
  #trial: RunningTrial | undefined;
  #expiry: NodeJS.Timeout | undefined;
  /** Whether something else is in force than what was kept, because it could not be taken back. */
  #astray = false;
  #again: NodeJS.Timeout | undefined;

  private constructor(
    folder: string,
    runner: NetworkRunner,
    keyFile: string,
    onError: (error: unknown) => void,
  ) {
    this.#folder = folder;
    this.#runner = runner;
    this.#keys = dirname(keyFile);
    this.#pointer = { current: 0, former: [], key: basename(keyFile) };
    this.#onError = onError;
  }

  /**
   * Takes up what was confirmed last, whatever runs now. @param state the host's own folder. @param keyFile where the box's
   * WireGuard key is to be, until it takes another one. @param onError hears where a change could not be taken back by itself
   */
  static async open(
    state: string,
    runner: NetworkRunner,
    keyFile: string,
    onError: (error: unknown) => void,
  ): Promise<HomeNetwork> {
    const folder = join(state, "network");
    await mkdir(join(folder, "history"), { recursive: true, mode: 0o700 });
    const network = new HomeNetwork(folder, runner, keyFile, onError);
    const pointer = await readJson(Pointer, join(folder, "network.json"));
    if (pointer) {
      network.#pointer = pointer;
      network.#document = await network.document(pointer.current);
      network.#history = await network.#readHistory();
    }
    await network.#turns.run(async () => await network.#settle());
    return network;
  }

  async state(): Promise<NetworkState> {
    return await this.#turns.run(async () => {
      const trial = this.#trial;
      return {
        current: this.#pointer.current,
        document: this.#document,
        former: this.#pointer.former.map(({ address }) =>
          addressOf({ address }),
        ),
        trial: trial
          ? {
              document: trial.document,
              who: trial.who,
              token: trial.token,
              remaining: Math.max(0, (trial.ends - performance.now()) / 1000),
            }
          : null,
        history: this.#history,
      };
    });
  }

  /** What the daemons follow: what is being tried, or else what was kept last. */
  get inForce(): Network {
    return this.#trial?.document ?? this.#document;
  }

  /** What was kept by a change; 0 is what a new box has. @throws NotFoundError */
  async document(id: number): Promise<Network> {
    return id === 0 ? defaultNetwork : (await this.#kept(id)).document;
  }

  /**
   * Puts a document into force for some seconds. @param secret the private half of a key that is to be the box's own with it
   * @returns what confirms it
   * @throws NetworkDocumentError, CommandError where a daemon refuses it, ConflictError: trial-running, BadRequestError: no-change
   */
  async try(
    { document, who, seconds }: NewTrial,
    secret: string | null = null,
  ): Promise<Trial> {
    return await this.#turns.run(async () => {
      if (this.#trial)
        throw new ConflictError(
          "Another change is being tried. Keep it or take it back first.",
          "trial-running",
        );
      checkNetwork(document);
      const own = await this.#brings(secret);
      if (!own && isDeepStrictEqual(document, this.#document))
        throw new BadRequestError("Nothing is changed by this.", "no-change");
      // A file of its own: whatever ends the trial, the next boot has the key that was kept.
      const key = own
        ? `${withoutNumber(this.#pointer.key)}-${this.#pointer.current + 1}`
        : this.#pointer.key;
      const files = renderNetwork(
        this.#provisional(document),
        this.#formerIn(document),
        join(this.#keys, key),
      );
      await this.#runner.check(files);
      if (own) await takeKey(join(this.#keys, key), own);
      else if (document.vpn) await ownKey(join(this.#keys, key));
      try {
        await this.#runner.apply(files);
      } catch (error) {
        await this.#settle();
        throw error;
      }
      const token = randomBytes(24).toString("base64url");
      const timer = setTimeout(() => this.#giveUp(), seconds * 1000);
      this.#trial = {
        document,
        who,
        token,
        key,
        ends: performance.now() + seconds * 1000,
        timer,
      };
      return { token, remaining: seconds };
    });
  }

  /** Keeps what is being tried. @throws NotFoundError where nothing is, or not by this token */
  async confirm(token: string): Promise<void> {
    await this.#turns.run(async () => {
      const trial = this.#trial;
      if (!trial || !equal(trial.token, token))
        throw new NotFoundError(
          "No change waits for this. It was taken back when its time was over, or kept already.",
          "no-trial",
        );
      const id = this.#pointer.current + 1;
      const pointer = {
        current: id,
        former: this.#formerIn(trial.document),
        key: trial.key,
      };
      const settled: Settled = {
        id,
        at: Date.now(),
        who: trial.who,
        what: [
          ...changesBetween(this.#document, trial.document),
          ...(trial.key === this.#pointer.key ? [] : ["The box's own key"]),
        ],
      };
      const kept: Kept = { ...settled, document: trial.document };
      await writeDurable(this.#file(id), JSON.stringify(kept));
      await writeDurable(
        join(this.#folder, "network.json"),
        JSON.stringify(pointer),
      );
      this.#endTrial();
      this.#pointer = pointer;
      this.#document = trial.document;
      this.#history = [settled, ...this.#history].slice(0, shown);
      await this.#settle();
    });
  }

  /** Takes back what is being tried; nothing where nothing is. @throws CommandError */
  async revert(): Promise<void> {
    await this.#turns.run(async () => {
      if (!this.#trial && !this.#astray) return;
      this.#endTrial();
      this.#astray = true;
      await this.#settle();
      this.#astray = false;
    });
  }

  /** The box's own key, by which friends' households know it. @returns WireGuard's public half in base64 */
  async ownKey(): Promise<string> {
    return (await ownKey(this.#keyFile)).publicKey;
  }

  /** The private half of the box's own key; null where nobody asked for one. */
  async secretKey(): Promise<string | null> {
    return (await knownKey(this.#keyFile))?.privateKey ?? null;
  }

  /**
   * Takes what another box had, its network and its key, as a trial. @returns null where both are this box's already
   * @throws as `try`
   */
  async take(trial: NewTrial, secret: string | null): Promise<Trial | null> {
    const same =
      isDeepStrictEqual(trial.document, this.#document) &&
      !(await this.#brings(secret));
    return same ? null : await this.try(trial, secret);
  }

  get #keyFile(): string {
    return join(this.#keys, this.#pointer.key);
  }

  /** A key that is not the box's own already. */
  async #brings(secret: string | null): Promise<string | undefined> {
    return secret === null || secret === (await this.secretKey())
      ? undefined
      : secret;
  }

  /** Draws a key for a phone that is to come home by a way that a document describes. @throws BadRequestError: vpn-full */
  async drawPhone(vpn: Vpn, name: string): Promise<NewPhone> {
    const [key, { publicKey: box }] = [drawKey(), await ownKey(this.#keyFile)];
    const address = freeAddress(vpn);
    if (address === undefined)
      throw new BadRequestError(
        "This network has no address left. Give it a shorter prefix.",
        "vpn-full",
      );
    return {
      phone: { name, publicKey: key.publicKey, address },
      configuration: phoneConfiguration(vpn, address, key, box),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#expiry);
    clearTimeout(this.#again);
    await this.revert();
  }

  /** Forgets former addresses whose time is over, and makes the daemons and the next boot follow the rest. */
  async #settle(): Promise<void> {
    const now = Date.now();
    const former = this.#pointer.former.filter(({ until }) => until > now);
    if (former.length < this.#pointer.former.length) {
      this.#pointer = { ...this.#pointer, former };
      await writeDurable(
        join(this.#folder, "network.json"),
        JSON.stringify(this.#pointer),
      );
    }
    clearTimeout(this.#expiry);
    if (former.length > 0)
      this.#expiry = setTimeout(
        () => {
          this.#turns
            // A trial keeps them; its end looks again.
            .run(async () => {
              if (!this.#trial) await this.#settle();
            })
            .catch(this.#onError);
        },
        Math.min(...former.map(({ until }) => until)) - now + 1000,
      ).unref();
    const files = renderNetwork(this.#document, former, this.#keyFile);
    await this.#runner.apply(files);
    await this.#runner.keep(files);
    await this.#dropKeys();
  }

  /** Removes the keys of trials that are over, and that of before the last one. */
  async #dropKeys(): Promise<void> {
    const base = withoutNumber(this.#pointer.key);
    const names = await readdir(this.#keys).catch(() => []);
    for (const name of names)
      if (name !== this.#pointer.key && withoutNumber(name) === base)
        await rm(join(this.#keys, name));
  }

  /** Takes a trial back that nobody confirmed, as often as it takes: nobody may be left who could ask for it. */
  #giveUp(): void {
    this.revert().catch((error: unknown) => {
      this.#onError(error);
      this.#again = setTimeout(() => this.#giveUp(), retryAfter);
    });
  }

  #endTrial(): void {
    clearTimeout(this.#trial?.timer);
    this.#trial = undefined;
  }

  /** The addresses that clients of now know, as far as they do not stand in the way of another document. */
  #formerIn(document: Network): Pointer["former"] {
    const now = Date.now();
    const before = this.#document.lans.map(({ id, address, dhcp }) => ({
      lan: id,
      address,
      until: now + dhcp.minutes * 60_000,
    }));
    return [...before, ...this.#pointer.former].filter(
      ({ lan, address }, index, all) =>
        all.findIndex((one) => one.address === address) === index &&
        document.lans.some(
          (one) => one.id === lan && addressOf(one) !== addressOf({ address }),
        ) &&
        !document.lans.some(
          (one) => one.id !== lan && clash(one.address, address),
        ) &&
        (document.wan.ipv4.kind !== "static" ||
          !clash(document.wan.ipv4.address, address)),
    );
  }

  /** Where addresses change, leases are short while it is tried: whoever takes one comes back soon if it is taken back. */
  #provisional(document: Network): Network {
    const lans = document.lans.map((lan) =>
      this.#document.lans.some(({ address }) => address === lan.address)
        ? lan
        : { ...lan, dhcp: { ...lan.dhcp, minutes: 2 } },
    );
    return { ...document, lans };
  }

  async #readHistory(): Promise<Settled[]> {
    const ids = (await readdir(join(this.#folder, "history")))
      .map((name) => Number.parseInt(name, 10))
      .filter((id) => id <= this.#pointer.current)
      .sort((a, b) => b - a);
    return await Promise.all(
      ids.slice(0, shown).map(async (id) => {
        const { document: _, ...settled } = await this.#kept(id);
        return settled;
      }),
    );
  }

  async #kept(id: number): Promise<Kept> {
    const kept = await readJson(Kept, this.#file(id));
    if (!kept)
      throw new NotFoundError(
        "No change has this number. Look at the history again.",
        "no-such-change",
      );
    return kept;
  }

  #file(id: number): string {
    return join(this.#folder, "history", `${id}.json`);
  }
}

/** The name of a key's file as a new box has it. */
function withoutNumber(name: string): string {
  return name.replace(/-\d+$/, "");
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

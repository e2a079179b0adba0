import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { ConflictError } from "../../shared/errors.ts";
import { Version } from "../../shared/update.ts";
import type { Blessing } from "./slots.ts";
import { Health, UpdateOutcome, UpdateSettings } from "./state.ts";

/** Outcomes that are kept. */
const kept = 20;

/** What was there before an update, and has to be there after it. */
export const Before = Type.Object({
  online: Type.Boolean({ description: "a way to the Internet" }),
  disks: Type.Integer({ description: "data disks that were open" }),
});
export type Before = Static<typeof Before>;

const Attempt = Type.Object({
  version: Version,
  from: Version,
  /** The boot in which it was written: the next one shows whether it starts. */
  boot: Type.String(),
  written: Type.Boolean(),
  before: Before,
});
export type Attempt = Static<typeof Attempt>;

const Kept = Type.Object({
  settings: UpdateSettings,
  attempt: Type.Union([Attempt, Type.Null()]),
  history: Type.Array(UpdateOutcome),
});
type Kept = Static<typeof Kept>;

const fresh: Kept = {
  // Between two and five in the night, where most people sleep at home.
  settings: {
    source: null,
    friends: false,
    automatic: true,
    quiet: { from: 120, to: 300 },
  },
  attempt: null,
  history: [],
};

/** What the owner wants of updates, the one that is under way, and what became of those before: one file, across boots. */
export class Attempts {
  readonly #file: string;
  readonly #health: string;
  readonly #version: string;
  readonly #boot: string;
  #kept: Kept;

  private constructor(
    file: string,
    health: string,
    version: string,
    boot: string,
    kept: Kept,
  ) {
    this.#file = file;
    this.#health = health;
    this.#version = version;
    this.#boot = boot;
    this.#kept = kept;
  }

  /** @param folder that is there. @param health file of the health check. @param version that runs */
  static async open(
    folder: string,
    health: string,
    version: string,
  ): Promise<Attempts> {
    const file = join(folder, "updates.json");
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    // A file that cannot be read costs settings, not the service.
    const found = await readJson(Kept, file).catch(() => undefined);
    return new Attempts(file, health, version, boot.trim(), found ?? fresh);
  }

  get settings(): UpdateSettings {
    return this.#kept.settings;
  }

  /** The update that was begun, and whose end is not known. */
  get current(): Attempt | null {
    return this.#kept.attempt;
  }

  /** The last first. */
  get history(): readonly UpdateOutcome[] {
    return this.#kept.history;
  }

  /** Whether a version is written that the next boot starts. */
  get waitsForRestart(): boolean {
    const { current } = this;
    return current?.written === true && current.boot === this.#boot;
  }

  /** Whether the version that runs has yet to show that it works. */
  get isProving(): boolean {
    return this.current?.version === this.#version;
  }

  /** @throws ConflictError (busy) where a version waits for a restart, or is proven. */
  expectNone(): void {
    if (this.waitsForRestart)
      throw new ConflictError(
        `Version ${this.current?.version} is installed and starts with the next boot. Restart the box first.`,
        "busy",
      );
    if (this.isProving)
      throw new ConflictError(
        "This version is being proven. Wait until that is done.",
        "busy",
      );
  }

  async set(settings: UpdateSettings): Promise<void> {
    await this.#keep({ settings });
  }

  /** Takes note that a version is about to be written: a power cut may come. @returns what says that it is written */
  async begin(version: string, before: Before): Promise<() => Promise<void>> {
    const attempt = {
      version,
      from: this.#version,
      boot: this.#boot,
      written: false,
      before,
    };
    await this.#keep({ attempt });
    return async () =>
      await this.#keep({ attempt: { ...attempt, written: true } });
  }

  /** What was there before the update that is being proven, and is not there now, in words. */
  lost(now: Before): string[] {
    const { current } = this;
    if (!current || !this.isProving) return [];
    const { before } = current;
    return [
      ...(before.online && !now.online
        ? ["there is no way to the Internet any more"]
        : []),
      ...(now.disks < before.disks
        ? [`${now.disks} of ${before.disks} data disks are open`]
        : []),
    ];
  }

  /** Says what became of an update, once that is known. @param at milliseconds since 1970 */
  async settle(blessing: () => Promise<Blessing>, at: number): Promise<void> {
    const { current } = this;
    if (!current) return;
    if (this.isProving) {
      if ((await blessing()) === "good")
        await this.#end(current, at, true, `It follows ${current.from}.`);
    } else if (current.boot !== this.#boot) {
      if (current.written)
        await this.#end(current, at, false, await this.#why(current.version));
      else await this.#keep({ attempt: null });
    }
  }

  async #end(
    { version }: Attempt,
    at: number,
    good: boolean,
    words: string,
  ): Promise<void> {
    await this.#keep({
      attempt: null,
      history: [{ version, at, good, words }, ...this.history].slice(0, kept),
    });
  }

  /** Why a version did not stay, as far as it came to say it. */
  async #why(version: string): Promise<string> {
    const health = await readJson(Health, this.#health).catch(() => undefined);
    const bad =
      health?.version === version
        ? health.checks.filter(({ good }) => !good)
        : [];
    return bad.length > 0
      ? `It started, but ${bad.map(({ words }) => words).join("; ")}. The box went back to ${this.#version}.`
      : `It did not start to its end. The box went back to ${this.#version}.`;
  }

  async #keep(changes: Partial<Kept>): Promise<void> {
    this.#kept = { ...this.#kept, ...changes };
    await writeDurable(this.#file, JSON.stringify(this.#kept));
  }
}

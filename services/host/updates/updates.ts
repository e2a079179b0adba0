import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Static, Type } from "typebox";
import type { IdentityClient } from "../../identity/client.ts";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { ConflictError, CoppiceError } from "../../shared/errors.ts";
import {
  type ImageInfo,
  imageAnchors,
  readSigners,
} from "../../shared/image.ts";
import {
  compareVersions,
  judgeManifest,
  newestManifest,
  openManifest,
  type UpdateManifest,
  Version,
} from "../../shared/update.ts";
import {
  begunJob,
  friendsSource,
  type Job,
  JobProgress,
  updaterFiles,
} from "../../updates/client.ts";
import { forgetManifests, keepManifest, takeManifest } from "./own-manifest.ts";
import { type Slots, takeParts } from "./slots.ts";
import {
  Health,
  type UpdateOrigin,
  UpdateOutcome,
  UpdateSettings,
  type UpdateState,
} from "./state.ts";

/** Milliseconds between two looks for a newer version, and by how much they vary from box to box. */
const period = 20 * 3_600_000;
const jitter = 8 * 3_600_000;
/** Milliseconds of rest after something failed. */
const rest = 3_600_000;
/** Outcomes that are kept. */
const kept = 20;
/** Milliseconds after which a job that says nothing is taken for ended. */
const silence = 10 * 60_000;

/** What was there before an update, and has to be there after it. */
export const Before = Type.Object({
  online: Type.Boolean({ description: "a way to the Internet" }),
  disks: Type.Integer({ description: "data disks that were open" }),
});
export type Before = Static<typeof Before>;

const Kept = Type.Object({
  settings: UpdateSettings,
  attempt: Type.Union([
    Type.Object({
      version: Version,
      from: Version,
      /** The boot in which it was written: the next one shows whether it starts. */
      boot: Type.String(),
      written: Type.Boolean(),
      before: Before,
    }),
    Type.Null(),
  ]),
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

/** Where things are. */
export interface UpdatePlaces {
  /** This service's own state. */
  state: string;
  /** The updater's state folder. */
  updater: string;
  /** Where what is to be installed has to be. */
  install: string;
  /** File with the updater's job. */
  job: string;
  /** File of the health check. */
  health: string;
}

/** What it needs of the box. */
export interface UpdateParts {
  places: UpdatePlaces;
  slots: Slots;
  image: ImageInfo;
  version: string;
  /** What is there at the moment. */
  now: () => Promise<Before>;
  /** Where the TPM keeps the least security version. */
  floors: Pick<IdentityClient, "securityFloor" | "raiseSecurityFloor">;
}

/** Keeps the box up to date: has newer versions looked for and brought, writes them, and says what became of them. */
export class Updates implements AsyncDisposable {
  readonly #places: UpdatePlaces;
  readonly #slots: Slots;
  readonly #image: ImageInfo;
  readonly #version: string;
  readonly #boot: string;
  readonly #now: () => Promise<Before>;
  readonly #floors: UpdateParts["floors"];
  #raised = false;
  #kept: Kept;
  #installing = false;
  /** Whether a job is being begun, which may need a stick. */
  #beginning = false;
  #problem: { type: string; words: string } | null = null;
  #timer: NodeJS.Timeout | undefined;
  #jitter = Math.random() * jitter;
  /** Who was asked last, of those that are asked by themselves. */
  #asked: UpdateOrigin | undefined;
  /** Until when nothing is done by itself, after something failed. */
  #resting = 0;

  private constructor(parts: UpdateParts, boot: string, kept: Kept) {
    this.#places = parts.places;
    this.#slots = parts.slots;
    this.#image = parts.image;
    this.#version = parts.version;
    this.#now = parts.now;
    this.#floors = parts.floors;
    this.#boot = boot;
    this.#kept = kept;
  }

  static async open(parts: UpdateParts): Promise<Updates> {
    const { state, updater, job } = parts.places;
    for (const folder of [state, updater, dirname(job)])
      await mkdir(folder, { recursive: true });
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    // A file that cannot be read costs settings, not the service.
    const kept = await readJson(
      Kept,
      join(parts.places.state, "updates.json"),
    ).catch(() => undefined);
    return new Updates(parts, boot.trim(), kept ?? fresh);
  }

  /** Looks now and every half minute what there is to do. @param onError hears why something failed */
  start(onError: (error: unknown) => void): void {
    const look = (): void => {
      this.#look(new Date()).catch(onError);
      this.#letSticksGo().catch(onError);
    };
    look();
    this.#timer = setInterval(look, 30_000);
  }

  async state(): Promise<UpdateState> {
    const progress = await this.#progress();
    const manifest = await this.#manifest().catch(() => undefined);
    const { settings, history } = this.#kept;
    return {
      version: this.#version,
      board: this.#image.board,
      settings,
      phase: await this.#phase(progress),
      found:
        manifest && compareVersions(manifest.version, this.#version) > 0
          ? {
              version: manifest.version,
              notes: manifest.notes,
              size: manifest.files.reduce((sum, { size }) => sum + size, 0),
            }
          : null,
      came: progress?.came ?? 0,
      checked: progress?.at ?? null,
      problem: this.#problem ?? progress?.problem ?? null,
      health:
        (await readJson(Health, this.#places.health).catch(() => undefined)) ??
        null,
      history,
    };
  }

  async set(settings: UpdateSettings): Promise<void> {
    await this.#keep({ settings });
  }

  /**
   * Has the source or friends' boxes asked, or a USB stick looked at, and what is newer brought here where `download` says so.
   * @throws ConflictError: no-source, no-stick, busy; CommandError
   */
  async check(download: boolean, from: UpdateOrigin): Promise<void> {
    this.expectIdle();
    this.#beginning = true;
    try {
      const source =
        from === "stick"
          ? await this.#stick()
          : from === "friends"
            ? friendsSource
            : this.#source();
      this.#problem = null;
      const job: Job = { source, download, floor: await this.#floor() };
      // One that still works, or just says how it ended, would be taken for the new one, which then never begins.
      await this.#slots.updater("stop");
      await writeDurable(
        join(this.#places.updater, updaterFiles.progress),
        JSON.stringify(begunJob()),
      );
      await writeDurable(this.#places.job, JSON.stringify(job));
      await this.#slots.updater("start");
    } finally {
      this.#beginning = false;
    }
  }

  #source(): string {
    const { source } = this.#kept.settings;
    if (source === null)
      throw new ConflictError(
        "The box knows nobody to ask for updates: give it the address of a source first.",
        "no-source",
      );
    return source;
  }

  /** URL of the first stick that has versions for this board. */
  async #stick(): Promise<string> {
    const { board } = this.#image;
    for (const folder of await this.#slots.openSticks()) {
      const manifest = join(folder, board, newestManifest);
      const there = await stat(manifest).catch(() => undefined);
      if (there?.isFile()) return pathToFileURL(folder).href;
    }
    await this.#slots.closeSticks();
    throw new ConflictError(
      `No stick with an update is plugged in. It has to have a folder ${board} with ${newestManifest} in it, and FAT or exFAT as its file system.`,
      "no-stick",
    );
  }

  /** Resolves to what could be installed now. @throws ConflictError: not-ready, busy; UpdateError */
  async expectReady(): Promise<UpdateManifest> {
    this.expectIdle();
    return await this.#ready();
  }

  async #ready(): Promise<UpdateManifest> {
    const manifest = await this.#manifest();
    if (!manifest || (await this.#progress())?.phase !== "ready")
      throw new ConflictError(
        "There is no update here that could be installed. Look for one first.",
        "not-ready",
      );
    return manifest;
  }

  /** Writes the version that was brought into the other slot. @throws as expectReady; CommandError */
  async install(): Promise<void> {
    this.expectIdle();
    this.#installing = true;
    this.#problem = null;
    try {
      const manifest = await this.#ready();
      judgeManifest(manifest, {
        board: this.#image.board,
        floor: await this.#floor(),
        now: Date.now() / 1000,
      });
      await this.#slots.updater("stop");
      await takeParts(
        manifest,
        join(this.#places.updater, updaterFiles.parts),
        this.#places.install,
      );
      const attempt = {
        version: manifest.version,
        from: this.#version,
        boot: this.#boot,
        written: false,
        before: await this.#now(),
      };
      await this.#keep({ attempt });
      await keepManifest(
        join(this.#places.updater, updaterFiles.manifest),
        this.#places.state,
        manifest.version,
      );
      await this.#slots.write();
      await this.#keep({ attempt: { ...attempt, written: true } });
      await rm(this.#places.install, { recursive: true });
      await this.#forgetJob();
    } catch (error) {
      this.#problem =
        error instanceof CoppiceError
          ? { type: error.type, words: error.message }
          : { type: "failed", words: "The log says more." };
      this.#resting = Date.now() + rest;
      throw error;
    } finally {
      this.#installing = false;
    }
  }

  /** Starts what was installed. @throws ConflictError: not-ready */
  async restart(): Promise<void> {
    if ((await this.#phase(undefined)) !== "restart")
      throw new ConflictError(
        "No update waits for a restart. Install one first.",
        "not-ready",
      );
    await this.#slots.restart();
  }

  /** What was there before the update that is being proven, and is not there now, in words. */
  async lost(): Promise<string[]> {
    const { attempt } = this.#kept;
    if (attempt?.version !== this.#version) return [];
    const { before } = attempt;
    const now = await this.#now();
    return [
      ...(before.online && !now.online
        ? ["there is no way to the Internet any more"]
        : []),
      ...(now.disks < before.disks
        ? [`${now.disks} of ${before.disks} data disks are open`]
        : []),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
  }

  /** @throws ConflictError (busy) where a restart would come at the wrong moment: a version is written, waits for one, or is proven. */
  expectIdle(): void {
    if (this.#installing)
      throw new ConflictError(
        "An update is being installed. Wait until that is done.",
        "busy",
      );
    const { attempt } = this.#kept;
    if (attempt?.written && attempt.boot === this.#boot)
      throw new ConflictError(
        `Version ${attempt.version} is installed and starts with the next boot. Restart the box first.`,
        "busy",
      );
    if (attempt?.version === this.#version)
      throw new ConflictError(
        "This version is being proven. Wait until that is done.",
        "busy",
      );
  }

  async #phase(
    progress: JobProgress | undefined,
  ): Promise<UpdateState["phase"]> {
    if (this.#installing) return "installing";
    const { attempt } = this.#kept;
    if (attempt?.version === this.#version) return "proving";
    if (attempt?.written && attempt.boot === this.#boot) return "restart";
    const phase = progress?.phase;
    return phase === undefined || phase === "none" || phase === "failed"
      ? "idle"
      : phase;
  }

  async #progress(): Promise<JobProgress | undefined> {
    const progress = await readJson(
      JobProgress,
      join(this.#places.updater, updaterFiles.progress),
    ).catch(() => undefined);
    // A job that a power cut ended says nothing any more.
    return progress &&
      isWorking(progress.phase) &&
      Date.now() - progress.at > silence
      ? { ...progress, phase: "found" }
      : progress;
  }

  /** What was found, as its builder signed it. @throws UpdateError */
  async #manifest(): Promise<UpdateManifest | undefined> {
    const document = await readFile(
      join(this.#places.updater, updaterFiles.manifest),
    ).catch(() => undefined);
    return (
      document &&
      openManifest(document, await readSigners(imageAnchors.signers))
    );
  }

  /** Least security version: that of this image, and of every one that worked here before. */
  async #floor(): Promise<number> {
    return Math.max(
      this.#image.securityVersion,
      await this.#floors.securityFloor().catch(() => 0),
    );
  }

  async #forgetJob(): Promise<void> {
    for (const name of [updaterFiles.progress, updaterFiles.manifest])
      await rm(join(this.#places.updater, name), { force: true });
  }

  async #keep(changes: Partial<Kept>): Promise<void> {
    this.#kept = { ...this.#kept, ...changes };
    await writeDurable(
      join(this.#places.state, "updates.json"),
      JSON.stringify(this.#kept),
    );
  }

  async #look(now: Date): Promise<void> {
    await this.#settle(now);
    await this.#nowGood();
    const { settings, attempt } = this.#kept;
    const origin = this.#nextOrigin();
    if (
      !settings.automatic ||
      origin === undefined ||
      this.#installing ||
      now.getTime() < this.#resting
    )
      return;
    const progress = await this.#progress();
    const phase = await this.#phase(progress);
    if (phase === "restart") {
      if (inQuiet(settings.quiet, now)) await this.#slots.restart();
    } else if (attempt === null && phase === "ready") {
      const failed = this.#kept.history.some(
        ({ version, good }) => !good && version === progress?.version,
      );
      if (!failed) await this.install();
    } else if (
      (phase === "idle" || phase === "found") &&
      now.getTime() - (progress?.at ?? 0) > period + this.#jitter
    ) {
      this.#jitter = Math.random() * jitter;
      this.#asked = origin;
      await this.check(true, origin);
    }
  }

  /** Closes sticks that nobody reads any more. */
  async #letSticksGo(): Promise<void> {
    if (!this.#beginning && !isWorking((await this.#progress())?.phase))
      await this.#slots.closeSticks();
  }

  /** Who is asked next without being told to: where there are both, the source and the friends in turns. */
  #nextOrigin(): UpdateOrigin | undefined {
    const { source, friends } = this.#kept.settings;
    if (source === null) return friends ? "friends" : undefined;
    return friends && this.#asked === "source" ? "friends" : "source";
  }

  /** A version that works is one to which there is no way back below, and that friends' boxes may have. */
  async #nowGood(): Promise<void> {
    const { updater, state } = this.#places;
    await takeManifest(
      join(updater, updaterFiles.running),
      state,
      this.#version,
    );
    if (this.#raised || (await this.#slots.blessing()) !== "good") return;
    const { attempt } = this.#kept;
    await forgetManifests(state, [
      this.#version,
      ...(attempt ? [attempt.version] : []),
    ]);
    await this.#slots.linkRunning();
    // The TPM may not be there yet; the next look tries again.
    this.#raised = await this.#floors
      .raiseSecurityFloor(this.#image.securityVersion)
      .then(
        () => true,
        () => false,
      );
  }

  /** Says what became of an update, once that is known. */
  async #settle(now: Date): Promise<void> {
    const { attempt, history } = this.#kept;
    if (!attempt) return;
    const end = async (good: boolean, words: string): Promise<void> =>
      await this.#keep({
        attempt: null,
        history: [
          { version: attempt.version, at: now.getTime(), good, words },
          ...history,
        ].slice(0, kept),
      });
    if (attempt.version === this.#version) {
      if ((await this.#slots.blessing()) === "good")
        await end(true, `It follows ${attempt.from}.`);
    } else if (attempt.boot !== this.#boot) {
      if (attempt.written) await end(false, await this.#why(attempt.version));
      else await this.#keep({ attempt: null });
    }
  }

  /** Why a version did not stay, as far as it came to say it. */
  async #why(version: string): Promise<string> {
    const health = await readJson(Health, this.#places.health).catch(
      () => undefined,
    );
    const bad =
      health?.version === version
        ? health.checks.filter(({ good }) => !good)
        : [];
    return bad.length > 0
      ? `It started, but ${bad.map(({ words }) => words).join("; ")}. The box went back to ${this.#version}.`
      : `It did not start to its end. The box went back to ${this.#version}.`;
  }
}

/** Whether the updater is at work. */
function isWorking(phase: JobProgress["phase"] | undefined): boolean {
  return (
    phase === "looking" || phase === "comparing" || phase === "downloading"
  );
}

/** Whether it is night at the owner's. */
export function inQuiet(
  { from, to }: UpdateSettings["quiet"],
  now: Date,
): boolean {
  const minute = now.getUTCHours() * 60 + now.getUTCMinutes();
  return from <= to
    ? minute >= from && minute < to
    : minute >= from || minute < to;
}

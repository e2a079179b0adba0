import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { IdentityClient } from "../../identity/client.ts";
import { readJson } from "../../shared/durable.ts";
import { ConflictError, CoppiceError } from "../../shared/errors.ts";
import type { ImageInfo } from "../../shared/image.ts";
import {
  compareVersions,
  judgeManifest,
  type UpdateManifest,
} from "../../shared/update.ts";
import { isWithin, type WallClock } from "../../shared/zone.ts";
import {
  friendsSource,
  type Job,
  type JobProgress,
} from "../../updates/client.ts";
import { Attempts, type Before } from "./attempts.ts";
import { forgetManifests, keepManifest, takeManifest } from "./own-manifest.ts";
import { type Slots, takeParts } from "./slots.ts";
import {
  Health,
  type UpdateOrigin,
  type UpdateSettings,
  type UpdateState,
} from "./state.ts";
import { UpdaterJobs } from "./updater-jobs.ts";

/** Milliseconds between two looks for a newer version, and by how much they vary from box to box. */
const period = 20 * 3_600_000;
const jitter = 8 * 3_600_000;
/** Milliseconds of rest after something failed. */
const rest = 3_600_000;

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
  /** The household's clock, for the quiet hours. */
  clock: WallClock;
  /** Where the TPM keeps the least security version. */
  floors: Pick<IdentityClient, "securityFloor" | "raiseSecurityFloor">;
}

/** Keeps the box up to date: has newer versions looked for and brought, writes them, and says what became of them. */
export class Updates implements AsyncDisposable {
  readonly #parts: UpdateParts;
  readonly #jobs: UpdaterJobs;
  readonly #attempts: Attempts;
  #raised = false;
  #installing = false;
  #problem: { type: string; words: string } | null = null;
  #timer: NodeJS.Timeout | undefined;
  #jitter = Math.random() * jitter;
  /** Who was asked last, of those that are asked by themselves. */
  #asked: UpdateOrigin | undefined;
  /** Until when nothing is done by itself, after something failed. */
  #resting = 0;

  private constructor(
    parts: UpdateParts,
    jobs: UpdaterJobs,
    attempts: Attempts,
  ) {
    this.#parts = parts;
    this.#jobs = jobs;
    this.#attempts = attempts;
  }

  static async open(parts: UpdateParts): Promise<Updates> {
    const { state, updater, job, health } = parts.places;
    for (const folder of [state, updater, dirname(job)])
      await mkdir(folder, { recursive: true });
    return new Updates(
      parts,
      new UpdaterJobs(updater, job, parts.slots),
      await Attempts.open(state, health, parts.version),
    );
  }

  /** Looks now and every half minute what there is to do. @param onError hears why something failed */
  start(onError: (error: unknown) => void): void {
    const look = (): void => {
      this.#look(new Date()).catch(onError);
      this.#jobs.letSticksGo().catch(onError);
    };
    look();
    this.#timer = setInterval(look, 30_000);
  }

  async state(): Promise<UpdateState> {
    const { version, image, places } = this.#parts;
    const progress = await this.#jobs.progress();
    const manifest = await this.#jobs.manifest().catch(() => undefined);
    const health = await readJson(Health, places.health).catch(() => undefined);
    return {
      version,
      board: image.board,
      settings: this.#attempts.settings,
      phase: this.#phase(progress),
      found:
        manifest && compareVersions(manifest.version, version) > 0
          ? {
              version: manifest.version,
              notes: manifest.notes,
              size: manifest.files.reduce((sum, { size }) => sum + size, 0),
            }
          : null,
      came: progress?.came ?? 0,
      checked: progress?.at ?? null,
      problem: this.#problem ?? progress?.problem ?? null,
      health: health ?? null,
      history: [...this.#attempts.history],
    };
  }

  async set(settings: UpdateSettings): Promise<void> {
    await this.#attempts.set(settings);
  }

  /**
   * Has the source or friends' boxes asked, or a USB stick looked at, and what is newer brought here where `download` says so.
   * @throws ConflictError: no-source, no-stick, busy; CommandError
   */
  async check(download: boolean, from: UpdateOrigin): Promise<void> {
    this.expectIdle();
    await this.#jobs.begin(async (): Promise<Job> => {
      const source =
        from === "stick"
          ? await this.#jobs.stick(this.#parts.image.board)
          : from === "friends"
            ? friendsSource
            : this.#source();
      this.#problem = null;
      return { source, download, floor: await this.#floor() };
    });
  }

  /** Ends looking for a newer version and bringing it here; what came stays. @throws ConflictError (busy) where one is written, waits for a restart or is proven; CommandError */
  async stop(): Promise<void> {
    this.expectIdle();
    await this.#jobs.stop();
  }

  #source(): string {
    const { source } = this.#attempts.settings;
    if (source === null)
      throw new ConflictError(
        "The box knows nobody to ask for updates: give it the address of a source first.",
        "no-source",
      );
    return source;
  }

  /** Resolves to what could be installed now. @throws ConflictError: not-ready, busy; UpdateError */
  async expectReady(): Promise<UpdateManifest> {
    this.expectIdle();
    return await this.#ready();
  }

  async #ready(): Promise<UpdateManifest> {
    const manifest = await this.#jobs.manifest();
    if (!manifest || (await this.#jobs.progress())?.phase !== "ready")
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
    const { places, slots, image, now } = this.#parts;
    try {
      const manifest = await this.#ready();
      judgeManifest(manifest, {
        board: image.board,
        floor: await this.#floor(),
        now: Date.now() / 1000,
      });
      await slots.updater("stop");
      await takeParts(manifest, this.#jobs.parts, places.install);
      const written = await this.#attempts.begin(manifest.version, await now());
      await keepManifest(this.#jobs.found, places.state, manifest.version);
      await slots.write();
      await written();
      await rm(places.install, { recursive: true });
      await this.#jobs.forget();
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
    if (this.#phase(undefined) !== "restart")
      throw new ConflictError(
        "No update waits for a restart. Install one first.",
        "not-ready",
      );
    await this.#parts.slots.restart();
  }

  /** What was there before the update that is being proven, and is not there now, in words. */
  async lost(): Promise<string[]> {
    return this.#attempts.lost(await this.#parts.now());
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
    this.#attempts.expectNone();
  }

  #phase(progress: JobProgress | undefined): UpdateState["phase"] {
    if (this.#installing) return "installing";
    if (this.#attempts.isProving) return "proving";
    if (this.#attempts.waitsForRestart) return "restart";
    const phase = progress?.phase;
    return phase === undefined || phase === "none" || phase === "failed"
      ? "idle"
      : phase;
  }

  /** Least security version: that of this image, and of every one that worked here before. */
  async #floor(): Promise<number> {
    return Math.max(
      this.#parts.image.securityVersion,
      await this.#parts.floors.securityFloor().catch(() => 0),
    );
  }

  async #look(now: Date): Promise<void> {
    const { slots } = this.#parts;
    await this.#attempts.settle(() => slots.blessing(), now.getTime());
    await this.#nowGood();
    const { settings, current, history } = this.#attempts;
    const origin = this.#nextOrigin();
    if (
      !settings.automatic ||
      this.#installing ||
      now.getTime() < this.#resting
    )
      return;
    const progress = await this.#jobs.progress();
    const phase = this.#phase(progress);
    if (phase === "restart") {
      // Also where it was brought and installed by hand: the page says so.
      if (isWithin(settings.quiet, this.#parts.clock.minute(now)))
        await slots.restart();
    } else if (origin === undefined) {
      return;
    } else if (current === null && phase === "ready") {
      const failed = history.some(
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

  /** Who is asked next without being told to: where there are both, the source and the friends in turns. */
  #nextOrigin(): UpdateOrigin | undefined {
    const { source, friends } = this.#attempts.settings;
    if (source === null) return friends ? "friends" : undefined;
    return friends && this.#asked === "source" ? "friends" : "source";
  }

  /** A version that works is one to which there is no way back below, and that friends' boxes may have. */
  async #nowGood(): Promise<void> {
    const { places, version, slots, floors, image } = this.#parts;
    await takeManifest(this.#jobs.running, places.state, version);
    if (this.#raised || (await slots.blessing()) !== "good") return;
    const { current } = this.#attempts;
    await forgetManifests(places.state, [
      version,
      ...(current ? [current.version] : []),
    ]);
    await slots.linkRunning();
    // The TPM may not be there yet; the next look tries again.
    this.#raised = await floors.raiseSecurityFloor(image.securityVersion).then(
      () => true,
      () => false,
    );
  }
}

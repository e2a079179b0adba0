import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { ConflictError } from "../../shared/errors.ts";
import { imageAnchors, readSigners } from "../../shared/image.ts";
import {
  newestManifest,
  openManifest,
  type UpdateManifest,
} from "../../shared/update.ts";
import {
  begunJob,
  type Job,
  JobProgress,
  updaterFiles,
} from "../../updates/client.ts";
import type { Slots } from "./slots.ts";

/** Milliseconds after which a job that says nothing is taken for ended. */
const silence = 10 * 60_000;

/** What the updater does for the host: one job at a time, and what came of the last. */
export class UpdaterJobs {
  /** Holds the parts that it brought. */
  readonly parts: string;
  /** The signed manifest of the version that was found. */
  readonly found: string;
  /** That of the version that runs, where a source has it. */
  readonly running: string;
  readonly #progress: string;
  readonly #job: string;
  readonly #slots: Slots;
  /** Whether a job is being begun, which may need a stick. */
  #beginning = false;

  /** @param folder the updater's state. @param job file with its job */
  constructor(folder: string, job: string, slots: Slots) {
    this.parts = join(folder, updaterFiles.parts);
    this.found = join(folder, updaterFiles.manifest);
    this.running = join(folder, updaterFiles.running);
    this.#progress = join(folder, updaterFiles.progress);
    this.#job = job;
    this.#slots = slots;
  }

  /** Begins a job, in place of one that still works. @param find resolves to it; sticks stay open meanwhile. @throws as `find`; CommandError */
  async begin(find: () => Promise<Job>): Promise<void> {
    this.#beginning = true;
    try {
      const job = await find();
      // One that still works, or just says how it ended, would be taken for the new one, which then never begins.
      await this.#slots.updater("stop");
      await writeDurable(this.#progress, JSON.stringify(begunJob()));
      await writeDurable(this.#job, JSON.stringify(job));
      await this.#slots.updater("start");
    } finally {
      this.#beginning = false;
    }
  }

  /** Ends the job that works, if one does; what came stays, and the next goes on with it. @throws CommandError */
  async stop(): Promise<void> {
    await this.#slots.updater("stop");
    const progress = await this.progress();
    if (!progress || !isWorking(progress.phase)) return;
    const phase = progress.version === null ? "none" : "found";
    await writeDurable(this.#progress, JSON.stringify({ ...progress, phase }));
  }

  /** How the last job goes, or went. */
  async progress(): Promise<JobProgress | undefined> {
    const progress = await readJson(JobProgress, this.#progress).catch(
      () => undefined,
    );
    // A job that a power cut ended says nothing any more.
    return progress &&
      isWorking(progress.phase) &&
      Date.now() - progress.at > silence
      ? { ...progress, phase: "found" }
      : progress;
  }

  /** What was found, as its builder signed it. @throws UpdateError */
  async manifest(): Promise<UpdateManifest | undefined> {
    const document = await readFile(this.found).catch(() => undefined);
    return (
      document &&
      openManifest(document, await readSigners(imageAnchors.signers))
    );
  }

  /** Forgets what was found. */
  async forget(): Promise<void> {
    for (const file of [this.#progress, this.found])
      await rm(file, { force: true });
  }

  /** URL of the first stick that has versions for a board; it stays open. @throws ConflictError (no-stick), CommandError */
  async stick(board: string): Promise<string> {
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

  /** Closes sticks that nobody reads any more. @throws CommandError */
  async letSticksGo(): Promise<void> {
    if (!this.#beginning && !isWorking((await this.progress())?.phase))
      await this.#slots.closeSticks();
  }
}

/** Whether the updater is at work. */
function isWorking(phase: JobProgress["phase"] | undefined): boolean {
  return (
    phase === "looking" || phase === "comparing" || phase === "downloading"
  );
}

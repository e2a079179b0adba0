import { createHash, type KeyObject } from "node:crypto";
import { mkdir, readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { writeDurable } from "../shared/durable.ts";
import { CoppiceError, hasCode } from "../shared/errors.ts";
import type { ImageInfo } from "../shared/image.ts";
import {
  blockNameSize,
  blockSize,
  compareVersions,
  judgeManifest,
  largestManifest,
  newestManifest,
  openManifest,
  UpdateError,
  type UpdateManifest,
} from "../shared/update.ts";
import { Seeds, splitNames } from "./blocks.ts";
import {
  begunJob,
  friendsSource,
  type Job,
  type JobProgress,
  updaterFiles,
} from "./client.ts";
import { fetchFile } from "./fetching.ts";
import { FriendSources } from "./friends.ts";
import { openSource, readWhole, type Source } from "./source.ts";

/** Bytes that are left free beside what comes. */
const margin = 128 * 2 ** 20;
/** Milliseconds between two notes of how it goes. */
const noteEvery = 1000;

/** What a job needs of the box that runs it. */
export interface Surroundings {
  /** Folder for what comes. */
  folder: string;
  /** Version that runs. */
  version: string;
  image: ImageInfo;
  signers: readonly KeyObject[];
  /** Descriptors of what the running version consists of: its root, its kernel. */
  running: readonly number[];
  signal: AbortSignal;
}

/** Looks for a newer version, and brings it where the job says so. Every end is in the progress file too. @throws UpdateError */
export async function runJob(
  job: Job,
  box: Surroundings,
): Promise<JobProgress> {
  const progress = begunJob();
  const file = join(box.folder, updaterFiles.progress);
  let noted = 0;
  let writing: Promise<void> = Promise.resolve();
  const note = async (changes: Partial<JobProgress>): Promise<void> => {
    const now = Date.now();
    const phaseChanges = changes.phase !== undefined;
    Object.assign(progress, changes, { at: now });
    if (!phaseChanges && now - noted < noteEvery) return;
    noted = now;
    const text = JSON.stringify(progress);
    // One after the other: the last that is said is the last that stands there.
    writing = writing
      .catch(() => {})
      .then(async () => await writeDurable(file, text));
    await writing;
  };
  try {
    await note({ phase: "looking" });
    await using friends =
      job.source === friendsSource
        ? await FriendSources.open(box.signal)
        : undefined;
    const { source, document, manifest } = await newest(
      friends?.all ?? [openSource(job.source, box.image.board)],
      job.floor,
      box,
    );
    const order = compareVersions(manifest.version, box.version);
    if (order <= 0) {
      await clear(box.folder);
      if (order === 0)
        await writeDurable(join(box.folder, updaterFiles.running), document);
      await note({ phase: "none", version: box.version });
      return progress;
    }
    await writeDurable(join(box.folder, updaterFiles.manifest), document);
    const size = manifest.files.reduce((sum, one) => sum + one.size, 0);
    await note({ phase: "found", version: manifest.version, size });
    if (!job.download) return progress;
    await download(manifest, source, box, note, progress);
    await note({ phase: "ready" });
    return progress;
  } catch (error) {
    const known =
      error instanceof CoppiceError
        ? error
        : hasCode(error, "ENOSPC")
          ? noRoom()
          : undefined;
    // Told to end: what came is kept, and the next run goes on.
    if (!box.signal.aborted)
      await note({
        phase: "failed",
        problem: {
          type: known?.type ?? "failed",
          words: known?.message ?? "The log says more.",
        },
      });
    throw known ?? error;
  }
}

interface Found {
  source: Source;
  /** The signed manifest. */
  document: Buffer;
  manifest: UpdateManifest;
}

/** What the sources have that is newest, and may be taken. @throws UpdateError where none has anything, for the reason of the last */
async function newest(
  sources: readonly Source[],
  floor: number,
  { image: { board }, signers, signal }: Surroundings,
): Promise<Found> {
  let found: Found | undefined;
  let refusal: unknown;
  for (const source of sources) {
    try {
      const document = await readWhole(
        source,
        newestManifest,
        largestManifest,
        signal,
      );
      const manifest = openManifest(document, signers);
      judgeManifest(manifest, { board, floor, now: Date.now() / 1000 });
      if (
        !found ||
        compareVersions(manifest.version, found.manifest.version) > 0
      )
        found = { source, document, manifest };
    } catch (error) {
      signal.throwIfAborted();
      // One that is no good does not keep the others from being asked.
      refusal = error;
    }
  }
  if (!found) throw refusal;
  return found;
}

function noRoom(): UpdateError {
  return new UpdateError(
    "no-room",
    "The system disk has no room for the update. It needs as much beside the version that runs as the update is large; nothing was changed.",
  );
}

async function download(
  manifest: UpdateManifest,
  source: Source,
  box: Surroundings,
  note: (changes: Partial<JobProgress>) => Promise<void>,
  progress: JobProgress,
): Promise<void> {
  const { folder, signal } = box;
  await note({ phase: "comparing" });
  const parts = join(folder, updaterFiles.parts);
  await mkdir(parts, { recursive: true });
  const wanted = new Set(manifest.files.map(({ name }) => name));
  let there = 0;
  for (const name of await readdir(parts))
    if (wanted.has(name)) there += (await stat(join(parts, name))).blocks * 512;
    else await rm(join(parts, name));
  const { bavail, bsize } = await statfs(parts);
  if (bavail * bsize + there < progress.size + margin) throw noRoom();
  const seeds = new Seeds();
  for (const file of box.running) await seeds.learn(file, signal);
  await note({ phase: "downloading" });
  const came = (bytes: number): void => {
    // What keeps a note from the disk keeps the parts from it too.
    note({ came: progress.came + bytes }).catch(() => {});
  };
  for (const file of manifest.files) {
    const list = await readWhole(
      source,
      `${file.name}.blocks`,
      Math.ceil(file.size / blockSize) * blockNameSize,
      signal,
    );
    came(list.length);
    if (createHash("sha256").update(list).digest("hex") !== file.blocks)
      throw new UpdateError(
        "damaged",
        `The list of blocks of ${file.name} is not what was signed. Nothing was changed; look for another source.`,
      );
    await fetchFile({
      file,
      names: splitNames(list, file),
      path: join(parts, file.name),
      seeds,
      source,
      came,
      signal,
    });
  }
}

/** Forgets what was brought: it is older than what runs. */
async function clear(folder: string): Promise<void> {
  await rm(join(folder, updaterFiles.parts), { recursive: true, force: true });
  await rm(join(folder, updaterFiles.manifest), { force: true });
}

import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import type { Type } from "typebox";
import type { openStoreHere } from "../node/client.ts";
import {
  ObjectHealth,
  ObjectInfo,
  type ScrubReport,
  StoreState,
} from "../node/client.ts";
import { CliError, type Connection } from "./connection.ts";
import type { Surroundings } from "./door.ts";
import { size } from "./text.ts";

/** A store in this process. */
type Here = Awaited<ReturnType<typeof openStoreHere>>;

interface StoreOptions {
  data?: string[];
  key?: string;
}

const never = new AbortController().signal;

/** Adds `coppice store ...`: objects under ids, on the box or, with --data, on folders of this machine. */
export function addStoreCommands(
  program: Command,
  { connect, print }: Surroundings,
): void {
  const store = program
    .command("store")
    .description(
      "the fragment store: objects under ids, erasure-coded over the disks",
    )
    .exitOverride();

  /** A command of the store, with its options. */
  const command = (usage: string, description: string): Command =>
    store
      .command(usage)
      .description(description)
      .option(
        "--data <folder>",
        "use this folder as the disk, without a box; repeat it for several",
        (folder: string, before: string[] = []) => [...before, folder],
      )
      .option(
        "--key <file>",
        "with --data: the file whose 32 bytes encrypt (default: ~/.config/coppice/store-key)",
      )
      .option("--json", "answer in JSON");

  /** Runs on the folders that --data names, or on the box. */
  const ask = async <T>(
    { data, key }: StoreOptions,
    here: (one: Here) => Promise<T>,
    box: (api: Connection) => Promise<T>,
  ): Promise<T> => {
    if (!data) {
      await using api = await connect();
      return await box(api);
    }
    const { openStoreHere: open } = await import("../node/client.ts");
    await using one = await open(
      data,
      key ?? join(homedir(), ".config/coppice/store-key"),
      (error) => console.error(`coppice: ${(error as Error).message}`),
    );
    return await here(one);
  };

  command("put <file>", "store a file; prints its id. - reads standard input")
    .option("--k <number>", "fragments that restore a segment", integer, 4)
    .option("--m <number>", "fragments that may be lost", integer, 2)
    .action(
      async (
        path: string,
        options: StoreOptions & { k: number; m: number },
      ) => {
        const { k, m } = options;
        if (k < 1 || k + m > 255)
          throw new CliError(
            `no code has k=${k} and m=${m}: k is at least 1, and both together at most 255`,
            2,
          );
        const source = path === "-" ? process.stdin : await openFile(path);
        const info = await ask(
          options,
          async ({ objects }) => await objects.put(source, { k, m }, never),
          async (api) =>
            await api.call(ObjectInfo, "POST", `/api/objects?k=${k}&m=${m}`, {
              stream: source,
            }),
        );
        print(info, info.id);
      },
    );
  command("get <id> [file]", "print an object, or write it to a file")
    .option(
      "--range <first-last>",
      "only these bytes, counted from 0, the last included",
      range,
    )
    .action(
      async (
        id: string,
        path: string | undefined,
        options: StoreOptions & { range?: { start: number; end: number } },
      ) => {
        const target = path ? createWriteStream(path) : process.stdout;
        const { start, end } = options.range ?? {};
        await ask(
          options,
          async ({ objects }) => {
            const { bytes } = await objects.get(id, never, options.range);
            await pipeline(Readable.from(bytes), target);
          },
          async (api) => {
            const query =
              start === undefined ? "" : `?start=${start}&end=${end}`;
            const { body } = await api.raw(
              "GET",
              `/api/objects/${encodeURIComponent(id)}${query}`,
            );
            await pipeline(body, target);
          },
        );
        if (path) print({ id, path }, `${id} -> ${path}`);
      },
    );
  command("stat <id>", "how an object is kept").action(
    async (id: string, options: StoreOptions) => {
      const health = await ask(
        options,
        async ({ objects }) => await objects.stat(id, never),
        async (api) =>
          await api.call(
            ObjectHealth,
            "GET",
            `/api/objects/${encodeURIComponent(id)}/info`,
          ),
      );
      const { missing, lost, fragments, segments, k, m } = health;
      print(
        health,
        [
          `${size(health.size)} in ${segments} segments at ${k}+${m}, ${size(health.stored)} on the disks, since ${new Date(health.created).toISOString().slice(0, 16)}`,
          lost.length > 0
            ? `LOST: segments ${lost.join(", ")}`
            : missing > 0
              ? `${missing} of ${fragments} fragments are missing or rotten; all of it can be restored`
              : `all ${fragments} fragments are there`,
        ].join("\n"),
      );
    },
  );
  command("rm <id>", "remove an object").action(
    async (id: string, options: StoreOptions) => {
      await ask(
        options,
        async ({ objects, store: fragments }) => {
          await objects.remove(id);
          await fragments.idle();
        },
        async (api) => {
          const path = `/api/objects/${encodeURIComponent(id)}`;
          await (await api.raw("DELETE", path)).body.dump();
        },
      );
      print({ id, removed: true }, `${id} removed`);
    },
  );
  command(
    "scrub",
    "how the scrub is doing; with --now, read and mend everything",
  )
    .option("--now", "read everything now, and wait for it")
    .action(async (options: StoreOptions & { now?: boolean }) => {
      if (!options.now && !options.data) {
        await using api = await connect();
        const { scrub } = await api.call(StoreState, "GET", "/api/store");
        const { progress, last } = scrub;
        print(
          scrub,
          [
            progress
              ? `reading: ${size(progress.verified)} of ${size(progress.total)}, ${progress.mended} fragments mended`
              : "resting",
            ...(last
              ? [
                  `last pass ended ${new Date(last.ended).toISOString().slice(0, 16)}: ${inWords(last)}`,
                ]
              : []),
          ].join("\n"),
        );
        return;
      }
      const report = await ask(
        options,
        async ({ scrubber }) => await scrubber.now(never),
        async (api) => {
          const earlier = (await scrubOf(api)).last?.ended;
          await (await api.raw("POST", "/api/store/scrub")).body.dump();
          return await finished(api, earlier);
        },
      );
      print(report, inWords(report));
      if (report.lost.length > 0) process.exitCode = 1;
    });
  command("reindex", "make the index anew from what is on the disks").action(
    async (options: StoreOptions) => {
      await ask(
        options,
        async ({ store: fragments }) => {
          for (const disk of fragments.disks.values())
            await disk.reindex(never);
        },
        async (api) =>
          await (await api.raw("POST", "/api/store/reindex")).body.dump(),
      );
      print({ reindexed: true }, "the index is made anew");
    },
  );
  command("disks", "the data disks").action(async (options: StoreOptions) => {
    const disks = await ask(
      options,
      async (one) => await one.disks(),
      async (api) => (await api.call(StoreState, "GET", "/api/store")).disks,
    );
    print(
      disks,
      disks
        .map(
          ({ uuid, state, stored, free, mended, failure }) =>
            `${uuid}  ${state}, ${size(stored)} of fragments, ${size(free)} free, ${mended} mended${failure ? `: ${failure}` : ""}`,
        )
        .join("\n"),
    );
  });
}

async function scrubOf(
  api: Connection,
): Promise<Type.Static<typeof StoreState>["scrub"]> {
  return (await api.call(StoreState, "GET", "/api/store")).scrub;
}

/** Waits for a pass that ended after the `earlier` one, milliseconds since 1970. */
async function finished(
  api: Connection,
  earlier: number | undefined,
): Promise<Type.Static<typeof ScrubReport>> {
  for (;;) {
    const { progress, last } = await scrubOf(api);
    if (!progress && last && last.ended !== earlier) return last;
    await sleep(500);
  }
}

function inWords({
  verified,
  damaged,
  mended,
  moved,
  lost,
}: Type.Static<typeof ScrubReport>): string {
  return `${size(verified)} read, ${damaged} fragments damaged, ${mended} mended, ${moved} moved, ${lost.length} segments lost${lost.map(({ block, segment }) => `\n  block ${block}, segment ${segment}`).join("")}`;
}

async function openFile(path: string): Promise<Readable> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) throw new CliError(`${path} is not a file`, 2);
  return createReadStream(path, { highWaterMark: 1024 * 1024 });
}

function integer(text: string): number {
  if (!/^\d{1,3}$/.test(text))
    throw new InvalidArgumentError("It must be a number up to 255.");
  return Number(text);
}

function range(text: string): { start: number; end: number } {
  const [, first, last] = /^(\d+)-(\d*)$/.exec(text) ?? [];
  if (first === undefined || (last && Number(last) < Number(first)))
    throw new InvalidArgumentError("It must be like 0-99.");
  return {
    start: Number(first),
    end: last ? Number(last) + 1 : Number.MAX_SAFE_INTEGER,
  };
}

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
// Node's own dies of a server that hangs up while its answer waits to be read (nodejs/undici#5360).
import { fetch } from "undici";
import { type BlockList, BlockListStates } from "../host/client.ts";
import { readJson, writeDurable } from "../shared/durable.ts";
import { CoppiceError } from "../shared/errors.ts";
import { namesIn, topmost } from "./block-list.ts";

/** Bytes that a list may have. */
const largest = 32 * 2 ** 20;
/** Names that all lists together may block: dnsmasq keeps them in memory, at a hundred bytes each. */
const most = 500_000;
/** Milliseconds that a list may take to come. */
const patience = 120_000;

/** A list did not come; the one of before stays. */
export class ListError extends CoppiceError {
  override name = "ListError";
  constructor(message: string) {
    super(502, "list-failed", message);
  }
}

/** What is known of a list that was fetched. */
type Known = BlockListStates[number];

/**
 * Fetches the household's block lists, and writes what dnsmasq is to read (`servers-file`) and what the page shows. A list that
 * does not come stays as it was.
 * @param folder for the lists and both files. @returns whether all came
 */
export async function refresh(
  lists: readonly BlockList[],
  folder: string,
  signal: AbortSignal,
): Promise<boolean> {
  const cache = join(folder, "lists");
  await mkdir(cache, { recursive: true });
  const states = join(folder, "lists.json");
  const before =
    (await readJson(BlockListStates, states).catch(() => undefined)) ?? [];
  const now: Known[] = [];
  const all = new Set<string>();
  for (const { url } of lists) {
    const file = join(cache, digest(url));
    const last = before.find((one) => one.url === url);
    const state = await fetched(url, file, last, signal);
    now.push(state);
    const text = await readFile(file, "utf8").catch(() => "");
    for (const name of text.split("\n"))
      if (name !== "" && all.size < most) all.add(name);
  }
  await writeDurable(
    join(folder, "blocked.conf"),
    topmost(all)
      .map((name) => `server=/${name}/\n`)
      .join(""),
  );
  await writeDurable(states, JSON.stringify(now));
  const wanted = lists.map(({ url }) => digest(url));
  for (const name of await readdir(cache))
    if (!wanted.includes(name)) await rm(join(cache, name));
  return now.every(({ problem }) => problem === null);
}

/** Brings a list up to date in its file. */
async function fetched(
  url: string,
  file: string,
  last: Known | undefined,
  signal: AbortSignal,
): Promise<Known> {
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      headers: last?.etag ? { "if-none-match": last.etag } : {},
    });
    if (answer.status === 304 && last)
      return { ...last, at: Date.now(), problem: null };
    if (!answer.ok || !answer.body)
      throw new ListError(`The server says ${answer.status}.`);
    if (!answer.url.startsWith("https:"))
      throw new ListError("The server leads to a page without TLS.");
    const names = await read(answer.body);
    if (names.size === 0) throw new ListError("There is no name in it.");
    await writeDurable(file, [...names].join("\n"));
    return {
      url,
      at: Date.now(),
      names: names.size,
      etag: answer.headers.get("etag"),
      problem: null,
    };
  } catch (error) {
    signal.throwIfAborted();
    const problem =
      error instanceof ListError
        ? error.message
        : `It does not come: ${reason(error)}.`;
    return {
      ...(last ?? { url, at: null, names: 0, etag: null }),
      problem,
    };
  }
}

/** @throws ListError where it is too large */
async function read(body: AsyncIterable<Uint8Array>): Promise<Set<string>> {
  let size = 0;
  const limited = Readable.from(
    (async function* () {
      for await (const chunk of body) {
        size += chunk.length;
        if (size > largest)
          throw new ListError(`It is larger than ${largest / 2 ** 20} MiB.`);
        yield chunk;
      }
    })(),
    { objectMode: false },
  );
  const names = new Set<string>();
  for await (const line of createInterface({ input: limited }))
    for (const name of namesIn(line)) if (names.size < most) names.add(name);
  return names;
}

function reason(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}

function digest(url: string): string {
  return createHash("sha256").update(url).digest("hex").slice(0, 32);
}

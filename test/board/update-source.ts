/** A source of updates as anybody may have one: a folder, and busybox's web server before it. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Image, securityVersion } from "../../scripts/image.ts";
import { type KeyFolder, makeKeys, openKeys } from "../../scripts/keys.ts";
import { run } from "../../scripts/process.ts";
import { writeUpdateSet } from "../../scripts/update-set.ts";
import type { UpdateState } from "../../services/host/client.ts";
import { newestManifest } from "../../services/shared/update.ts";
import type { BoxClient } from "../box-client.ts";
import { until } from "../network/until.ts";
import { digest, serveFolder } from "../update-set.ts";

const board = "qemu-x86-64";

/** A served folder; ends with this process. */
export class UpdateSource implements AsyncDisposable {
  /** As a box finds it whose WAN is QEMU's own network. */
  readonly url: string;
  readonly #folder: string;
  readonly #server: AsyncDisposable;

  private constructor(folder: string, port: number, server: AsyncDisposable) {
    this.url = `http://10.0.2.2:${port}`;
    this.#folder = folder;
    this.#server = server;
  }

  static async create(folder: string): Promise<UpdateSource> {
    await mkdir(folder, { recursive: true });
    const server = await serveFolder(folder);
    return new UpdateSource(folder, server.port, server);
  }

  /** Offers an image, as its builder does. */
  async offer(image: Image, keys: KeyFolder, notes: string): Promise<void> {
    await writeSet(image, keys, notes, this.#folder);
  }

  /** Offers an image, signed by somebody whom no box knows. @param folder for their keys */
  async offerForeign(image: Image, folder: string): Promise<void> {
    await makeKeys(folder, "Somebody else");
    await this.offer(image, await openKeys(folder), "Trust me.");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

/** Writes an image's set into a folder, as `npm run release` does. */
async function writeSet(
  image: Image,
  keys: KeyFolder,
  notes: string,
  folder: string,
): Promise<void> {
  const version = { board, securityVersion: await securityVersion() };
  await writeUpdateSet(image, { ...version, notes, days: 30 }, keys, folder);
}

/** The folder with the set that `writeStick` put on a stick. */
export function setOf(stick: string): string {
  return join(`${stick}.set`, board);
}

/** Asks the box for what it hands to friends' boxes, as its storage node does: the manifest, beginnings of the files, a list of blocks. @returns lines of status and digest, and what they have to be by a set */
export async function handedOn(
  shell: (command: string) => Promise<string>,
  set: string,
): Promise<{ got: string[]; wanted: string[] }> {
  const names = (await readdir(set)).filter((name) =>
    /^coppice_[\w.-]+\.(raw|efi|reference|efi\.blocks)$/.test(name),
  );
  const files = [[newestManifest, "/version"]].concat(
    names.map((name) => [name, `/version/${name}?offset=0&length=65536`]),
  ) as [string, string][];
  // One string: a terminal would get its numbers in colour.
  const ask = `const { createHash } = require("node:crypto"); const http = require("node:http"); for (const path of process.argv.slice(1)) http.get({ socketPath: "/run/coppice/version/version.sock", path }, async (answer) => { const hash = createHash("sha256"); for await (const chunk of answer) hash.update(chunk); console.log(["got", path, answer.statusCode, hash.digest("hex")].join(" ")); });`;
  const said = await shell(
    `/usr/lib/coppice/bin/node -e '${ask}' ${files.map(([, path]) => `'${path}'`).join(" ")}`,
  );
  const wanted = files.map(async ([name, path]) => {
    const bytes = (await readFile(join(set, name))).subarray(0, 65_536);
    return `got ${path} 200 ${digest(bytes)}`;
  });
  return {
    got: said
      // A terminal ends lines in its own way.
      .split(/[\r\n]+/)
      .filter((line) => line.startsWith("got "))
      .sort(),
    wanted: (await Promise.all(wanted)).sort(),
  };
}

/** Makes a disk image into a USB stick as people have it, with one FAT partition, and puts an image's set on it. */
export async function writeStick(
  stick: string,
  image: Image,
  keys: KeyFolder,
  notes: string,
): Promise<void> {
  const set = `${stick}.set`;
  await writeSet(image, keys, notes, set);
  await run("truncate", ["--size=600M", stick]);
  await run("sh", ["-c", 'echo "2048,,c" | sfdisk --quiet "$0"', stick]);
  await run("mkfs.vfat", ["--offset=2048", "-n", "UPDATES", stick]);
  await run("mcopy", ["-s", "-i", `${stick}@@1M`, join(set, board), "::/"]);
}

/** Waits until the box says this of its updates. */
export async function updatesWhen(
  client: BoxClient,
  fits: (state: UpdateState) => boolean,
): Promise<UpdateState> {
  const look = async (): Promise<UpdateState> =>
    await client.ok("GET", "/api/updates");
  let state = await look();
  await until(
    "the updates are as they should be",
    async () => {
      state = await look();
      return fits(state);
    },
    1200,
  ).catch((error: unknown) => {
    throw new Error(`the updates stay ${JSON.stringify(state)}`, {
      cause: error,
    });
  });
  return state;
}

/** Has the box look, and bring what is newer; resolves when it is there or refused. */
export async function lookFor(
  client: BoxClient,
  from: "source" | "stick" = "source",
): Promise<UpdateState> {
  await client.ok("POST", "/api/updates/check", { download: true, from });
  return await updatesWhen(
    client,
    ({ phase, problem }) => phase === "ready" || problem !== null,
  );
}

/** Installs what was brought; the next start is into it. */
export async function install(client: BoxClient): Promise<void> {
  await client.ok("POST", "/api/updates/install");
  const { problem } = await updatesWhen(
    client,
    (state) => state.phase === "restart" || state.problem !== null,
  );
  if (problem) throw new Error(problem.words);
}

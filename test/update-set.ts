/** Small update sets of a builder of the tests' own, and a stock web server before them. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Assertions } from "ava";
import { killWithParent } from "../scripts/board.ts";
import { freePort } from "../scripts/local-services.ts";
import { blockNames } from "../services/shared/blocks.ts";
import { connects } from "../services/shared/connects.ts";
import { keySigner } from "../services/shared/cose.ts";
import { principalOf } from "../services/shared/principal.ts";
import {
  blockSize,
  newestManifest,
  signManifest,
  type UpdateFile,
  type UpdateManifest,
} from "../services/shared/update.ts";
import { updaterFiles } from "../services/updates/client.ts";
import { until } from "./network/until.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
/** Who signs them. */
export const builder = keySigner(principalOf(publicKey), privateKey, publicKey);
/** The board that they are for, unless it is said. */
export const board = "qemu-x86-64";

/** Makes local services, in this folder, an image for `board` that trusts `builder`. @returns the file of the key that is trusted */
export async function trustBuilder(folder: string): Promise<string> {
  await mkdir(join(folder, "image-signers"), { recursive: true });
  await writeFile(
    join(folder, "image.json"),
    JSON.stringify({ board, securityVersion: 3 }),
  );
  const signer = join(folder, "image-signers/updates.pem");
  await writeFile(
    signer,
    builder.publicKey.export({ format: "pem", type: "spki" }),
  );
  return signer;
}

/** A version of 4 MiB of root and some more; `changed` blocks of the root differ from version 1. */
export async function writeVersion(
  folder: string,
  number: string,
  changed: readonly number[],
  changes: Partial<UpdateManifest> = {},
): Promise<UpdateManifest> {
  await mkdir(folder, { recursive: true });
  const root = Buffer.concat(
    Array.from({ length: 1024 }, (_, block) =>
      block % 4 === 3
        ? Buffer.alloc(blockSize)
        : filled(changed.includes(block) ? `${number} ${block}` : `${block}`),
    ),
  );
  const bodies: [UpdateFile["kind"], string, Buffer][] = [
    ["root", `coppice_${number}.root.raw`, root],
    ["verity", `coppice_${number}.verity.raw`, filled("verity")],
    // A kernel ends where it ends, not with a block.
    ["kernel", `coppice_${number}.efi`, root.subarray(blockSize, 300_001)],
    ["reference", `coppice_${number}.reference`, Buffer.from("reference")],
  ];
  const files: UpdateFile[] = [];
  for (const [kind, name, bytes] of bodies) {
    await writeFile(join(folder, name), bytes);
    await using file = await open(join(folder, name));
    const list = Buffer.from(
      (await blockNames(file.fd, bytes.length)).join(""),
      "latin1",
    );
    await writeFile(join(folder, `${name}.blocks`), list);
    files.push({
      kind,
      name,
      size: bytes.length,
      sha256: digest(bytes),
      blocks: digest(list),
    });
  }
  const created = Math.floor(Date.now() / 1000) - 60;
  const manifest: UpdateManifest = {
    type: "coppice update 1",
    board,
    version: number,
    securityVersion: 3,
    created,
    expires: created + 3600,
    notes: `This is ${number}.`,
    files,
    ...changes,
  };
  await writeFile(
    join(folder, newestManifest),
    await signManifest(manifest, builder),
  );
  return manifest;
}

function filled(seed: string): Buffer {
  return Buffer.alloc(blockSize, createHash("sha256").update(seed).digest());
}

/** Sees that every part of a version came as it was signed. @param state of the updater */
export async function expectParts(
  t: Assertions,
  state: string,
  { files }: UpdateManifest,
): Promise<void> {
  for (const { name, sha256 } of files)
    t.is(
      digest(await readFile(join(state, updaterFiles.parts, name))),
      sha256,
      name,
    );
}

/** SHA-256, in hex. */
export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** busybox's web server, which a router might have; ends with this process. */
export async function serveFolder(
  folder: string,
): Promise<AsyncDisposable & { port: number; url: string }> {
  const port = await freePort();
  const child: ChildProcess = spawn(
    "setpriv",
    [
      ...[...killWithParent, "busybox", "httpd", "-f"],
      ...["-p", `127.0.0.1:${port}`, "-h", folder],
    ],
    { stdio: "ignore" },
  );
  await until("the web server listens", () =>
    connects({ port, host: "127.0.0.1" }),
  );
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const gone = once(child, "exit");
      child.kill();
      await gone;
    },
  };
}

import { createHash, type KeyObject } from "node:crypto";
import { read } from "node:fs";
import { promisify } from "node:util";
import { blockNames } from "../shared/blocks.ts";
import { CoppiceError, NotFoundError } from "../shared/errors.ts";
import {
  openManifest,
  UpdateError,
  type UpdateFile,
  type UpdateManifest,
} from "../shared/update.ts";
import type { VersionSource } from "../shared/version-source.ts";

const readAt = promisify(read);

/** What a box holds of the version that it runs. */
export interface Holding {
  /** The signed manifest of that version; empty where the box was never given it. */
  document: Buffer;
  /** Descriptors, by what they hold; devices may be longer than what is in them. */
  files: ReadonlyMap<string, number>;
  /** Version that runs. */
  version: string;
  board: string;
  /** Who may have signed it. */
  signers: readonly KeyObject[];
}

/** The version that runs here, read from the very partitions and files that were booted: nothing is kept a second time. */
export class OwnVersion implements VersionSource {
  readonly #holding: Holding;
  readonly #found: UpdateManifest | undefined;
  /** Names of the blocks, by file; made when they are first asked for. */
  readonly #lists = new Map<string, Promise<Buffer>>();

  constructor(holding: Holding) {
    this.#holding = holding;
    this.#found = manifestOf(holding);
  }

  async manifest(): Promise<Buffer | undefined> {
    return this.#found && this.#holding.document;
  }

  async part(name: string, offset: number, length: number): Promise<Buffer> {
    for (const file of this.#found?.files ?? []) {
      if (name === `${file.name}.blocks`)
        return (await this.#list(file)).subarray(offset, offset + length);
      if (name === file.name)
        return await readPart(
          this.#descriptor(file),
          offset,
          Math.max(0, Math.min(length, file.size - offset)),
        );
    }
    throw new NotFoundError(`There is no ${name} in the version of this box.`);
  }

  #descriptor({ kind, name }: UpdateFile): number {
    const file = this.#holding.files.get(kind);
    if (file === undefined)
      throw new NotFoundError(`${name} is not to be had from this box.`);
    return file;
  }

  async #list(file: UpdateFile): Promise<Buffer> {
    let list = this.#lists.get(file.name);
    if (!list) {
      list = listOf(this.#descriptor(file), file);
      this.#lists.set(file.name, list);
      // What failed once may be asked for again.
      list.catch(() => this.#lists.delete(file.name));
    }
    return await list;
  }
}

/** The manifest, where it is of the version that runs: of another there is nothing here, and what nobody trusts is not handed on. */
function manifestOf({
  document,
  signers,
  version,
  board,
}: Holding): UpdateManifest | undefined {
  if (document.length === 0) return undefined;
  try {
    const manifest = openManifest(document, signers);
    return manifest.version === version && manifest.board === board
      ? manifest
      : undefined;
  } catch (error) {
    if (error instanceof UpdateError) return undefined;
    throw error;
  }
}

/** @throws UpdateError where it is not what was signed */
async function listOf(descriptor: number, file: UpdateFile): Promise<Buffer> {
  const names = await blockNames(descriptor, file.size);
  const list = Buffer.from(names.join(""), "latin1");
  if (createHash("sha256").update(list).digest("hex") !== file.blocks)
    throw new UpdateError(
      "damaged",
      `${file.name} of this box is not what was signed. Ask another box.`,
    );
  return list;
}

async function readPart(
  file: number,
  offset: number,
  length: number,
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await readAt(
      file,
      buffer,
      at,
      length - at,
      offset + at,
    );
    if (bytesRead === 0)
      throw new CoppiceError(
        503,
        "short",
        "What this box runs ends before it should. Ask another box.",
      );
    at += bytesRead;
  }
  return buffer;
}

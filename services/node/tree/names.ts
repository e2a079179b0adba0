import { type Database, open, type RootDatabase } from "lmdb";
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import type { FileInfo } from "../client.ts";

const Row = Type.Tuple([
  Bytes(16),
  Type.String(),
  Type.Integer(),
  Type.Integer(),
  Type.Integer(),
  Type.Integer(),
  Type.Integer(),
  Type.Integer(),
  Type.Integer(),
]);

/** A name, and the block that it leads to. */
export interface Named {
  /** 16 bytes. */
  id: Buffer;
  info: FileInfo;
}

/** Which name leads to which block: a table that the headers on the disks can rebuild. */
export class Names implements AsyncDisposable {
  #root: RootDatabase;
  #names: Database<Buffer, string>;
  #ids: Database<string, string>;

  private constructor(root: RootDatabase) {
    this.#root = root;
    this.#names = root.openDB({ name: "names", encoding: "binary" });
    this.#ids = root.openDB({ name: "ids", encoding: "string" });
  }

  /** Opens the table in a folder, or makes it. */
  static open(folder: string): Names {
    return new Names(
      open({
        path: folder,
        maxDbs: 4,
        overlappingSync: true,
        safeRestore: true,
      } as Parameters<typeof open>[0]),
    );
  }

  get(name: string): Named | undefined {
    const bytes = this.#names.get(name);
    return bytes && decode(bytes);
  }

  /** Whether a name leads to this block. */
  leadsTo(id: Buffer): boolean {
    return this.#ids.doesExist(id.toString("hex"));
  }

  /** All of them, by name. */
  *all(): Generator<Named> {
    for (const { value } of this.#names.getRange({ snapshot: false }))
      yield decode(value);
  }

  /** Sets a name. Durable when it resolves. */
  async set(named: Named): Promise<void> {
    const { name } = named.info;
    const old = this.get(name);
    await this.#root.transaction(() => {
      if (old) this.#ids.remove(old.id.toString("hex"));
      this.#names.put(name, encode(named));
      this.#ids.put(named.id.toString("hex"), name);
    });
    await this.#root.flushed;
  }

  /** Takes a name out. Durable when it resolves. */
  async remove(name: string): Promise<void> {
    const old = this.get(name);
    if (!old) return;
    await this.#root.transaction(() => {
      this.#ids.remove(old.id.toString("hex"));
      this.#names.remove(name);
    });
    await this.#root.flushed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#root.flushed;
    await this.#root.close();
  }
}

function encode({ id, info }: Named): Buffer {
  const row: Static<typeof Row> = [
    id,
    info.name,
    info.size,
    info.modified,
    info.version,
    info.fragments,
    info.needed,
    info.segments,
    info.stored,
  ];
  return encodeCbor(row);
}

function decode(bytes: Buffer): Named {
  const [
    id,
    name,
    size,
    modified,
    version,
    fragments,
    needed,
    segments,
    stored,
  ] = parseCbor(Row, bytes, "a name's row");
  return {
    id: Buffer.from(id),
    info: {
      name,
      size,
      modified,
      version,
      fragments,
      needed,
      segments,
      stored,
    },
  };
}

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { Type } from "typebox";
import { Bytes, CborError, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { openCose, SignatureError } from "../../shared/cose.ts";
import type { Code } from "../store/body.ts";
import { writeHeader } from "../store/body-writer.ts";
import type { FragmentStore } from "../store/fragments.ts";
import { headerSegment } from "../store/record.ts";
import { type Address, NoBlockError } from "../store/segment.ts";
import { hashOf, type SealedBlock } from "./block.ts";
import { ForgedError } from "./errors.ts";
import { deriveKey, type Person } from "./person.ts";

/** Versions that came into the tree together, and versions that are not needed any more. */
export interface Group {
  entries: readonly SealedBlock[];
  drops: readonly Dropped[];
}

/** A version that is not needed any more. */
export interface Dropped {
  id: Buffer;
  version: number;
}

/** A commit's number, and the SHA-256 that the next one names. */
export interface Head {
  /** 1 for the first. */
  number: number;
  hash: Buffer;
}

/** A link of the journal: groups in the order in which they happened. */
export interface Commit extends Head {
  /** Of the one before. */
  previous: Buffer;
  time: number;
  entries: SealedBlock[];
  drops: Dropped[];
}

/** Bytes of entries from which on a commit takes no further group: each has several whole copies. */
const largestCommit = 256 * 1024;
/** Bytes that are counted for each entry or drop beside what it says. */
const overhead = 64;

const Payload = Type.Tuple([
  Type.Literal(1),
  Type.Integer({ minimum: 1 }),
  Bytes(0, 32),
  Type.Number(),
  Type.Array(
    Type.Tuple([
      Bytes(16),
      Type.Integer({ minimum: 1 }),
      Bytes(1, 16 * 2 ** 20),
    ]),
  ),
  Type.Array(Type.Tuple([Bytes(16), Type.Integer({ minimum: 1 })])),
]);

/** A commit that is not written yet. */
export interface Pending {
  number: number;
  bytes: number;
  entries: SealedBlock[];
  drops: Dropped[];
}

/**
 * The tree's journal: signed commits, each naming the one before it, in blocks of the fragment store. What a commit holds
 * is there whole or not at all. Their ids follow from their numbers, so that the newest are found without any index.
 */
export class Journal {
  #store: FragmentStore;
  #account: Buffer;
  #root: Person;
  #key: KeyObject;
  #code: () => Code;
  #last = { number: 0, block: Buffer.alloc(0) };
  #pending: Pending[] = [];
  /** The newest commit that is durable. */
  #head: Head = { number: 0, hash: Buffer.alloc(0) };
  #next = 1;

  /** @param account of the blocks. @param code as it should be with the present disks. */
  constructor(
    store: FragmentStore,
    account: Buffer,
    root: Person,
    code: () => Code,
  ) {
    this.#store = store;
    this.#account = account;
    this.#root = root;
    this.#key = createSecretKey(deriveKey(root.seed, "coppice journal key"));
    this.#code = code;
  }

  /** Number and hash of the newest durable commit. */
  get head(): Head {
    return this.#head;
  }

  /** Goes on behind a commit. */
  follow(head: Head): void {
    this.#head = head;
    this.#next = head.number + 1;
    this.#pending = [];
  }

  /** Versions that wait for the next commit. */
  get waiting(): number {
    return this.#pending.reduce(
      (sum, { entries, drops }) => sum + entries.length + drops.length,
      0,
    );
  }

  /** Takes a group into the next commit. @returns that commit's number. */
  add({ entries, drops }: Group): number {
    const bytes = entries.reduce(
      (sum, one) => sum + overhead + one.bytes.length,
      overhead * drops.length,
    );
    let last = this.#pending.at(-1);
    if (!last || (last.bytes > 0 && last.bytes + bytes > largestCommit)) {
      last = {
        number: this.#next++,
        bytes: 0,
        entries: [],
        drops: [],
      };
      this.#pending.push(last);
    }
    last.bytes += bytes;
    last.entries.push(...entries);
    last.drops.push(...drops);
    return last.number;
  }

  /** What waits now; it waits no more. */
  take(): readonly Pending[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  /** Writes commits, durably. @throws DiskFullError, DiskError */
  async write(taken: readonly Pending[]): Promise<void> {
    for (const { number, entries, drops } of taken) {
      const { hash } = this.#head;
      const signed = this.#root.sign(
        encodeCbor([
          1,
          number,
          hash,
          Date.now(),
          entries.map(({ id, version, bytes }) => [id, version, bytes]),
          drops.map(({ id, version }) => [id, version]),
        ]),
      );
      const address = this.addressOf(number);
      using _writing = this.#store.writing(address);
      await writeHeader(
        this.#store,
        address,
        this.#encrypt(signed, address.block),
        this.#code(),
      );
      this.#head = { number, hash: hashOf(signed) };
    }
  }

  /** Where a commit is kept. */
  addressOf(number: number): Address {
    if (this.#last.number !== number)
      this.#last = {
        number,
        block: createHmac("sha256", this.#key)
          .update(String(number))
          .digest()
          .subarray(0, 16),
      };
    return { account: this.#account, block: this.#last.block };
  }

  /** Removes a commit of which nothing is needed. */
  async remove(number: number): Promise<void> {
    await this.#store.remove(this.addressOf(number));
  }

  /** A commit, checked; `undefined` where there is none. @throws ForgedError, SegmentLostError */
  async read(number: number): Promise<Commit | undefined> {
    const commit = await this.open(this.addressOf(number).block);
    if (commit && commit.number !== number)
      throw new ForgedError("A commit of the block tree");
    return commit;
  }

  /** The commit in a block; `undefined` where there is nothing, or something else. @throws ForgedError, SegmentLostError */
  async open(block: Buffer): Promise<Commit | undefined> {
    let bytes: Buffer;
    try {
      bytes = await this.#store.read(
        { account: this.#account, block },
        headerSegment,
      );
    } catch (error) {
      if (error instanceof NoBlockError) return undefined;
      throw error;
    }
    return this.parse(bytes, block);
  }

  /** The commit in the bytes of a block, wherever they come from; `undefined` where they are something else. @throws ForgedError */
  parse(bytes: Buffer, block: Buffer): Commit | undefined {
    const signed = this.#decrypt(bytes, block);
    if (!signed) return undefined;
    try {
      const [, number, previous, time, entries, drops] = parseCbor(
        Payload,
        openCose(signed, this.#root.principal, this.#root.publicKey),
        "a commit",
      );
      return {
        number,
        previous: Buffer.from(previous),
        time,
        entries: entries.map(([id, version, sealed]) => ({
          id: Buffer.from(id),
          version,
          bytes: Buffer.from(sealed),
        })),
        drops: drops.map(([id, version]) => ({ id: Buffer.from(id), version })),
        hash: hashOf(signed),
      };
    } catch (error) {
      if (error instanceof SignatureError || error instanceof CborError)
        throw new ForgedError("A commit of the block tree");
      throw error;
    }
  }

  #encrypt(signed: Buffer, block: Buffer): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(block);
    return Buffer.concat([
      nonce,
      cipher.update(signed),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
  }

  #decrypt(bytes: Buffer, block: Buffer): Buffer | undefined {
    try {
      const decipher = createDecipheriv(
        "aes-256-gcm",
        this.#key,
        bytes.subarray(0, 12),
      )
        .setAAD(block)
        .setAuthTag(bytes.subarray(-16));
      return Buffer.concat([
        decipher.update(bytes.subarray(12, -16)),
        decipher.final(),
      ]);
    } catch {
      return undefined;
    }
  }
}

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Type } from "typebox";
import { encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { BadRequestError, CoppiceError } from "../../shared/errors.ts";
import {
  Body,
  type Body as BodyInfo,
  type Code,
  decodeBody,
  encodeBody,
  type Range,
  readBody,
  segmentCount,
} from "./body.ts";
import { writeBlock } from "./body-writer.ts";
import type { FragmentStore } from "./fragments.ts";
import type { ObjectHealth, ObjectInfo } from "./object-info.ts";
import { headerSegment } from "./record.ts";
import { type Address, NoBlockError } from "./segment.ts";

/** The account of objects: the box's own things that no name in the block tree leads to. */
export const objectAccount = Buffer.from(
  "00000000000000000000000000000001",
  "hex",
);

/** An object was stored under another key. */
export class WrongKeyError extends CoppiceError {
  override name = "WrongKeyError";
  constructor() {
    super(
      403,
      "wrong-key",
      "This object was stored under another key. Use the key file, or the box, that stored it.",
    );
  }
}

const Header = Type.Tuple([
  Type.Literal(1),
  Type.Integer({ minimum: 0 }),
  Body,
]);

interface Opened {
  address: Address;
  body: BodyInfo;
  info: ObjectInfo;
}

/** Things stored under random ids, encrypted under one key. */
export class Objects {
  #store: FragmentStore;
  #key: Buffer;

  /** @param key 32 bytes that open the headers of all objects. */
  constructor(store: FragmentStore, key: Buffer) {
    this.#store = store;
    this.#key = key;
  }

  /** Stores what comes; durable when it resolves. @throws DiskFullError, DiskError, QuotaError, RangeError */
  async put(
    source: AsyncIterable<Uint8Array>,
    code: Code,
    signal: AbortSignal,
    expires = 0,
  ): Promise<ObjectInfo> {
    const address = { account: objectAccount, block: randomBytes(16) };
    const created = Date.now();
    const body = await writeBlock(
      this.#store,
      address,
      source,
      code,
      (written) =>
        this.#seal(address, encodeCbor([1, created, encodeBody(written)])),
      signal,
      expires,
    );
    return infoOf(address, created, body);
  }

  /** An object's bytes, or those from `start` to before `end`. @throws NoBlockError, WrongKeyError, SegmentLostError */
  async get(
    id: string,
    signal: AbortSignal,
    range?: Range,
  ): Promise<{ info: ObjectInfo; bytes: AsyncGenerator<Buffer> }> {
    const { address, body, info } = await this.#open(id);
    const end = Math.min(range?.end ?? body.size, body.size);
    return {
      info,
      bytes: readBody(this.#store, address, body, signal, {
        start: range?.start ?? 0,
        end,
      }),
    };
  }

  /** How an object is kept, and how its fragments are doing. @throws NoBlockError, WrongKeyError */
  async stat(id: string, signal: AbortSignal): Promise<ObjectHealth> {
    const { address, body, info } = await this.#open(id);
    const { k, m } = body;
    const health: ObjectHealth = {
      ...info,
      stored: 0,
      fragments: 0,
      missing: 0,
      lost: [],
    };
    const numbers = [
      headerSegment,
      ...Array.from({ length: segmentCount(body) }, (_, number) => number),
    ];
    for (const number of numbers) {
      if (number % 500 === 0) {
        signal.throwIfAborted();
        await new Promise(setImmediate);
      }
      const needed = number === headerSegment ? 1 : k;
      const located = this.#store.locate(address, number);
      let left = 0;
      for (const copies of located?.held.values() ?? []) {
        if (copies.some(({ row }) => !row.damaged)) left++;
        for (const { row } of copies) health.stored += row.length;
      }
      health.fragments += needed + m;
      health.missing += needed + m - left;
      if (left < needed) health.lost.push(number);
    }
    return health;
  }

  /** Removes an object. @throws NoBlockError, DiskError */
  async remove(id: string): Promise<void> {
    const address = addressOf(id);
    if (!this.#store.has(address)) throw new NoBlockError();
    await this.#store.remove(address);
  }

  async #open(id: string): Promise<Opened> {
    const address = addressOf(id);
    const bytes = await this.#store.read(address, headerSegment);
    const decipher = createDecipheriv(
      "aes-256-gcm",
      this.#key,
      bytes.subarray(0, 12),
    )
      .setAAD(address.block)
      .setAuthTag(bytes.subarray(-16));
    let header: Buffer;
    try {
      header = Buffer.concat([
        decipher.update(bytes.subarray(12, -16)),
        decipher.final(),
      ]);
    } catch {
      throw new WrongKeyError();
    }
    const [, created, tuple] = parseCbor(
      Header,
      header,
      "the header of an object",
    );
    const body = decodeBody(tuple);
    return { address, body, info: infoOf(address, created, body) };
  }

  #seal({ block }: Address, header: Buffer): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(
      block,
    );
    return Buffer.concat([
      nonce,
      cipher.update(header),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
  }
}

/** @throws BadRequestError unless it is 32 hexadecimal digits. */
function addressOf(id: string): Address {
  if (!/^[0-9a-f]{32}$/.test(id))
    throw new BadRequestError(
      "An id has 32 hexadecimal digits, as put printed it.",
      "bad-id",
    );
  return { account: objectAccount, block: Buffer.from(id, "hex") };
}

function infoOf(
  { block }: Address,
  created: number,
  body: BodyInfo,
): ObjectInfo {
  return {
    id: block.toString("hex"),
    size: body.size,
    created,
    k: body.k,
    m: body.m,
    segments: segmentCount(body),
  };
}

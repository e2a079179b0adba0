import { merkleRoot } from "./merkle.ts";
import {
  decodeRecordHeader,
  packHeaderSize,
  type RecordHeader,
  recordAlignment,
  recordHeaderSize,
  recordSize,
  tailOffset,
} from "./record.ts";

/** What holds packs. */
export interface PackSource {
  readonly salt: Buffer;
  size(pack: number): number | Promise<number>;
  /** Bytes read into `target`; fewer where the disk has lost some. */
  read(
    pack: number,
    offset: number,
    target: Uint8Array,
  ): number | Promise<number>;
}

/** A record that was found in a pack. */
export interface FoundRecord {
  offset: number;
  /** Offset behind the record. */
  end: number;
  header: RecordHeader;
  /** Whether the fragment matches its name; `undefined` where that was not asked. */
  sound?: boolean;
  /** Its header, or what repeats it, is damaged. */
  scarred: boolean;
}

const window = 256 * 1024;
const peek = 4096;

/**
 * Reads the records of a pack from `from` on. Where a header is damaged, the repetition behind the fragment tells what it said;
 * where both are, the next record is searched for.
 * @param verify also reads each fragment and compares it with its name.
 */
export async function* scanPack(
  source: PackSource,
  number: number,
  from: number,
  verify: boolean,
): AsyncGenerator<FoundRecord> {
  const size = await source.size(number);
  const reader = new Reader(source, number);
  let offset = Math.max(from, packHeaderSize);
  while (offset + recordHeaderSize <= size) {
    const header = decodeRecordHeader(
      await reader.bytes(offset, recordHeaderSize, verify ? window : peek),
      source.salt,
    );
    const found: FoundRecord | undefined = header
      ? { offset, header, end: offset + recordSize(header), scarred: false }
      : await search(reader, source.salt, offset, size);
    if (!found) return;
    if (!verify || found.header.kind !== "fragment") yield found;
    else {
      const fragment = await reader.bytes(
        found.offset + recordHeaderSize,
        found.header.length,
        window,
      );
      yield {
        ...found,
        sound:
          fragment.length === found.header.length &&
          merkleRoot(fragment).equals(found.header.name),
        scarred:
          found.scarred ||
          !decodeRecordHeader(
            await reader.bytes(
              found.offset + tailOffset(found.header.length),
              recordHeaderSize,
              window,
            ),
            source.salt,
            true,
          ),
      };
    }
    offset = found.end;
  }
}

/** The next record from `offset` on, by its header or by its end. */
async function search(
  reader: Reader,
  salt: Buffer,
  offset: number,
  size: number,
): Promise<FoundRecord | undefined> {
  for (let at = offset; at + recordHeaderSize <= size; at += recordAlignment) {
    const bytes = await reader.bytes(at, recordHeaderSize, window);
    if (bytes.length < 4 || bytes[0] !== 0x43) continue;
    const header = decodeRecordHeader(bytes, salt);
    if (header)
      return {
        offset: at,
        header,
        end: at + recordSize(header),
        scarred: false,
      };
    const tail = decodeRecordHeader(bytes, salt, true);
    if (!tail) continue;
    const start = at - tailOffset(tail.length);
    if (start >= offset)
      return {
        offset: start,
        header: tail,
        end: start + recordSize(tail),
        scarred: true,
      };
  }
  return undefined;
}

/** Reads a pack in large pieces. */
class Reader {
  #source: PackSource;
  #number: number;
  #buffer = Buffer.alloc(0);
  #start = 0;

  constructor(source: PackSource, number: number) {
    this.#source = source;
    this.#number = number;
  }

  /** `length` bytes from `offset` on, fewer where the pack ends. Reads `ahead` bytes at once where it must read. */
  async bytes(offset: number, length: number, ahead: number): Promise<Buffer> {
    if (
      offset < this.#start ||
      offset + length > this.#start + this.#buffer.length
    ) {
      const buffer = Buffer.allocUnsafe(Math.max(length, ahead));
      const read = await this.#source.read(this.#number, offset, buffer);
      this.#buffer = buffer.subarray(0, read);
      this.#start = offset;
    }
    return this.#buffer.subarray(
      offset - this.#start,
      offset - this.#start + length,
    );
  }
}

import { BadRequestError } from "../../shared/errors.ts";

/** Where bytes belong in a file, and how many they are. */
export interface Piece {
  at: number;
  length: number;
}

const mostPieces = 100_000;

/** Pieces as they stand before their bytes: how many (u32), then place and length of each (two f64), big-endian. */
export function encodePieces(pieces: readonly Piece[]): Buffer {
  const bytes = Buffer.alloc(4 + 16 * pieces.length);
  bytes.writeUInt32BE(pieces.length);
  for (const [number, { at, length }] of pieces.entries()) {
    bytes.writeDoubleBE(at, 4 + 16 * number);
    bytes.writeDoubleBE(length, 12 + 16 * number);
  }
  return bytes;
}

/** Reads the pieces at the beginning of a stream. @returns them, and the bytes behind. @throws BadRequestError */
export async function readPieces(
  stream: AsyncIterable<Buffer>,
): Promise<{ pieces: Piece[]; rest: AsyncGenerator<Buffer> }> {
  const chunks = stream[Symbol.asyncIterator]();
  let have: Buffer = Buffer.alloc(0);
  const need = async (size: number): Promise<void> => {
    while (have.length < size) {
      const next = await chunks.next();
      if (next.done) throw malformed();
      have = Buffer.concat([have, next.value]);
    }
  };
  await need(4);
  const count = have.readUInt32BE();
  if (count > mostPieces) throw malformed();
  await need(4 + 16 * count);
  const pieces: Piece[] = [];
  let end = 0;
  for (let number = 0; number < count; number++) {
    const at = have.readDoubleBE(4 + 16 * number);
    const length = have.readDoubleBE(12 + 16 * number);
    if (
      !(Number.isSafeInteger(at) && Number.isSafeInteger(length)) ||
      at < end ||
      length < 1
    )
      throw malformed();
    end = at + length;
    pieces.push({ at, length });
  }
  const first = have.subarray(4 + 16 * count);
  return {
    pieces,
    rest: (async function* () {
      if (first.length > 0) yield first;
      for (
        let next = await chunks.next();
        !next.done;
        next = await chunks.next()
      )
        yield next.value;
    })(),
  };
}

function malformed(): BadRequestError {
  return new BadRequestError(
    "The pieces of a file are not told as they should be: a count, then places and lengths in order.",
    "bad-pieces",
  );
}

import type { Coder } from "../store/coder.ts";
import { fragmentLength, fragmentsIn } from "../store/coding.ts";
import { merkleRoot } from "../store/merkle.ts";
import type { Location } from "./locations.ts";
import type { Answer } from "./messages.ts";

/**
 * Brings a segment together from any k of its fragments, each checked by its name; the next one is asked for where one does
 * not come. @param get asks a friend for a fragment. @param lied hears of bytes that are not what they should be.
 * @returns what was encrypted; `undefined` where too few come
 */
export async function fetchSegment(
  { cut, holders }: Location,
  coder: Coder,
  get: (id: string, index: number, bytes: number) => Promise<Answer<"get">>,
  isOnline: (id: string) => boolean,
  lied: (id: string, evidence: string) => Promise<void>,
): Promise<Buffer | undefined> {
  const length = fragmentLength(cut);
  const memory = coder.memory(cut);
  try {
    const fragments = fragmentsIn(memory.bytes, cut);
    const missing = new Set(fragments.keys());
    // Data before parity: those need no decoding. Who is there before who may be.
    const candidates = holders
      .flatMap((holder, index) => (holder ? [{ ...holder, index }] : []))
      .sort(
        (a, b) =>
          Number(isOnline(b.id)) - Number(isOnline(a.id)) || a.index - b.index,
      );
    while (candidates.length > 0 && fragments.length - missing.size < cut.k) {
      const wanted = cut.k - (fragments.length - missing.size);
      await Promise.all(
        candidates.splice(0, wanted).map(async ({ id, index, name }) => {
          const answer = await get(id, index, length).catch(() => undefined);
          if (!answer) return;
          const bytes = Buffer.from(answer.bytes);
          if (bytes.length === length && merkleRoot(bytes).equals(name)) {
            bytes.copy(fragments[index] as Buffer);
            missing.delete(index);
          } else
            await lied(
              id,
              `Asked for fragment ${index} of a segment, it sent bytes whose hash is not the name for which it has signed.`,
            );
        }),
      );
    }
    if (fragments.length - missing.size < cut.k) return undefined;
    const names = Buffer.concat(
      holders.map((holder) => holder?.name ?? Buffer.alloc(32)),
    );
    const { whole } = await coder.restore(memory, cut, names, [...missing]);
    return whole
      ? Buffer.from(memory.bytes.subarray(0, cut.segmentLength))
      : undefined;
  } finally {
    coder.release(memory);
  }
}

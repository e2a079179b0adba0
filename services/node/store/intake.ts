import type { FragmentIndex } from "./fragment-index.ts";
import type { GroupCommit } from "./group-commit.ts";
import { type Ledger, type Mark, type NewRow, placeOf } from "./ledger.ts";
import type { Packs } from "./pack.ts";
import { scanPack } from "./pack-scan.ts";
import { blockKey, packHeaderSize } from "./record.ts";
import { rowOf, rowsUnder } from "./rows.ts";

/** Rows in a transaction. */
const slice = 2000;

/** Takes what stands in packs into an index of them. */
export class Intake {
  #packs: Packs;
  #index: Pick<FragmentIndex, "range">;
  #ledger: Ledger;
  #commits: GroupCommit;
  #seen: (sequence: number) => void;

  /** @param commits writes to `index`, by `ledger`. @param seen hears of each record's sequence, before it is committed. */
  constructor(
    packs: Packs,
    index: Pick<FragmentIndex, "range">,
    ledger: Ledger,
    commits: GroupCommit,
    seen: (sequence: number) => void,
  ) {
    this.#packs = packs;
    this.#index = index;
    this.#ledger = ledger;
    this.#commits = commits;
    this.#seen = seen;
  }

  /**
   * Takes the records of a pack from `from` on.
   * @param verify compares fragments with their names, and leaves out what is not whole: it was never acknowledged.
   * @param signal ends it between two records.
   * @returns where a torn tail begins, if there is one. @throws DiskError
   */
  async take(
    number: number,
    from: number,
    verify: boolean,
    signal?: AbortSignal,
  ): Promise<number | undefined> {
    const errors = this.#packs.readErrors;
    const size = await this.#packs.size(number);
    if (size <= from) return undefined;
    let end = from;
    let rows: NewRow[] = [];
    let voids: Mark[] = [];
    const flush = async (): Promise<void> => {
      if (rows.length + voids.length === 0) return;
      await this.#commits.add(rows, voids, undefined);
      [rows, voids] = [[], []];
    };
    for await (const found of scanPack(this.#packs, number, from, verify)) {
      const { header, offset, sound } = found;
      signal?.throwIfAborted();
      if (sound === false) continue;
      end = found.end;
      this.#seen(header.sequence);
      const extent = { pack: number, offset, length: header.length };
      if (header.kind === "fragment")
        rows.push({
          ...placeOf(header),
          row: rowOf(header, extent),
          recovered: true,
        });
      else {
        await flush();
        voids.push({ ...placeOf(header), sequence: header.sequence, extent });
        await flush();
        if (header.kind === "grave")
          await this.finishRemoval(blockKey(header), header.sequence);
      }
      if (rows.length >= slice) await flush();
    }
    await flush();
    // Bytes that the disk did not give may be sound: only what was read and is nothing is torn.
    return end < size && verify && errors === this.#packs.readErrors
      ? Math.max(end, packHeaderSize)
      : undefined;
  }

  /** Takes the rows of a removed block out in slices, so that the largest one does not hold up the others. @param start the block's key. @param sequence that of its grave. */
  async finishRemoval(start: Buffer, sequence: number): Promise<void> {
    for (;;) {
      const rows = rowsUnder(this.#index, start, slice).filter(
        ({ row }) => row.sequence < sequence,
      );
      const last = rows.length < slice;
      await this.#commits.add([], [], (batch) => {
        for (const entry of rows) this.#ledger.takeOut(batch, entry, sequence);
        if (last) batch.set("removals", start, undefined);
      });
      if (last) return;
    }
  }
}

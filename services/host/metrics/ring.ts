import { type FileHandle, open } from "node:fs/promises";

/** Bytes of a point: its number as a double, then means and maxima as floats, filled up. */
const pointBytes = 64;
const doubles = pointBytes / 8;
const floats = pointBytes / 4;
const magic = Buffer.from("coppice past 1".padEnd(pointBytes));

/** A curve of fixed size: the newest points of one step, each with mean and maximum of some values. @see RRDtool */
export class Ring implements AsyncDisposable {
  /** Milliseconds from point to point. */
  readonly step: number;
  readonly #slots: number;
  readonly #width: number;
  readonly #file: FileHandle | undefined;
  readonly #bytes: Buffer;
  readonly #numbers: Float64Array;
  readonly #values: Float32Array;
  /** Measures that the newest point has of each value. */
  #counts: number[];
  #newest = -1;
  /** Points that are not in the file yet. */
  #dirty = new Set<number>();

  private constructor(
    step: number,
    slots: number,
    width: number,
    file: FileHandle | undefined,
    bytes: Buffer,
  ) {
    this.step = step;
    this.#slots = slots;
    this.#width = width;
    this.#file = file;
    this.#bytes = bytes;
    this.#numbers = new Float64Array(
      bytes.buffer,
      bytes.byteOffset,
      slots * doubles,
    );
    this.#values = new Float32Array(
      bytes.buffer,
      bytes.byteOffset,
      slots * floats,
    );
    this.#counts = new Array(width).fill(0);
  }

  /**
   * @param width values of a point, 6 or 7 at most. @param path of the file that keeps it; none for one that is forgotten.
   * What is in the file and is no such curve is begun anew.
   */
  static async open(
    step: number,
    slots: number,
    width: number,
    path?: string,
  ): Promise<Ring> {
    const bytes = Buffer.from(new ArrayBuffer(slots * pointBytes));
    if (path === undefined)
      return new Ring(step, slots, width, undefined, bytes);
    const file = await open(path, "a+").then(async (made) => {
      await made.close();
      return await open(path, "r+");
    });
    const head = Buffer.alloc(pointBytes);
    await file.read(head, 0, pointBytes, 0);
    const { size } = await file.stat();
    if (head.equals(magic) && size === pointBytes + bytes.length)
      await file.read(bytes, 0, bytes.length, pointBytes);
    else {
      await file.truncate(0);
      await file.write(Buffer.concat([magic, bytes]), 0);
    }
    return new Ring(step, slots, width, file, bytes);
  }

  /** Milliseconds that it reaches back. */
  get span(): number {
    return this.#slots * this.step;
  }

  /** Takes values of a moment. @param at milliseconds since 1970. @param values NaN where there is none */
  add(at: number, values: readonly number[]): void {
    const number = Math.floor(at / this.step);
    const slot = number % this.#slots;
    const base = slot * floats + 2;
    if (this.#newest !== number || this.#numbers[slot * doubles] !== number) {
      this.#newest = number;
      this.#counts.fill(0);
      this.#numbers[slot * doubles] = number;
      this.#values.fill(Number.NaN, base, base + 2 * this.#width);
    }
    for (const [index, value] of values.entries()) {
      if (Number.isNaN(value)) continue;
      const count = (this.#counts[index] ?? 0) + 1;
      this.#counts[index] = count;
      const [mean, most] = [base + index, base + this.#width + index];
      const before = count === 1 ? 0 : (this.#values[mean] as number);
      this.#values[mean] = before + (value - before) / count;
      this.#values[most] =
        count === 1 ? value : Math.max(this.#values[most] as number, value);
    }
    this.#dirty.add(slot);
  }

  /**
   * Mean and maximum of a value over some points together; NaN where nothing was measured.
   * @param from milliseconds since 1970, within the first of them. @param count of points. @param index of the value
   */
  over(
    from: number,
    count: number,
    index: number,
  ): readonly [mean: number, most: number] {
    let [sum, known, most] = [0, 0, Number.NaN];
    const first = Math.floor(from / this.step);
    for (let number = first; number < first + count; number++) {
      const slot = number % this.#slots;
      // Another round's, or what a power cut tore.
      if (this.#numbers[slot * doubles] !== number) continue;
      const at = slot * floats + 2 + index;
      const mean = this.#values[at] as number;
      if (Number.isNaN(mean)) continue;
      const highest = this.#values[at + this.#width] as number;
      sum += mean;
      known++;
      most = known === 1 ? highest : Math.max(most, highest);
    }
    return [sum / known, most];
  }

  /** Writes what is new into the file. */
  async flush(): Promise<void> {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const slot of dirty)
      await this.#file?.write(
        this.#bytes,
        slot * pointBytes,
        pointBytes,
        (slot + 1) * pointBytes,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    await this.#file?.close();
  }
}

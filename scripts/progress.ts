import { stripVTControlCharacters } from "node:util";

/** A line on the terminal for something that takes a while: shows the seconds that passed, then how it ended. */
export class Progress {
  #started = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #what: string;
  #detail = "";
  #live = process.stdout.isTTY === true;

  constructor(what: string) {
    this.#what = what;
    if (this.#live) {
      this.#timer = setInterval(() => this.#draw(), 500);
      this.#timer.unref();
      this.#draw();
    } else {
      console.log(`${what} ...`);
    }
  }

  /** Says what is being done at the moment; the last line of `text` is what shows. */
  detail(text: string): void {
    const line = text.trim().split("\n").at(-1) ?? "";
    this.#detail = stripVTControlCharacters(line).slice(0, 80);
  }

  /** Seconds since the start. */
  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  #draw(): void {
    process.stdout.write(
      `\r\u001b[2K${this.#what} ... ${this.seconds.toFixed(0)} s  ${this.#detail}`.slice(
        0,
        140,
      ),
    );
  }

  /** Ends the line; `how` says what came of it. */
  done(how = "done"): void {
    clearInterval(this.#timer);
    const line = `${this.#what}: ${how} (${this.seconds.toFixed(1)} s)`;
    console.log(this.#live ? `\r\u001b[2K${line}` : line);
  }
}

/** Runs `work` under a progress line, which says "failed" where it throws. */
export async function withProgress<T>(
  what: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = new Progress(what);
  try {
    const result = await work(progress);
    progress.done();
    return result;
  } catch (error) {
    progress.done("failed");
    throw error;
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ConflictError } from "../../shared/errors.ts";
import type { Slots } from "./slots.ts";

const updater = join(import.meta.dirname, "../../updates/main.ts");

/** What the units do, as a child of this process, for `npm run dev`: newer versions are looked for and brought; there is no slot to write them into. */
export class FolderSlots implements Slots, AsyncDisposable {
  readonly #folder: string;
  readonly #job: string;
  readonly #version: string;
  #child: ChildProcess | undefined;

  /** @param folder the updater's state. @param job file of its job. @param version that runs */
  constructor(folder: string, job: string, version: string) {
    this.#folder = folder;
    this.#job = job;
    this.#version = version;
  }

  async updater(act: "start" | "stop"): Promise<void> {
    await this[Symbol.asyncDispose]();
    if (act === "start")
      this.#child = spawn(
        process.execPath,
        [
          ...["--disable-warning=ExperimentalWarning", updater],
          ...["--job", this.#job, "--version", this.#version],
        ],
        {
          stdio: "inherit",
          env: { ...process.env, STATE_DIRECTORY: this.#folder },
        },
      );
  }

  async write(): Promise<void> {
    throw new ConflictError(
      "These services run on a developer's machine, which has no slots for versions.",
      "not-a-box",
    );
  }

  async restart(): Promise<void> {
    await this.write();
  }

  async linkRunning(): Promise<void> {}

  /** A folder beside the updater's state is taken for a stick. */
  async openSticks(): Promise<string[]> {
    return [join(this.#folder, "../stick")];
  }

  async closeSticks(): Promise<void> {}

  async blessing(): Promise<"good"> {
    return "good";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill();
    await gone;
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { temporaryFolder } from "../folder.ts";
import { inside } from "../namespaces.ts";
import { until } from "./until.ts";

/** One end of a line: a namespace, and what the interface is called in it. */
type End = readonly [namespace: string, device: string];

/** A line between two namespaces that takes its time and loses packets: VDE's wirefilter, because this kernel has no netem. */
export class LossyLine implements AsyncDisposable {
  #folder: Awaited<ReturnType<typeof temporaryFolder>>;
  #children: ChildProcess[] = [];

  private constructor(folder: Awaited<ReturnType<typeof temporaryFolder>>) {
    this.#folder = folder;
  }

  /** Lays one; its interfaces are there when it resolves. @param line milliseconds each way, and packets lost of a hundred */
  static async lay(
    near: End,
    far: End,
    { delay, loss }: { delay: number; loss: number },
  ): Promise<LossyLine> {
    await using unlessDone = new AsyncDisposableStack();
    const line = new LossyLine(await temporaryFolder());
    unlessDone.use(line);
    const path = (which: string): string => `${line.#folder.path}/${which}`;
    for (const [which, [namespace, device]] of [
      ["near", near],
      ["far", far],
    ] as const) {
      line.#run(
        ...["ip", "netns", "exec", namespace, "vde_switch"],
        ...["--nostdin", "--sock", path(which), "--tap", device],
      );
      await until(`${device} is there`, async () =>
        inside(namespace, "ip", "link", "show", device).then(
          () => true,
          () => false,
        ),
      );
    }
    line.#run(
      ...["wirefilter", "--vde-plug", `${path("near")}:${path("far")}`],
      ...["--delay", String(delay), "--loss", String(loss)],
    );
    unlessDone.move();
    return line;
  }

  #run(...command: string[]): void {
    // Its standard input is its console: it ends where that ends.
    this.#children.push(
      spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
        stdio: ["pipe", "ignore", "ignore"],
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
    await this.#folder[Symbol.asyncDispose]();
  }
}

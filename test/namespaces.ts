import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

const exec = promisify(execFile);

/** Network namespaces of one test, by the beginning of their names. They go with this process, even where it is killed. Needs root. */
export class Namespaces implements AsyncDisposable {
  readonly prefix: string;
  #keeper: ReturnType<typeof spawn>;

  /** @param prefix what all their names begin with, and no other's. @throws Error without root */
  constructor(prefix: string) {
    if (process.getuid?.() !== 0)
      throw new Error("this test makes network namespaces: run it as root");
    this.prefix = prefix;
    // Watches for our end from outside: names in /run/netns would outlive a killed test.
    this.#keeper = spawn(
      "sh",
      [
        "-c",
        `cat >/dev/null; for ns in $(ip netns list | cut -d' ' -f1 | grep '^${prefix}'); do for pid in $(ip netns pids $ns); do kill -9 $pid; done; ip netns del $ns; done`,
      ],
      { stdio: ["pipe", "ignore", "ignore"], detached: true },
    );
  }

  /** Makes one, with its loopback up. @param rest of its name @returns its name */
  async add(rest = ""): Promise<string> {
    const name = `${this.prefix}${rest}`;
    await exec("ip", ["netns", "add", name]);
    await inside(name, "ip", "link", "set", "lo", "up");
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#keeper.once("exit", () => resolve());
    this.#keeper.stdin?.end();
    await promise;
  }
}

/** Runs a command in a namespace. @returns what it printed. @throws Error where it fails */
export async function inside(
  namespace: string,
  ...command: readonly string[]
): Promise<string> {
  return (await exec("ip", ["netns", "exec", namespace, ...command])).stdout;
}

import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";

const exec = promisify(execFile);

/** A network namespace with a computer in it, wired to a box's LAN port. Needs root. */
export class Household implements AsyncDisposable {
  readonly namespace: string;
  readonly tap = "lan";
  #keeper: ReturnType<typeof spawn>;

  private constructor(namespace: string, keeper: ReturnType<typeof spawn>) {
    this.namespace = namespace;
    this.#keeper = keeper;
  }

  /** Makes the namespace and its TAP device; both go with this process, even where it is killed. */
  static async create(): Promise<Household> {
    if (process.getuid?.() !== 0)
      throw new Error("this test makes network namespaces: run it as root");
    const namespace = `coppice-${randomBytes(3).toString("hex")}`;
    await exec("ip", ["netns", "add", namespace]);
    // Watches for our end from outside: a name in /run/netns would outlive a killed test.
    const keeper = spawn(
      "sh",
      [
        "-c",
        `cat >/dev/null; for pid in $(ip netns pids ${namespace}); do kill -9 $pid; done; ip netns del ${namespace}`,
      ],
      { stdio: ["pipe", "ignore", "ignore"], detached: true },
    );
    const household = new Household(namespace, keeper);
    await household.run("ip", "link", "set", "lo", "up");
    await household.run("ip", "tuntap", "add", household.tap, "mode", "tap");
    await household.run("ip", "link", "set", household.tap, "up");
    return household;
  }

  /** Runs a command on the computer. @throws Error where it fails */
  async run(command: string, ...args: string[]): Promise<string> {
    return (
      await exec("ip", ["netns", "exec", this.namespace, command, ...args])
    ).stdout;
  }

  /** Runs a TypeScript file of this folder on the computer; gives it a minute. @throws Error where it fails */
  async script(name: string, ...args: string[]): Promise<string> {
    const file = join(import.meta.dirname, name);
    return await this.run("timeout", "60", process.execPath, file, ...args);
  }

  /** Gets an address by DHCP, as any computer would, and configures it; resolves to it. */
  async lease(): Promise<string> {
    const output = await this.run(
      "sh",
      "-c",
      `printf '#!/bin/sh\\n[ "$1" = bound ] && ip addr replace $ip/24 dev $interface && ip route replace default via $router && echo "leased $ip"\\nexit 0\\n' >/tmp/$$.sh; chmod +x /tmp/$$.sh; udhcpc -i ${this.tap} -n -q -f -t 20 -T 3 -s /tmp/$$.sh; status=$?; rm /tmp/$$.sh; exit $status`,
    );
    return /leased (\S+)/.exec(output)?.[1] ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#keeper.once("exit", () => resolve());
    this.#keeper.stdin?.end();
    await promise;
  }
}

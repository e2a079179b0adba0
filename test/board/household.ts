import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { inside, Namespaces } from "../namespaces.ts";

/** A network namespace with a computer in it, wired to a box's LAN port. Needs root. */
export class Household implements AsyncDisposable {
  readonly namespace: string;
  readonly tap = "lan";
  #namespaces: Namespaces;

  private constructor(namespace: string, namespaces: Namespaces) {
    this.namespace = namespace;
    this.#namespaces = namespaces;
  }

  /** Makes the namespace and its TAP device; both go with this process, even where it is killed. */
  static async create(): Promise<Household> {
    const namespaces = new Namespaces(
      `coppice-${randomBytes(3).toString("hex")}`,
    );
    const household = new Household(await namespaces.add(), namespaces);
    await household.run("ip", "tuntap", "add", household.tap, "mode", "tap");
    await household.run("ip", "link", "set", household.tap, "up");
    return household;
  }

  /** Runs a command on the computer. @throws Error where it fails */
  async run(command: string, ...args: string[]): Promise<string> {
    return await inside(this.namespace, command, ...args);
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
    await this.#namespaces[Symbol.asyncDispose]();
  }
}

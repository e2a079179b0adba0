import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { killWithParent } from "../../scripts/board.ts";
import { lease } from "../dhcp-client.ts";
import { inside, Namespaces } from "../namespaces.ts";

/** A network namespace with a computer in it, wired to a box's LAN port. Needs root. */
export class Household implements AsyncDisposable {
  readonly namespace: string;
  readonly tap = "lan";
  #namespaces: Namespaces;
  #relay: ChildProcess | undefined;

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

  /** Runs a TypeScript file of this folder on the computer; gives it five minutes. @throws Error where it fails */
  async script(name: string, ...args: string[]): Promise<string> {
    const file = join(import.meta.dirname, name);
    return await this.run("timeout", "300", process.execPath, file, ...args);
  }

  /** Gets an address by DHCP, as any computer would, and configures it; resolves to it. */
  async lease(): Promise<string> {
    return await lease(this.namespace, this.tap);
  }

  /** Lets a client of this process reach the box's pages from the computer, by a socket in `folder`; resolves to its path. */
  async relay(folder: string): Promise<string> {
    const path = join(folder, "lan.sock");
    const relay = spawn(
      "ip",
      [
        ...["netns", "exec", this.namespace, "setpriv", ...killWithParent],
        ...[process.execPath, join(import.meta.dirname, "relay.ts")],
        ...[path, "192.168.77.1", "443"],
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    this.#relay = relay;
    await once(relay.stdout, "data");
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#relay?.kill();
    await this.#namespaces[Symbol.asyncDispose]();
  }
}

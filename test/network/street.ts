import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkRendered } from "../../services/host/network/board-network.ts";
import type { NetworkRunner } from "../../services/host/network/home-network.ts";
import { renderedFiles } from "../../services/host/network/rendering.ts";
import { upnpLeases, upnpPort } from "../../services/host/network/upnp.ts";
import { inside, Namespaces } from "../namespaces.ts";

const exec = promisify(execFile);

/**
 * A router between an Internet and a household, in network namespaces: its rules are loaded by nft and its dnsmasq runs as on
 * a box; addresses, which systemd-networkd sets there, are set here from the same files.
 */
export class Street implements NetworkRunner, AsyncDisposable {
  readonly router: string;
  readonly internet: string;
  readonly #folder: string;
  readonly #namespaces: Namespaces;
  #dnsmasq: ChildProcess | undefined;
  #followers: ChildProcess[] = [];
  #children: ChildProcess[] = [];

  private constructor(
    namespaces: Namespaces,
    router: string,
    internet: string,
    folder: string,
  ) {
    this.#namespaces = namespaces;
    this.router = router;
    this.internet = internet;
    this.#folder = folder;
  }

  /** Makes it, with the router's WAN port on the Internet at 93.184.0.2. @param folder for files */
  static async create(folder: string): Promise<Street> {
    const namespaces = new Namespaces(`cps-${randomBytes(3).toString("hex")}`);
    const router = await namespaces.add();
    const internet = await namespaces.add("-net");
    const street = new Street(namespaces, router, internet, folder);
    await wire([router, "wan0"], [internet, "eth0"]);
    await inside(router, "ip", "addr", "add", "93.184.0.2/16", "dev", "wan0");
    await inside(internet, "ip", "addr", "add", "93.184.0.1/16", "dev", "eth0");
    for (const [index, lan] of ["lan-home", "lan-guest"].entries()) {
      await inside(
        router,
        // An address of its own, as on a box: else it changes with who is plugged in.
        ...(["ip", "link", "add", lan, "address"] as const),
        ...([`52:54:00:00:01:0${index}`, "type", "bridge"] as const),
      );
      await inside(router, "ip", "link", "set", lan, "up");
    }
    await inside(router, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    await inside(router, "ip", "route", "add", "default", "via", "93.184.0.1");
    // What systemd-resolved is on a box: the way to the names of the Internet.
    street.serve(
      router,
      ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null"],
      ...["--user=root", "--pid-file=", "--no-resolv", "--no-hosts"],
      ...["--listen-address=127.0.0.53", "--bind-interfaces"],
      "--address=/www.example.org/93.184.0.1",
      "--address=/rebound.example.org/192.168.77.1",
    );
    return street;
  }

  /** Plugs a computer in. @param mac its hardware address @returns its namespace; its port is eth0 */
  async computer(
    name: string,
    lan: "lan-home" | "lan-guest",
    mac?: string,
  ): Promise<string> {
    const namespace = await this.#namespaces.add(`-${name}`);
    const plug = `p-${name}`;
    await wire([this.router, plug], [namespace, "eth0"]);
    if (mac)
      await inside(namespace, "ip", "link", "set", "eth0", "address", mac);
    await inside(this.router, "ip", "link", "set", plug, "master", lan);
    return namespace;
  }

  /** Runs a program for as long as the street is there. */
  serve(namespace: string, ...command: string[]): void {
    this.#children.push(run(namespace, command));
  }

  async check(files: ReadonlyMap<string, string>): Promise<void> {
    await checkRendered(files);
  }

  async apply(files: ReadonlyMap<string, string>): Promise<void> {
    const path = (name: string): string => join(this.#folder, name);
    for (const name of [renderedFiles.firewall, renderedFiles.dnsmasq])
      await writeFile(path(name), files.get(name) as string);
    await inside(this.router, "nft", "-f", path(renderedFiles.firewall));
    for (const [name, text] of files) {
      const device = /^Name=(lan-\w+)$/m.exec(text)?.[1];
      if (!name.endsWith(".network") || device === undefined) continue;
      const has = addresses(
        /inet (\S+)/g,
        await inside(this.router, "ip", "-4", "addr", "show", "dev", device),
      );
      const wanted = addresses(/^Address=(.+)$/gm, text);
      // As systemd-networkd does: what stays is not touched, and remains the first.
      for (const [act, some] of [
        ["add", wanted.filter((one) => !has.includes(one))],
        ["del", has.filter((one) => !wanted.includes(one))],
      ] as const)
        for (const address of some)
          await inside(
            this.router,
            ...(["ip", "addr", act, address, "dev", device] as const),
          );
    }
    const traffic = files.get(renderedFiles.traffic) as string;
    await writeFile(path(renderedFiles.traffic), traffic);
    await inside(this.router, "nft", "-f", path(renderedFiles.traffic));
    await this.#follow(files);
    await end(this.#dnsmasq);
    this.#dnsmasq = run(this.router, [
      ...["dnsmasq", "--keep-in-foreground", "--user=root", "--pid-file="],
      `--conf-file=${path(renderedFiles.dnsmasq)}`,
      `--dhcp-leasefile=${path("leases")}`,
    ]);
  }

  /** What devices opened for themselves, as miniupnpd keeps it. */
  get openings(): string {
    return join(this.#folder, "leases-upnp");
  }

  /** Daemons that run where their file is. @param files as rendered */
  async #follow(files: ReadonlyMap<string, string>): Promise<void> {
    await Promise.all(this.#followers.map(end));
    this.#followers = [];
    const upnp = files.get(renderedFiles.upnp);
    if (upnp !== undefined) {
      const file = join(this.#folder, "miniupnpd.conf");
      await writeFile(file, upnp.replaceAll(upnpLeases, this.openings));
      const pid = join(this.#folder, "miniupnpd.pid");
      this.#followers.push(
        run(
          this.router,
          ["miniupnpd", "-d", "-f", file, "-p", `${upnpPort}`, "-P", pid],
          "ignore",
        ),
      );
    }
    const name = files.get(renderedFiles.dynamicName);
    if (name !== undefined) {
      const file = join(this.#folder, "inadyn.conf");
      const trust = join(this.#folder, "trust.pem");
      await writeFile(file, `ca-trust-file = ${trust}\n${name}`);
      const cache = join(this.#folder, "inadyn");
      await mkdir(cache, { recursive: true });
      this.#followers.push(
        run(
          this.router,
          [
            ...["inadyn", "--foreground", "--no-pidfile"],
            ...[`--config=${file}`, `--cache-dir=${cache}`],
          ],
          "ignore",
        ),
      );
    }
  }

  async keep(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [this.#dnsmasq, ...this.#followers, ...this.#children].map(end),
    );
    await this.#namespaces[Symbol.asyncDispose]();
  }
}

async function wire(
  [one, plug]: readonly [string, string],
  [other, port]: readonly [string, string],
): Promise<void> {
  await exec("ip", [
    ...["link", "add", plug, "netns", one],
    ...["type", "veth", "peer", "name", port, "netns", other],
  ]);
  await inside(one, "ip", "link", "set", plug, "up");
  await inside(other, "ip", "link", "set", port, "up");
}

function run(
  namespace: string,
  command: readonly string[],
  errors: "inherit" | "ignore" = "inherit",
): ChildProcess {
  return spawn(
    "ip",
    [
      ...["netns", "exec", namespace, "setpriv", "--pdeathsig", "KILL", "--"],
      ...command,
    ],
    { stdio: ["ignore", "ignore", errors] },
  );
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

function addresses(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map(([, address]) => address as string);
}

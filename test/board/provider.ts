import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { killWithParent } from "../../scripts/board.ts";
import { selfSigned } from "../certificate.ts";
import { inside, Namespaces } from "../namespaces.ts";
import { until } from "../network/until.ts";
import type { Household } from "./household.ts";

/** An Internet provider at a box's WAN port: DHCP, names, and IPv6 with a delegated prefix (Kea and radvd). Needs root. */
export class Provider implements AsyncDisposable {
  readonly namespace: string;
  /** The WAN port's TAP device, in the household's namespace, where the emulator is. */
  readonly tap = "wan";
  /** Its own address, where its servers answer. */
  readonly address = "93.184.0.1";
  #namespaces: Namespaces;
  #children: ChildProcess[] = [];

  private constructor(namespace: string, namespaces: Namespaces) {
    this.namespace = namespace;
    this.#namespaces = namespaces;
  }

  /** Makes it, and starts its servers. @param folder for their files */
  static async create(household: Household, folder: string): Promise<Provider> {
    const namespaces = new Namespaces(
      `coppice-isp-${randomBytes(3).toString("hex")}`,
    );
    const namespace = await namespaces.add();
    const provider = new Provider(namespace, namespaces);
    // The emulator opens the TAP device where the household is; what goes over it belongs here.
    const { tap } = provider;
    await household.run("ip", "tuntap", "add", tap, "mode", "tap");
    await household.run("ip", "link", "add", "uplink", "type", "bridge");
    await household.run(
      ...(["ip", "link", "add", "plug", "type", "veth"] as const),
      ...(["peer", "name", "eth0", "netns", namespace] as const),
    );
    for (const device of [tap, "plug"])
      await household.run(
        ...(["ip", "link", "set", device, "master", "uplink", "up"] as const),
      );
    for (const device of ["uplink", "plug", tap])
      await household.run(
        ...(["sysctl", "-qw"] as const),
        `net.ipv6.conf.${device}.disable_ipv6=1`,
      );
    await household.run("ip", "link", "set", "uplink", "up");
    await provider.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
    for (const address of ["93.184.0.1/16", "2a0c:1::1/64"])
      await provider.run(
        ...(["ip", "addr", "add", address, "nodad", "dev", "eth0"] as const),
      );
    // Kea looks for its interface once, and takes no address that is not sure yet.
    await provider.run("sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0");
    await provider.run("ip", "link", "set", "eth0", "up");
    // A provider's relay learns this from what Kea delegates: all of it goes to the one box there is.
    await provider.run(
      ...(["ip", "-6", "route", "add", "2a0c:2::/40", "via"] as const),
      ...(["fe80::5054:ff:fec0:bb01", "dev", "eth0"] as const),
    );
    const kea = join(folder, "kea-dhcp6.json");
    await writeFile(
      kea,
      JSON.stringify({
        Dhcp6: {
          "interfaces-config": { interfaces: ["eth0"] },
          "lease-database": { type: "memfile", persist: false },
          "data-directory": folder,
          loggers: [
            {
              name: "kea-dhcp6",
              severity: "ERROR",
              output_options: [{ output: "stderr" }],
            },
          ],
          subnet6: [
            {
              subnet: "2a0c:1::/64",
              interface: "eth0",
              pools: [{ pool: "2a0c:1::100-2a0c:1::1ff" }],
              "pd-pools": [
                { prefix: "2a0c:2::", "prefix-len": 40, "delegated-len": 56 },
              ],
            },
          ],
        },
      }),
    );
    const radvd = join(folder, "radvd.conf");
    await writeFile(
      radvd,
      "interface eth0 { AdvSendAdvert on; AdvManagedFlag on; MinRtrAdvInterval 3; MaxRtrAdvInterval 10; };\n",
    );
    provider.serve(
      {},
      ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null"],
      ...["--user=root", "--pid-file=", "--no-resolv", "--no-hosts"],
      ...["--interface=eth0", "--except-interface=lo", "--bind-interfaces"],
      "--dhcp-range=93.184.0.50,93.184.0.60,255.255.0.0,1h",
      `--dhcp-leasefile=${join(folder, "provider-leases")}`,
      // Without a signed root, only names that are never signed can be answered.
      "--address=/www.example.test/93.184.0.1",
      // And this one to who does not ask for proof.
      "--address=/time.example.net/93.184.0.1",
    );
    provider.serve(
      {
        KEA_PIDFILE_DIR: folder,
        KEA_LOCKFILE_DIR: "none",
        KEA_LOGGER_DESTINATION: "stdout",
      },
      ...["kea-dhcp6", "-c", kea],
    );
    provider.serve(
      {},
      ...["radvd", "--nodaemon", `--config=${radvd}`],
      ...[`--pidfile=${join(folder, "radvd.pid")}`, "--logmethod=none"],
    );
    // The Web: files of this machine.
    provider.serve(
      {},
      process.execPath,
      "-e",
      `require("node:http").createServer(({ url }, response) => { require("node:fs").createReadStream(url).on("error", () => response.writeHead(404).end()).pipe(response); }).listen(80, "0.0.0.0")`,
    );
    return provider;
  }

  /** Runs a command there. @throws Error where it fails */
  async run(command: string, ...args: string[]): Promise<string> {
    return await inside(this.namespace, command, ...args);
  }

  /** Brings up WireGuard there as a phone would, with what the box's page showed. @param folder for its file */
  async comeHome(configuration: string, folder: string): Promise<void> {
    const [, address = ""] = /^Address = (.+)$/m.exec(configuration) ?? [];
    const file = join(folder, "phone.conf");
    // wg(8) leaves addresses and names to wg-quick(8), which would take this machine's resolver.
    await writeFile(
      file,
      configuration.replace(/^(Address|DNS) = .*\n/gm, ""),
      { mode: 0o600 },
    );
    this.serve({}, "wireguard-go", "--foreground", "phone");
    await until("the tunnel's device is there", async () =>
      this.run("wg", "setconf", "phone", file).then(
        () => true,
        () => false,
      ),
    );
    await this.run("ip", "addr", "add", address, "dev", "phone");
    await this.run("ip", "link", "set", "phone", "up");
    await this.run("ip", "route", "add", "10.0.0.0/8", "dev", "phone");
  }

  /** A friend's household 192.168.200.0/24 out there, which knows a box's network by its key. @returns its own key */
  async neighbour(
    box: { publicKey: string; address: string; network: string },
    folder: string,
  ): Promise<string> {
    const secret = (await this.run("wg", "genkey")).trim();
    const file = join(folder, "friend.conf");
    await writeFile(
      file,
      [
        ...["[Interface]", `PrivateKey = ${secret}`, "ListenPort = 51999"],
        ...["[Peer]", `PublicKey = ${box.publicKey}`],
        ...[`AllowedIPs = ${box.network}`, `Endpoint = ${box.address}:51820`],
        "",
      ].join("\n"),
      { mode: 0o600 },
    );
    this.serve({}, "wireguard-go", "--foreground", "friend");
    await until("the friend's device is there", async () =>
      this.run("wg", "setconf", "friend", file).then(
        () => true,
        () => false,
      ),
    );
    await this.run("ip", "addr", "add", "192.168.200.1/24", "dev", "lo");
    await this.run("ip", "link", "set", "friend", "up");
    await this.run(
      ...(["ip", "route", "add", box.network, "dev", "friend"] as const),
      ...(["src", "192.168.200.1"] as const),
    );
    return (await this.run("wg", "show", "friend", "public-key")).trim();
  }

  /** Says something at https://93.184.0.1/. @param folder for key and certificate. @returns the certificate, PEM */
  async say(text: string, folder: string): Promise<string> {
    const { key, certificate } = await selfSigned(folder, `IP:${this.address}`);
    this.serve(
      {},
      process.execPath,
      "-e",
      'const [key, cert, text] = process.argv.slice(1); const { readFileSync } = require("node:fs"); require("node:https").createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => response.end(text)).listen(443, "0.0.0.0")',
      ...[key, certificate, text],
    );
    return await readFile(certificate, "utf8");
  }

  /** Runs a program there for as long as the provider is there. */
  serve(env: Record<string, string>, ...command: string[]): void {
    this.#children.push(
      spawn(
        "ip",
        [
          ...["netns", "exec", this.namespace, "setpriv", ...killWithParent],
          ...command,
        ],
        {
          stdio: ["ignore", "ignore", "inherit"],
          env: { ...process.env, ...env },
        },
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill();
    await this.#namespaces[Symbol.asyncDispose]();
  }
}

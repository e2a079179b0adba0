import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { ExecutionContext } from "ava";
import { architectures, hostArchitecture } from "../../scripts/architecture.ts";
import {
  type SoftwareTpm,
  startSoftwareTpm,
} from "../../scripts/software-tpm.ts";
import {
  FriendsClient,
  type FriendsState,
  TreeClient,
} from "../../services/node/client.ts";
import { markFolder } from "../../services/node/store/data-disk.ts";
import { RootKey } from "../../services/node/tree/rootkey.ts";
import { ServiceClient } from "../../services/shared/client.ts";
import { socketPath } from "../../services/shared/service.ts";
import { temporaryFolder } from "../folder.ts";
import { home } from "../home.ts";
import { inside, Namespaces } from "../namespaces.ts";
import { replayCapturedBoot } from "../services/identity/tpm-stand.ts";
import { LossyLine } from "./lossy-line.ts";
import { until } from "./until.ts";

const exec = promisify(execFile);
const services = join(home, "services");
const port = 4471;
/** So many lines of each box are shown where a test fails. */
const lastLines = 20;

/** How a home is made. */
export interface HomeOptions {
  /** Another program in the place of the node service, which cheats. */
  node?: string;
  /** Behind a router that translates addresses. */
  nat?: boolean;
  /** Megabits a second of its line, in both directions. */
  rate?: number;
  /** A line that takes so many milliseconds each way and loses so many packets of a hundred. */
  line?: { delay: number; loss: number };
  /** How far its clock is off, as faketime(1) has it. */
  clock?: string;
  env?: Record<string, string>;
}

/** An Internet of this test's own, with homes on it: each a network namespace with a box (identity and node service, and a TPM). */
export class Village implements AsyncDisposable {
  readonly name = `cpv-${randomBytes(3).toString("hex")}`;
  #opening: Promise<Home>[] = [];
  #homes: Home[] = [];
  #namespaces: Namespaces;
  #lines: LossyLine[] = [];
  #next = 2;

  private constructor() {
    this.#namespaces = new Namespaces(this.name);
  }

  /** Makes an empty one. @param t the test, which shows what the boxes said last where it fails */
  static async create(t?: ExecutionContext): Promise<Village> {
    const village = new Village();
    t?.teardown(() => {
      if (!t.passed) t.log(village.#lastWords());
    });
    await village.#namespaces.add();
    for (const bridge of ["net", "island"]) {
      await inside(village.name, "ip", "link", "add", bridge, "type", "bridge");
      await inside(village.name, "ip", "link", "set", bridge, "up");
    }
    await inside(
      village.name,
      "ip",
      "addr",
      "add",
      "93.184.0.1/16",
      "dev",
      "net",
    );
    return village;
  }

  /** A place on the Internet without a box. @returns its namespace and address */
  async place(
    word: string,
    { nat = false, rate, line }: HomeOptions = {},
  ): Promise<{ namespace: string; address: string }> {
    const number = this.#next++;
    const address = `93.184.${number >> 8}.${number & 255}`;
    const outer = await this.#namespaces.add(`-${word}`);
    const plug = `h${number}`;
    if (line)
      this.#lines.push(
        await LossyLine.lay([this.name, plug], [outer, "wan0"], line),
      );
    else
      await exec("ip", [
        ...["link", "add", plug, "netns", this.name],
        ...["type", "veth", "peer", "name", "wan0", "netns", outer],
      ]);
    await inside(this.name, "ip", "link", "set", plug, "master", "net", "up");
    await inside(outer, "ip", "addr", "add", `${address}/16`, "dev", "wan0");
    await inside(outer, "ip", "link", "set", "wan0", "up");
    await inside(outer, "ip", "route", "add", "default", "via", "93.184.0.1");
    if (rate !== undefined)
      for (const [where, device] of [
        [outer, "wan0"],
        [this.name, plug],
      ] as const)
        await inside(
          ...([where, "tc", "qdisc", "add", "dev", device, "root"] as const),
          ...(["tbf", "rate", `${rate}mbit`, "burst", "128kb"] as const),
          ...(["latency", "50ms"] as const),
        );
    if (!nat) return { namespace: outer, address };
    const inner = await this.#namespaces.add(`-${word}-lan`);
    await exec("ip", [
      ...["link", "add", "lan0", "netns", outer],
      ...["type", "veth", "peer", "name", "eth0", "netns", inner],
    ]);
    await inside(outer, "ip", "addr", "add", "192.168.7.1/24", "dev", "lan0");
    await inside(outer, "ip", "link", "set", "lan0", "up");
    await inside(inner, "ip", "addr", "add", "192.168.7.2/24", "dev", "eth0");
    await inside(inner, "ip", "link", "set", "eth0", "up");
    await inside(inner, "ip", "route", "add", "default", "via", "192.168.7.1");
    await openRouter(outer, inner);
    return { namespace: inner, address };
  }

  /** A home with a box that has an owner and a disk. @param words of the root key; a new one without */
  async home(
    word: string,
    options: HomeOptions = {},
    words?: string,
  ): Promise<Home> {
    const opening = (async () =>
      await Home.open(word, await this.place(word, options), options, words))();
    this.#opening.push(opening);
    const home = await opening;
    this.#homes.push(home);
    return home;
  }

  /** Cuts the net between some homes and the others, or heals it. */
  async split(homes: readonly Home[], cut: boolean): Promise<void> {
    for (const { address } of homes)
      await inside(
        this.name,
        ...["ip", "link", "set", `h${address.split(".").at(-1)}`],
        ...["master", cut ? "island" : "net"],
      );
  }

  #lastWords(): string {
    return this.#homes
      .flatMap(({ name, lines }) =>
        lines.slice(-lastLines).map((line) => `${name} ${line.slice(0, 4000)}`),
      )
      .join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Also those that were still being made when something else failed.
    for (const home of await Promise.allSettled(this.#opening))
      if (home.status === "fulfilled") {
        home.value.lines.push(await netOf(home.value.namespace));
        await home.value[Symbol.asyncDispose]();
      }
    for (const line of this.#lines) await line[Symbol.asyncDispose]();
    await this.#namespaces[Symbol.asyncDispose]();
  }
}

/** One household's box. */
export class Home implements AsyncDisposable {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly words: string;
  readonly client: ServiceClient;
  readonly tree: TreeClient;
  readonly friends: FriendsClient;
  readonly lines: string[] = [];
  /** How far its clock is off from the next start on, as faketime(1) has it. */
  clock: string | undefined;
  #folder: Awaited<ReturnType<typeof temporaryFolder>>;
  #tpm: SoftwareTpm | undefined;
  #options: HomeOptions;
  #children = new Map<string, ChildProcess>();

  private constructor(
    name: string,
    place: { namespace: string; address: string },
    options: HomeOptions,
    words: string,
    folder: Awaited<ReturnType<typeof temporaryFolder>>,
    tpm: SoftwareTpm,
  ) {
    this.name = name;
    this.namespace = place.namespace;
    this.address = place.address;
    this.words = words;
    this.#options = options;
    this.clock = options.clock;
    this.#folder = folder;
    this.#tpm = tpm;
    this.client = new ServiceClient(
      "node",
      socketPath("node", join(folder.path, "run")),
    );
    this.tree = new TreeClient(this.client);
    this.friends = new FriendsClient(this.client);
  }

  static async open(
    name: string,
    place: { namespace: string; address: string },
    options: HomeOptions,
    words = RootKey.create().words,
  ): Promise<Home> {
    const folder = await temporaryFolder();
    for (const one of ["tpm", "mounts", "run"])
      await mkdir(join(folder.path, one));
    const tpm = await startSoftwareTpm(join(folder.path, "tpm"));
    await replayCapturedBoot(tpm.tcti, folder.path);
    await markFolder(join(folder.path, "mounts/disk"));
    const home = new Home(name, place, options, words, folder, tpm);
    await using unlessDone = new AsyncDisposableStack();
    unlessDone.use(home);
    await home.start();
    await home.client.raw("POST", "/root-key/words", { body: { words } });
    await until(`${name} is among its friends`, async () => {
      const state = await home.friends.state().catch(() => undefined);
      return state !== undefined;
    });
    unlessDone.move();
    return home;
  }

  /** Starts the box's services, and waits until they answer. */
  async start(): Promise<void> {
    if (!this.#tpm) {
      const { path } = this.#folder;
      this.#tpm = await startSoftwareTpm(join(path, "tpm"));
      await replayCapturedBoot(this.#tpm.tcti, path);
    }
    this.#spawn("identity", join(services, "identity/main.ts"));
    this.#spawn("node", this.#options.node ?? join(services, "node/main.ts"));
    await until(`the services of ${this.name} answer`, async () => {
      const answer = await this.client
        .raw("GET", "/state")
        .catch(() => undefined);
      await answer?.body.dump();
      return answer !== undefined;
    });
  }

  /** Takes the power from it. */
  async kill(): Promise<void> {
    for (const child of this.#children.values()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
    this.#children.clear();
    await this.#tpm?.[Symbol.asyncDispose]();
    this.#tpm = undefined;
  }

  /** Takes its disk away for good, while it is off: a new one is in its place. */
  async replaceDisk(): Promise<void> {
    const disk = join(this.#folder.path, "mounts/disk");
    await rm(disk, { recursive: true });
    await rm(join(this.#folder.path, "state/node/disks.json"), { force: true });
    await rm(join(this.#folder.path, "state/node/tree"), {
      recursive: true,
      force: true,
    });
    await markFolder(disk);
  }

  /** Where friends of this home keep things. */
  get disk(): string {
    return join(this.#folder.path, "mounts/disk");
  }

  async state(): Promise<FriendsState> {
    return await this.friends.state();
  }

  /** The friend of this name. */
  async friend(name: string): Promise<FriendsState["friends"][number]> {
    const { friends } = await this.state();
    const found = friends.find((one) => one.name === name);
    if (!found) throw new Error(`${this.name} has no friend ${name}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.client[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }

  #spawn(name: string, main: string): void {
    const { path } = this.#folder;
    const child = spawn(
      "ip",
      [
        ...["netns", "exec", this.namespace],
        ...["setpriv", "--pdeathsig", "KILL", "--"],
        // Not by its program: that one would stand between us and the process.
        ...(this.clock === undefined ? [] : ["env", ...wrongClock(this.clock)]),
        process.execPath,
        ...["--disable-warning=ExperimentalWarning", main],
      ],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: process.env.PATH ?? "",
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "",
          STATE_DIRECTORY: join(path, "state", name),
          COPPICE_RUNTIME: join(path, "run"),
          COPPICE_DISKS: join(path, "mounts"),
          COPPICE_BOOT_LOGS: join(path, "boot"),
          COPPICE_ANCHORS: path,
          COPPICE_TPM: this.#tpm?.tcti ?? "none",
          COPPICE_PEER_LISTEN: `/ip4/0.0.0.0/tcp/${port}`,
          COPPICE_LOG: "warn",
          TSS2_LOG: "all+NONE",
          ...this.#options.env,
        },
      },
    );
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(`${name}: ${line}`);
        if (process.env.COPPICE_SHOW)
          console.error(`${this.name} ${name}: ${line}`);
      });
    this.#children.set(name, child);
  }
}

/** Makes a namespace a router that translates addresses, and sees that the way there and back is open. @throws Error with what the router looks like where it is not */
async function openRouter(outer: string, inner: string): Promise<void> {
  await inside(outer, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  await inside(
    outer,
    "nft",
    'table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan0" masquerade; }; }; table ip filter { chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; iifname "lan0" accept; }; }',
  );
  // A closed port of the Internet that says so.
  await inside(
    inner,
    ...["timeout", "20", "bash", "-c"],
    `! { exec 3<>/dev/tcp/93.184.0.1/9; } 2>/dev/null`,
  ).catch(async () => {
    throw new Error(
      `${inner} does not reach the Internet: ${await netOf(inner)}`,
    );
  });
}

/** Loads faketime's library, which leaves timers alone. */
function wrongClock(offset: string): string[] {
  const { triplet } = architectures[hostArchitecture];
  return [
    `LD_PRELOAD=/usr/lib/${triplet}/faketime/libfaketimeMT.so.1`,
    "FAKETIME_DONT_FAKE_MONOTONIC=1",
    `FAKETIME=${offset}`,
  ];
}

/** What the net of a home looks like from inside, and from its router. */
async function netOf(namespace: string): Promise<string> {
  const show = "ip -br addr; ip route; ip neigh; ss -tan; nft list ruleset";
  const places = new Set([namespace, namespace.replace(/-lan$/, "")]);
  const shown = await Promise.all(
    [...places].map(
      async (one) => await inside(one, "sh", "-c", show).catch(String),
    ),
  );
  return shown.join("\n");
}

/** Makes two homes friends: the first invites. Resolves when each keeps something for the other by contract. */
export async function befriend(
  host: Home,
  guest: Home,
  space = 2e9,
  by: "words" | "text" = "words",
): Promise<void> {
  const terms = { offer: space, wish: space };
  for (const home of [host, guest])
    await home.friends.configure({
      name: home.name,
      limits: { upload: 0, download: 0, quiet: null },
      apart: "household",
    });
  const invitation = await host.friends.invite({ name: guest.name, ...terms });
  await guest.friends.join({ invitation: invitation[by] ?? "", ...terms });
  await until(`${host.name} and ${guest.name} are friends`, async () => {
    const seen = [
      (await host.state()).friends.find(({ name }) => name === guest.name),
      (await guest.state()).friends.find(({ name }) => name === host.name),
    ];
    // Who cheats may have been found before we look.
    return (
      seen.some((one) => one?.phase === "expelled") ||
      seen.every((one) => one?.phase === "active" && one.mine)
    );
  });
}

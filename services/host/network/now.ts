import { readFile } from "node:fs/promises";
import ipaddr from "ipaddr.js";
import { type Static, Type } from "typebox";
import { Parse } from "typebox/value";
import { readJson } from "../../shared/durable.ts";
import { remembered } from "../../shared/remembered.ts";
import { command } from "../command.ts";
import { airTroubles, readAir } from "./adapters.ts";
import { addressOf, type Network } from "./document.ts";
import { interfaceOf, uplinkOf, wireOf } from "./interfaces.ts";
import { ip } from "./ip.ts";
import { clash, contains, freeRange } from "./ranges.ts";
import {
  BlockListStates,
  type Device,
  type NetworkNow,
  type Opened,
  type Trouble,
} from "./state.ts";
import { trafficSets } from "./traffic.ts";
import { upnpLeases } from "./upnp.ts";

/** The address of another DHCP server at home, as coppice-lan-check.service leaves it. */
const rogueFile = "/run/coppice-lan-check/other";

const Links = Type.Array(
  Type.Object({
    ifname: Type.String(),
    flags: Type.Array(Type.String()),
    addr_info: Type.Array(
      Type.Object({
        family: Type.String(),
        local: Type.Optional(Type.String()),
        address: Type.Optional(
          Type.String({ description: "the other end's, of a PPP link" }),
        ),
        prefixlen: Type.Integer(),
        scope: Type.String(),
      }),
    ),
  }),
);
const Routes = Type.Array(
  Type.Object({
    gateway: Type.Optional(Type.String()),
    dev: Type.Optional(Type.String()),
  }),
);
const Neighbours = Type.Array(
  Type.Object({
    dst: Type.String(),
    dev: Type.String(),
    lladdr: Type.Optional(Type.String()),
    state: Type.Array(Type.String()),
  }),
);
type Neighbours = Static<typeof Neighbours>;

const Counted = Type.Object({
  nftables: Type.Array(
    Type.Object({
      set: Type.Optional(
        Type.Object({
          elem: Type.Optional(
            Type.Array(
              Type.Object({
                elem: Type.Object({
                  val: Type.String(),
                  counter: Type.Object({ bytes: Type.Integer() }),
                }),
              }),
            ),
          ),
        }),
      ),
    }),
  ),
});
/** A device, without what it sent and got, and how. */
type Found = Omit<Device, "sent" | "received" | "signal">;

/** How each block list came last, as coppice-lists.service leaves it. */
const listStates = "/var/lib/coppice/lan/lists.json";

/** Looks at ports, addresses, leases and neighbours, and says what is wrong. Names are tried twice a minute. */
export class NetworkWatch {
  readonly #leases: string;
  readonly #namesAreFound = remembered(30_000, resolves);

  /** @param leases dnsmasq's file of leases */
  constructor(leases: string) {
    this.#leases = leases;
  }

  async read(network: Network): Promise<NetworkNow> {
    return await readNow(network, this.#leases, this.#namesAreFound);
  }
}

async function readNow(
  network: Network,
  leases: string,
  namesAreFound: () => Promise<boolean>,
): Promise<NetworkNow> {
  const [links, routes, neighbours, sent, received, air] = await Promise.all([
    ip(Links, "address", "show"),
    ip(Routes, "route", "show", "default"),
    ip(Neighbours, "neighbour", "show"),
    bytesBy(trafficSets.sent),
    bytesBy(trafficSets.received),
    readAir(),
  ]);
  const [lines = "", opened = "", rogue = ""] = await Promise.all(
    [leases, upnpLeases, rogueFile].map(textOf),
  );
  const uplink = uplinkOf(network);
  const link = links.find(({ ifname }) => ifname === uplink);
  const wire = links.find(({ ifname }) => ifname === wireOf(network));
  const route = routes.find(({ dev }) => dev === uplink);
  const otherEnd = link?.addr_info.find(({ address }) => address)?.address;
  const wan = {
    link: wire?.flags.includes("LOWER_UP") ?? false,
    addresses: (link?.addr_info ?? [])
      .filter(({ scope }) => scope === "global")
      .flatMap(({ local, prefixlen }) =>
        local === undefined ? [] : [`${local}/${prefixlen}`],
      ),
    gateway: route ? (route.gateway ?? otherEnd ?? null) : null,
  };
  return {
    wan,
    devices: devicesOf(network, lines, neighbours).map((device) => ({
      ...device,
      sent: sent.get(device.address) ?? 0,
      received: received.get(device.address) ?? 0,
      signal: air.signals.get(device.mac) ?? null,
    })),
    opened: network.upnp ? openedIn(opened) : [],
    adapters: air.adapters,
    lists: network.dns.lists.length > 0 ? await listsNow() : [],
    troubles: [
      ...rogueOf(network, rogue.trim()),
      ...airTroubles(network, air),
      ...(await troublesOf(network, wan, namesAreFound)),
    ],
  };
}

async function listsNow(): Promise<BlockListStates> {
  const states = await readJson(BlockListStates, listStates);
  return states ?? [];
}

/** A daemon's file; nothing where it has not written one. */
async function textOf(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}

/** miniupnpd: protocol:port:address:port:end:words */
function openedIn(lines: string): Opened[] {
  return [...lines.matchAll(/^(TCP|UDP):(\d+):([\d.]+):(\d+):\d+:(.*)$/gm)].map(
    ([, protocol = "", port, address = "", toPort, words = ""]) => ({
      protocol,
      port: Number(port),
      address,
      toPort: Number(toPort),
      words: words.slice(0, 100),
    }),
  );
}

function rogueOf({ lans }: Network, address: string): Trouble[] {
  if (
    !ipaddr.IPv4.isValid(address) ||
    lans.some((lan) => addressOf(lan) === address)
  )
    return [];
  return [
    {
      kind: "rogue-dhcp",
      words: `Something else at home gives out addresses too (${address}), so devices may end up beside this box instead of behind it.`,
      advice:
        "It is often an old router or an access point: switch its DHCP server off, or unplug it. The Devices list may name it.",
    },
  ];
}

/** What was counted, by address; nothing where the rules are not loaded yet. */
async function bytesBy(set: string): Promise<Map<string, number>> {
  const text = await command("nft", [
    ...["--json", "list", "set", "netdev", "traffic", set],
  ]).catch(() => undefined);
  if (text === undefined) return new Map();
  const { nftables } = Parse(Counted, JSON.parse(text));
  return new Map(
    nftables
      .flatMap(({ set: one }) => one?.elem ?? [])
      .map(({ elem: { val, counter } }) => [val, counter.bytes]),
  );
}

/** Devices with a lease, and others that were heard of. */
function devicesOf(
  { lans }: Network,
  lines: string,
  neighbours: Neighbours,
): Found[] {
  const alive = (state: string[]): boolean =>
    !state.includes("FAILED") && !state.includes("INCOMPLETE");
  const devices = new Map<string, Found>();
  // dnsmasq: end (0: never), hardware address, address, name or *, client id; DHCPv6 follows behind a line of its own.
  for (const line of lines.split(/^duid /m)[0]?.split("\n") ?? []) {
    const [end, mac = "", address = "", name = "*"] = line.split(" ");
    const lan = lans.find(
      (one) => ipaddr.IPv4.isValid(address) && contains(one.address, address),
    );
    if (lan)
      devices.set(address, {
        mac,
        address,
        name: name === "*" ? null : name,
        lan: lan.id,
        here: false,
        until: end === "0" ? null : Number(end) * 1000,
      });
  }
  for (const { dst, dev, lladdr, state } of neighbours) {
    const lan = lans.find((one) => interfaceOf(one) === dev);
    if (!lan || lladdr === undefined || !ipaddr.IPv4.isValid(dst)) continue;
    const known = devices.get(dst);
    const here = alive(state);
    if (known) known.here = here;
    else if (here)
      devices.set(dst, {
        mac: lladdr,
        address: dst,
        name: null,
        lan: lan.id,
        here,
        until: null,
      });
  }
  return [...devices.values()];
}

async function troublesOf(
  { lans, wan: { ipv4 } }: Network,
  { link, addresses, gateway }: NetworkNow["wan"],
  namesAreFound: () => Promise<boolean>,
): Promise<Trouble[]> {
  if (!link)
    return [
      {
        kind: "link-lost",
        words: "Nothing is connected to the WAN port.",
        advice:
          "Plug the cable of the modem into the WAN port, and see that the modem is switched on.",
      },
    ];
  const [address] = addresses.filter((one) =>
    ipaddr.IPv4.isValid(one.split("/")[0] as string),
  );
  if (address === undefined)
    return [
      {
        kind: "no-address",
        words: "The provider's side gives this box no address.",
        advice:
          ipv4.kind === "pppoe"
            ? "See that the name and the password for the line are as the provider gave them, and restart the modem. Some providers expect a VLAN tag too."
            : "Restart the modem. If it stays so, ask the provider whether it expects a name and a password (PPPoE), a VLAN tag or a fixed address, and set that here.",
      },
    ];
  const clashing = lans.find((lan) => clash(lan.address, address));
  if (clashing)
    return [
      {
        kind: "address-clash",
        words: `The network towards the Internet (${address}) has the same addresses as "${clashing.name}" (${clashing.address}), so the box cannot tell them apart.`,
        advice: `Give "${clashing.name}" other addresses, such as ${freeRange([address, ...lans.map((lan) => lan.address)])}.`,
      },
    ];
  const troubles: Trouble[] = [];
  const kind = ipaddr.IPv4.parse(address.split("/")[0] as string).range();
  if (kind === "private" || kind === "carrierGradeNat")
    troubles.push({
      kind: "double-nat",
      words: `There is another router before this box (it has the address ${address}), so nothing from the Internet reaches it by itself.`,
      advice:
        kind === "private"
          ? "Everything but port forwards works. Switch the other router to bridge mode, or let it lead its ports to this box."
          : "The provider shares one address among its customers. Everything but port forwards works; friends' boxes reach this one by IPv6 or through another friend.",
    });
  if (gateway !== null && !(await namesAreFound()))
    troubles.push({
      kind: "dns-dead",
      words: "Names of the Internet are not found.",
      advice:
        "If it stays so for some minutes, choose other name servers here, or ask the provider.",
    });
  return troubles;
}

async function resolves(): Promise<boolean> {
  return await command(
    "resolvectl",
    ["query", "--legend=no", "--type=NS", "."],
    { signal: AbortSignal.timeout(5000) },
  ).then(
    () => true,
    () => false,
  );
}

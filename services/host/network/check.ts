/** What a schema cannot say of a network: that its parts fit together. */
import { checkVpn } from "./check-vpn.ts";
import { checkWifi } from "./check-wifi.ts";
import { addressOf, type Lan, type Network } from "./document.ts";
import { vpnId } from "./interfaces.ts";
import { clash, contains, numberOf, rangeOf } from "./ranges.ts";
import {
  checkHost,
  checkHousehold,
  checkServer,
  NetworkDocumentError,
  unique,
} from "./refusal.ts";

/** TCP port on which friends' boxes are answered. */
export const peerPort = 4471;

/** Names that a device must not take for itself: VU#598349, and the box's own. */
export const reservedNames: readonly string[] = [
  "wpad",
  "isatap",
  "localhost",
  "coppice",
];

/** Refuses what would not work, naming the field. @throws NetworkDocumentError */
export function checkNetwork(network: Network): void {
  network.lans.forEach((lan, index) => {
    checkLan(lan, index, network);
  });
  const { ipv4 } = network.wan;
  if (ipv4.kind === "static") {
    checkHost(ipv4.address, "/wan/ipv4/address");
    if (
      !contains(ipv4.address, ipv4.gateway) ||
      ipv4.gateway === addressOf(ipv4)
    )
      throw new NetworkDocumentError(
        "/wan/ipv4/gateway",
        "The gateway has to be another address of the same network.",
      );
    ipv4.dns.forEach((address, index) => {
      checkServer(address, `/wan/ipv4/dns/${index}`);
    });
  }
  if (network.dns.upstream.kind === "tls")
    network.dns.upstream.servers.forEach(({ address }, index) => {
      checkServer(address, `/dns/upstream/servers/${index}/address`);
    });
  checkNames(network);
  checkVpn(network);
  checkWifi(network);
  const { dynamicName } = network;
  if (dynamicName?.service === "other" && dynamicName.server === null)
    throw new NetworkDocumentError(
      "/dynamicName/server",
      "Say which server is told the address.",
    );
  checkOpenings(network);
}

/** Names are the household's, whichever network their devices are in. */
function checkNames({ lans, dns }: Network): void {
  unique(
    dns.lists.map(({ url }) => url),
    (index) => `/dns/lists/${index}/url`,
    "This list is there twice",
  );
  const names = [
    ...lans.flatMap(({ reservations }, at) =>
      reservations.map(({ name }, index) => ({
        name,
        field: `/lans/${at}/reservations/${index}/name`,
      })),
    ),
    ...dns.names.map(({ name }, index) => ({
      name,
      field: `/dns/names/${index}/name`,
    })),
  ];
  for (const { name, field } of names)
    if (reservedNames.includes(name))
      throw new NetworkDocumentError(
        field,
        `"${name}" is the box's own name, or one that devices believe.`,
      );
  unique(
    names.map(({ name }) => name),
    (index) => names[index]?.field ?? "",
    "Two devices have this name",
  );
}

function checkLan(lan: Lan, index: number, { lans, wan }: Network): void {
  const field = (name: string): string => `/lans/${index}/${name}`;
  const first = index === 0;
  if (first && (lan.id !== "home" || lan.guest || lan.vlan !== null))
    throw new NetworkDocumentError(
      field(lan.id !== "home" ? "id" : lan.guest ? "guest" : "vlan"),
      "The first network is the household's own: its id is home, without a tag, and not for guests.",
    );
  if (!first && lan.vlan === null)
    throw new NetworkDocumentError(
      field("vlan"),
      "A further network needs a VLAN tag, by which switches and access points tell it apart.",
    );
  checkHost(lan.address, field("address"));
  const range = rangeOf(lan.address);
  checkHousehold(lan.address, field("address"));
  for (const [other, { id, vlan, address, name }] of lans
    .slice(0, index)
    .entries()) {
    if (id === lan.id || lan.id === vpnId)
      throw new NetworkDocumentError(field("id"), "Two networks have this id.");
    if (vlan === lan.vlan && other > 0)
      throw new NetworkDocumentError(
        field("vlan"),
        `The network "${name}" has this tag already.`,
      );
    if (clash(address, lan.address))
      throw new NetworkDocumentError(
        field("address"),
        `It has addresses in common with the network "${name}".`,
      );
  }
  if (wan.ipv4.kind === "static" && clash(wan.ipv4.address, lan.address))
    throw new NetworkDocumentError(
      field("address"),
      "It has addresses in common with the network towards the Internet.",
    );
  const own = numberOf(addressOf(lan));
  const inside = (address: string): boolean => {
    const number = numberOf(address);
    return range[0] < number && number < range[1] && number !== own;
  };
  const { from, to } = lan.dhcp;
  for (const [name, address] of Object.entries({ from, to }))
    if (!inside(address))
      throw new NetworkDocumentError(
        field(`dhcp/${name}`),
        `It has to be an address of ${lan.address} that is not the box's.`,
      );
  const [low, high] = [numberOf(from), numberOf(to)];
  if (low > high)
    throw new NetworkDocumentError(
      field("dhcp/to"),
      "The last address to give out comes before the first.",
    );
  if (low < own && own < high)
    throw new NetworkDocumentError(
      field("dhcp/from"),
      "The box's own address is among those to give out.",
    );
  lan.reservations.forEach(({ address }, at) => {
    if (!inside(address))
      throw new NetworkDocumentError(
        field(`reservations/${at}/address`),
        `It has to be an address of ${lan.address} that is not the box's.`,
      );
  });
  for (const key of ["mac", "address"] as const)
    unique(
      lan.reservations.map((one) => one[key]),
      (at) => field(`reservations/${at}/${key}`),
      "Two reservations have this",
    );
}

function checkOpenings({ forwards, pinholes, lans }: Network): void {
  forwards.forEach(({ protocol, port, address }, index) => {
    const field = (name: string): string => `/forwards/${index}/${name}`;
    if (port === peerPort && protocol !== "udp")
      throw new NetworkDocumentError(
        field("port"),
        `Port ${peerPort} is where friends' boxes reach this one.`,
      );
    const taken = forwards
      .slice(0, index)
      .find(
        (other) =>
          other.port === port &&
          (other.protocol === protocol ||
            other.protocol === "both" ||
            protocol === "both"),
      );
    if (taken)
      throw new NetworkDocumentError(
        field("port"),
        `"${taken.name}" has this port already.`,
      );
    if (
      !lans.some(
        (lan) => contains(lan.address, address) && address !== addressOf(lan),
      )
    )
      throw new NetworkDocumentError(
        field("address"),
        "No network of the household has this address for a device.",
      );
  });
  unique(
    pinholes.map(({ host, port, protocol }) => `${host} ${port} ${protocol}`),
    (index) => `/pinholes/${index}/port`,
    "This port of this device is open already",
  );
}

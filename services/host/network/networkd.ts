import { addressOf, type Lan, type Network, type Vpn } from "./document.ts";
import {
  downlink,
  interfaceOf,
  ports,
  tagOf,
  uplinkOf,
  vpnId,
  wireOf,
} from "./interfaces.ts";
import { netOf } from "./ranges.ts";
import type { FormerAddress } from "./rendering.ts";

type Section = readonly [name: string, ...lines: (string | false)[]];

/** Files of systemd-networkd: the household's first network is a bridge of all LAN ports, the others are tagged on it; hostapd puts Wi-Fi into either. @param keyFile of the box's own WireGuard key */
export function renderNetworkd(
  network: Network,
  former: readonly FormerAddress[],
  keyFile: string,
): [name: string, text: string][] {
  const uplink = uplinkOf(network);
  const [home, ...further] = network.lans as [Lan, ...Lan[]];
  const lan = (one: Lan, index: number, ...more: string[]): string =>
    text(
      ["Match", `Name=${interfaceOf(one)}`],
      [
        "Network",
        `Address=${one.address}`,
        ...former
          .filter(({ lan }) => lan === one.id)
          .map(({ address }) => `Address=${address}`),
        ...more,
        "ConfigureWithoutCarrier=yes",
        "LLMNR=no",
        `MulticastDNS=${!one.guest}`,
        "IPv4Forwarding=yes",
        "IPv6Forwarding=yes",
        "IPv6AcceptRA=no",
        // dnsmasq advertises what is delegated.
        "IPv6SendRA=no",
        `DHCPPrefixDelegation=${network.wan.ipv6}`,
      ],
      network.wan.ipv6 && [
        "DHCPPrefixDelegation",
        `UplinkInterface=${uplink}`,
        `SubnetId=${index}`,
        "Announce=no",
      ],
      ["Link", "RequiredForOnline=no"],
    );
  const files: [string, string][] = [
    ...wanFiles(network, uplink, wireOf(network)),
    ["20-lan-ports.network", port(ports.lans, interfaceOf(home))],
    ["30-home.netdev", bridge(interfaceOf(home))],
    [
      "30-home.network",
      lan(home, 0, ...further.map((one) => `VLAN=${tagOf(one)}`)),
    ],
  ];
  further.forEach((one, index) => {
    files.push(
      [
        `40-${one.id}-tag.netdev`,
        text(
          ["NetDev", `Name=${tagOf(one)}`, "Kind=vlan"],
          ["VLAN", `Id=${one.vlan}`],
        ),
      ],
      [`40-${one.id}-tag.network`, port(tagOf(one), interfaceOf(one))],
      [`40-${one.id}.netdev`, bridge(interfaceOf(one))],
      [`40-${one.id}.network`, lan(one, index + 1)],
    );
  });
  if (network.vpn)
    files.push(...vpnFiles(network.vpn, addressOf(home), keyFile));
  return files;
}

function bridge(name: string): string {
  return text(["NetDev", `Name=${name}`, "Kind=bridge"], ["Bridge", "STP=no"]);
}

/** A port of a bridge. */
function port(name: string, of: string): string {
  return text(
    ["Match", `Name=${name}`],
    ["Network", `Bridge=${of}`, "LinkLocalAddressing=no", "LLMNR=no"],
    ["Link", "RequiredForOnline=no"],
  );
}

/** @param own the box's address at home, by which friends' households know it. @param keyFile of the box's own key */
function vpnFiles(
  { address, port, phones, sites }: Vpn,
  own: string,
  keyFile: string,
): [name: string, text: string][] {
  const name = interfaceOf({ id: vpnId });
  return [
    [
      "50-vpn.netdev",
      text(
        ["NetDev", `Name=${name}`, "Kind=wireguard"],
        ["WireGuard", `ListenPort=${port}`, `PrivateKeyFile=${keyFile}`],
        ...phones.map(
          (phone): Section => [
            "WireGuardPeer",
            `PublicKey=${phone.publicKey}`,
            `AllowedIPs=${phone.address}/32`,
          ],
        ),
        ...sites.map(
          ({ publicKey, endpoint, networks }): Section => [
            "WireGuardPeer",
            `PublicKey=${publicKey}`,
            `AllowedIPs=${networks.map(netOf).join(",")}`,
            endpoint !== null && `Endpoint=${endpoint}`,
            "PersistentKeepalive=25",
          ],
        ),
      ),
    ],
    [
      "50-vpn.network",
      text(
        ["Match", `Name=${name}`],
        [
          "Network",
          `Address=${address}`,
          "LinkLocalAddressing=no",
          "LLMNR=no",
          "IPv4Forwarding=yes",
        ],
        ...sites
          .flatMap(({ networks }) => networks)
          .map(
            (network): Section => [
              "Route",
              `Destination=${netOf(network)}`,
              "Scope=link",
              `PreferredSource=${own}`,
            ],
          ),
        ["Link", "RequiredForOnline=no"],
      ),
    ],
  ];
}

/** A queue that is fair between devices (behind NAT) and between their flows. @param rate kbit/s */
function cake(rate: number): Section {
  return ["CAKE", `Bandwidth=${rate}K`, "NAT=yes", "FlowIsolationMode=triple"];
}

function wanFiles(
  { wan }: Network,
  uplink: string,
  wire: string,
): [name: string, text: string][] {
  const { ipv4, ipv6, upload, download } = wan;
  const isStatic = ipv4.kind === "static";
  const isPpp = ipv4.kind === "pppoe";
  const dhcp =
    ipv4.kind !== "dhcp" ? (ipv6 ? "ipv6" : "no") : ipv6 ? "yes" : "ipv4";
  const towards = text(
    ["Match", `Name=${uplink}`],
    [
      "Network",
      `DHCP=${dhcp}`,
      isStatic && `Address=${ipv4.address}`,
      isStatic && `Gateway=${ipv4.gateway}`,
      ...(isStatic ? ipv4.dns.map((address) => `DNS=${address}`) : []),
      `IPv6AcceptRA=${ipv6}`,
      // pppd sets addresses and the route, as it was told.
      isPpp && "KeepConfiguration=yes",
      // Where it is PPP the address is pppd's; without this, nobody asks for routers and prefixes there.
      `LinkLocalAddressing=${ipv6 ? "ipv6" : "no"}`,
      "IPv4Forwarding=yes",
      "IPv6Forwarding=yes",
      "LLMNR=no",
      "MulticastDNS=no",
    ],
    // The provider names neither this box nor the household.
    ["DHCPv4", "UseHostname=no", "UseDomains=no"],
    // A prefix is asked for also where the router says nothing of DHCPv6.
    ipv6 && ["DHCPv6", "UseHostname=no", "WithoutRA=solicit"],
    upload !== null && cake(upload),
    ["Link", "RequiredForOnline=no"],
  );
  const down: [string, string][] =
    download === null
      ? []
      : [
          [
            "15-download.netdev",
            text(["NetDev", `Name=${downlink}`, "Kind=ifb"]),
          ],
          [
            "15-download.network",
            text(
              ["Match", `Name=${downlink}`],
              ["Network", "LinkLocalAddressing=no", "LLMNR=no"],
              cake(download),
              ["Link", "RequiredForOnline=no"],
            ),
          ],
        ];
  const bare: [string, string][] = isPpp
    ? [
        [
          "10-wan-wire.network",
          text(
            ["Match", `Name=${wire}`],
            ["Network", "LinkLocalAddressing=no", "LLMNR=no"],
            ["Link", "RequiredForOnline=no"],
          ),
        ],
      ]
    : [];
  if (wan.vlan === null) return [["10-wan.network", towards], ...bare, ...down];
  return [
    ...bare,
    ...down,
    [
      "10-wan-port.network",
      text(
        ["Match", `Name=${ports.wan}`],
        ["Network", `VLAN=${wire}`, "LinkLocalAddressing=no", "LLMNR=no"],
        ["Link", "RequiredForOnline=no"],
      ),
    ],
    [
      "10-wan.netdev",
      text(["NetDev", `Name=${wire}`, "Kind=vlan"], ["VLAN", `Id=${wan.vlan}`]),
    ],
    ["10-wan.network", towards],
  ];
}

function text(...sections: (Section | false)[]): string {
  return sections
    .filter((section) => section !== false)
    .map(
      ([name, ...lines]) =>
        `[${name}]\n${lines
          .filter((line) => line !== false)
          .map((line) => `${line}\n`)
          .join("")}`,
    )
    .join("\n");
}

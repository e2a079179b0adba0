import type { Lan, Network, Vpn } from "./document.ts";
import { interfaceOf, ports, uplinkOf, vpnId } from "./interfaces.ts";
import type { FormerAddress } from "./rendering.ts";
import { keyFile } from "./wireguard.ts";

type Section = readonly [name: string, ...lines: (string | false)[]];

/** Files of systemd-networkd: the household's first network is a bridge of all LAN ports, the others are tagged on it. */
export function renderNetworkd(
  network: Network,
  former: readonly FormerAddress[],
): [name: string, text: string][] {
  const uplink = uplinkOf(network);
  const [home, ...further] = network.lans as [Lan, ...Lan[]];
  const bridge = interfaceOf(home);
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
    ...wanFiles(network, uplink),
    [
      "20-lan-ports.network",
      text(
        ["Match", `Name=${ports.lans}`],
        ["Network", `Bridge=${bridge}`, "LinkLocalAddressing=no", "LLMNR=no"],
        ["Link", "RequiredForOnline=no"],
      ),
    ],
    [
      "30-home.netdev",
      text(["NetDev", `Name=${bridge}`, "Kind=bridge"], ["Bridge", "STP=no"]),
    ],
    [
      "30-home.network",
      lan(home, 0, ...further.map((one) => `VLAN=${interfaceOf(one)}`)),
    ],
  ];
  further.forEach((one, index) => {
    files.push(
      [
        `40-${one.id}.netdev`,
        text(
          ["NetDev", `Name=${interfaceOf(one)}`, "Kind=vlan"],
          ["VLAN", `Id=${one.vlan}`],
        ),
      ],
      [`40-${one.id}.network`, lan(one, index + 1)],
    );
  });
  if (network.vpn) files.push(...vpnFiles(network.vpn));
  return files;
}

function vpnFiles({
  address,
  port,
  phones,
}: Vpn): [name: string, text: string][] {
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
        ["Link", "RequiredForOnline=no"],
      ),
    ],
  ];
}

function wanFiles(
  { wan }: Network,
  uplink: string,
): [name: string, text: string][] {
  const { ipv4, ipv6, upload } = wan;
  const isStatic = ipv4.kind === "static";
  const dhcp = isStatic ? (ipv6 ? "ipv6" : "no") : ipv6 ? "yes" : "ipv4";
  const towards = text(
    ["Match", `Name=${uplink}`],
    [
      "Network",
      `DHCP=${dhcp}`,
      isStatic && `Address=${ipv4.address}`,
      isStatic && `Gateway=${ipv4.gateway}`,
      ...(isStatic ? ipv4.dns.map((address) => `DNS=${address}`) : []),
      `IPv6AcceptRA=${ipv6}`,
      `LinkLocalAddressing=${ipv6 ? "ipv6" : "no"}`,
      "IPv4Forwarding=yes",
      "IPv6Forwarding=yes",
      "LLMNR=no",
      "MulticastDNS=no",
    ],
    // The provider names neither this box nor the household.
    ["DHCPv4", "UseHostname=no", "UseDomains=no"],
    // A prefix is asked for also where the router says nothing of DHCPv6.
    ipv6 && ["DHCPv6", "WithoutRA=solicit"],
    // Fair between devices (behind NAT) and between their flows.
    upload !== null && [
      "CAKE",
      `Bandwidth=${upload}K`,
      "NAT=yes",
      "FlowIsolationMode=triple",
    ],
    ["Link", "RequiredForOnline=no"],
  );
  if (wan.vlan === null) return [["10-wan.network", towards]];
  return [
    [
      "10-wan-port.network",
      text(
        ["Match", `Name=${ports.wan}`],
        ["Network", `VLAN=${uplink}`, "LinkLocalAddressing=no", "LLMNR=no"],
        ["Link", "RequiredForOnline=no"],
      ),
    ],
    [
      "10-wan.netdev",
      text(
        ["NetDev", `Name=${uplink}`, "Kind=vlan"],
        ["VLAN", `Id=${wan.vlan}`],
      ),
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

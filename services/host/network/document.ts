/** The household's network as one document: what the owner sets, and all that the box's daemons are told follows from it. */
import { type Static, Type } from "typebox";

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = `${octet}(\\.${octet}){3}`;

const Ipv4 = Type.String({ pattern: `^${ipv4}$`, description: "IPv4 address" });
const Cidr = Type.String({
  pattern: `^${ipv4}/([1-9]|[12]\\d|30)$`,
  description: "IPv4 address with the length of its network's prefix",
});
const IpAddress = Type.String({
  pattern: `^(${ipv4}|[0-9a-f:]{2,39})$`,
  description: "IPv4 or IPv6 address",
});
const Mac = Type.String({
  pattern: "^[0-9a-f]{2}(:[0-9a-f]{2}){5}$",
  description: "hardware address, in small letters",
});
const HostName = Type.String({
  pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
  description: "one label of a DNS name, in small letters",
});
const domain =
  "([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const DomainName = Type.String({
  pattern: `^${domain}$`,
  maxLength: 253,
  description: "DNS name, in small letters",
});
const Label = Type.String({
  pattern: "^[^\\x00-\\x1f\\x7f]{1,40}$",
  description: "what people call it",
});
const Vlan = Type.Integer({
  minimum: 1,
  maximum: 4094,
  description: "IEEE 802.1Q",
});
const PortNumber = Type.Integer({ minimum: 1, maximum: 65_535 });
const Protocol = Type.Union([
  Type.Literal("tcp"),
  Type.Literal("udp"),
  Type.Literal("both"),
]);

/** An address that a device gets each time. */
export const Reservation = Type.Object({
  mac: Mac,
  address: Ipv4,
  name: HostName,
});
export type Reservation = Static<typeof Reservation>;

/** One of the household's networks; the first is the one that the box's pages are on. */
export const Lan = Type.Object({
  id: Type.String({
    pattern: "^[a-z][a-z0-9]{0,9}$",
    description: "the interface is lan-<id>",
  }),
  name: Label,
  vlan: Type.Union([Vlan, Type.Null()], {
    description: "tag on the LAN ports; none for the first network",
  }),
  address: Cidr,
  guest: Type.Boolean({
    description: "reaches the Internet, and nothing else",
  }),
  dhcp: Type.Object({
    from: Ipv4,
    to: Ipv4,
    minutes: Type.Integer({
      minimum: 2,
      maximum: 10_080,
      description: "how long a lease lasts",
    }),
  }),
  reservations: Type.Array(Reservation, { maxItems: 256 }),
});
export type Lan = Static<typeof Lan>;

/** What comes in from the Internet to a port and is led to a device. */
export const Forward = Type.Object({
  name: Label,
  protocol: Protocol,
  port: PortNumber,
  address: Ipv4,
  toPort: PortNumber,
});
export type Forward = Static<typeof Forward>;

/** A device's port that may be reached over IPv6 from the Internet. */
export const Pinhole = Type.Object({
  name: Label,
  protocol: Protocol,
  port: PortNumber,
  host: Type.String({
    pattern: "^[0-9a-f]{1,4}(:[0-9a-f]{1,4}){3}$",
    description:
      "the address's last 64 bits, which stay when the provider gives another prefix",
  }),
});
export type Pinhole = Static<typeof Pinhole>;

/** A phone or computer that comes in from elsewhere. */
export const Phone = Type.Object({
  name: Label,
  publicKey: Type.String({
    pattern: "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$",
    description: "WireGuard's, in base64",
  }),
  address: Ipv4,
});
export type Phone = Static<typeof Phone>;

/** A friend's household, whose devices and ours reach each other. */
export const Site = Type.Object({
  name: Label,
  publicKey: Phone.properties.publicKey,
  endpoint: Type.Union(
    [
      Type.String({
        pattern: `^(${domain}|${ipv4}):[1-9]\\d{0,4}$`,
        maxLength: 260,
        description: "where its box is called, with the UDP port",
      }),
      Type.Null(),
    ],
    { description: "null: it calls" },
  ),
  networks: Type.Array(Cidr, { minItems: 1, maxItems: 8 }),
});
export type Site = Static<typeof Site>;

/** The way home from elsewhere, and to friends' households: WireGuard. */
export const Vpn = Type.Object({
  port: PortNumber,
  address: Cidr,
  endpoint: DomainName,
  phones: Type.Array(Phone, { maxItems: 64 }),
  sites: Type.Array(Site, { maxItems: 8 }),
});
export type Vpn = Static<typeof Vpn>;

/** What pppd reads between quotes. */
const Credential = Type.String({
  pattern: "^[\\x20-\\x7e]{1,128}$",
  description: "printable ASCII",
});

/** Services that keep a name on the Internet pointing at a household, as inadyn.conf(5) calls them. */
export const dynamicNameServices = {
  duckdns: "default@duckdns.org",
  freedns: "default@freedns.afraid.org",
  noip: "default@noip.com",
  dyn: "default@dyndns.org",
  nsupdate: "ipv4@nsupdate.info",
  dynu: "default@dynu.com",
} as const;

/** A name on the Internet that follows the household's address. */
export const DynamicName = Type.Object({
  service: Type.Union([
    Type.Literal("duckdns"),
    Type.Literal("freedns"),
    Type.Literal("noip"),
    Type.Literal("dyn"),
    Type.Literal("nsupdate"),
    Type.Literal("dynu"),
    Type.Literal("other"),
  ]),
  server: Type.Union([DomainName, Type.Null()], {
    description: "of another service, which speaks the protocol dyndns2",
  }),
  name: DomainName,
  user: Credential,
  password: Type.String({
    pattern: "^[\\x20-\\x7e]{0,128}$",
    description: "printable ASCII; some services have none",
  }),
});
export type DynamicName = Static<typeof DynamicName>;

/** An adapter as an access point on one band. */
export const WifiRadio = Type.Object({
  name: Type.String({
    pattern: "^wl[a-z0-9]{1,13}$",
    description: "the adapter's interface",
  }),
  address: Mac,
  band: Type.Union(
    [Type.Literal("2.4"), Type.Literal("5"), Type.Literal("6")],
    {
      description: "GHz",
    },
  ),
  channel: Type.Union(
    [Type.Integer({ minimum: 1, maximum: 221 }), Type.Null()],
    {
      description:
        "IEEE 802.11's number; null for the quietest, at 6 GHz for 37",
    },
  ),
  generation: Type.Union([Type.Literal(4), Type.Literal(5), Type.Literal(6)], {
    description: "Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax)",
  }),
});
export type WifiRadio = Static<typeof WifiRadio>;

/** A name that is on the air on all bands. */
export const WifiNetwork = Type.Object({
  ssid: Type.String({
    pattern: "^[^\\x00-\\x1f\\x7f]{1,32}$",
    description: "its name, of no more than 32 bytes",
  }),
  password: Type.String({
    pattern: "^[\\x20-\\x7e]{8,63}$",
    description: "8 to 63 characters of printable ASCII",
  }),
  security: Type.Union([
    Type.Literal("wpa3"),
    Type.Literal("wpa2-wpa3"),
    Type.Literal("wpa2"),
  ]),
  lan: Type.String({
    pattern: "^[a-z][a-z0-9]{0,9}$",
    description: "id of the network that its devices are in",
  }),
});
export type WifiNetwork = Static<typeof WifiNetwork>;

/** Wi-Fi, where the box has adapters that can be access points. */
export const Wifi = Type.Object({
  country: Type.String({
    pattern: "^[A-Z]{2}$",
    description: "ISO 3166-1, by which the law of the air goes",
  }),
  radios: Type.Array(WifiRadio, { minItems: 1, maxItems: 4 }),
  networks: Type.Array(WifiNetwork, { minItems: 1, maxItems: 4 }),
});
export type Wifi = Static<typeof Wifi>;

/** A list of names that somebody keeps, which are to be blocked too. */
export const BlockList = Type.Object({
  name: Label,
  url: Type.String({
    pattern: "^https://[!-~]{1,2000}$",
    description: "fetched each day",
  }),
});
export type BlockList = Static<typeof BlockList>;

/** The whole of it. */
export const Network = Type.Object({
  version: Type.Literal(1),
  wan: Type.Object({
    vlan: Type.Union([Vlan, Type.Null()], {
      description: "tag that the provider asks for",
    }),
    ipv4: Type.Union([
      Type.Object({ kind: Type.Literal("dhcp") }),
      Type.Object({
        kind: Type.Literal("static"),
        address: Cidr,
        gateway: Ipv4,
        dns: Type.Array(IpAddress, { minItems: 1, maxItems: 3 }),
      }),
      Type.Object({
        kind: Type.Literal("pppoe"),
        user: Credential,
        password: Credential,
      }),
    ]),
    ipv6: Type.Boolean({
      description: "by router advertisements and DHCPv6, with a prefix",
    }),
    upload: Type.Union(
      [Type.Integer({ minimum: 64, maximum: 10_000_000 }), Type.Null()],
      {
        description:
          "kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management",
      },
    ),
    download: Type.Union(
      [Type.Integer({ minimum: 64, maximum: 10_000_000 }), Type.Null()],
      { description: "likewise, of what comes" },
    ),
  }),
  lans: Type.Array(Lan, { minItems: 1, maxItems: 8 }),
  dns: Type.Object({
    upstream: Type.Union([
      Type.Object({ kind: Type.Literal("provider") }),
      Type.Object({
        kind: Type.Literal("tls"),
        servers: Type.Array(
          Type.Object({
            address: IpAddress,
            name: DomainName,
          }),
          { minItems: 1, maxItems: 4 },
        ),
      }),
    ]),
    dnssec: Type.Union([Type.Literal("where-offered"), Type.Literal("always")]),
    names: Type.Array(Type.Object({ name: HostName, address: Ipv4 }), {
      maxItems: 256,
    }),
    blocked: Type.Array(DomainName, {
      maxItems: 10_000,
      description: "these and all beneath them do not exist",
    }),
    lists: Type.Array(BlockList, { maxItems: 8 }),
    allowed: Type.Array(DomainName, {
      maxItems: 1000,
      description: "these exist, whatever a list says",
    }),
  }),
  forwards: Type.Array(Forward, { maxItems: 64 }),
  pinholes: Type.Array(Pinhole, { maxItems: 64 }),
  upnp: Type.Boolean({
    description: "whether devices at home may open ports for themselves",
  }),
  dynamicName: Type.Union([DynamicName, Type.Null()]),
  vpn: Type.Union([Vpn, Type.Null()]),
  wifi: Type.Union([Wifi, Type.Null()]),
});
export type Network = Static<typeof Network>;

/** Bytes that a document may have as JSON. */
export const largestNetwork = 2 ** 20;

/** What a box has before its owner says anything. */
export const defaultNetwork: Network = {
  version: 1,
  wan: {
    vlan: null,
    ipv4: { kind: "dhcp" },
    ipv6: true,
    upload: null,
    download: null,
  },
  lans: [
    {
      id: "home",
      name: "Home",
      vlan: null,
      address: "192.168.77.1/24",
      guest: false,
      dhcp: { from: "192.168.77.100", to: "192.168.77.199", minutes: 60 },
      reservations: [],
    },
  ],
  dns: {
    upstream: { kind: "provider" },
    dnssec: "where-offered",
    names: [],
    blocked: [],
    lists: [],
    allowed: [],
  },
  forwards: [],
  pinholes: [],
  upnp: false,
  dynamicName: null,
  vpn: null,
  wifi: null,
};

/** The address of the box in a network, without the prefix's length. */
export function addressOf(lan: Pick<Lan, "address">): string {
  return lan.address.split("/")[0] as string;
}

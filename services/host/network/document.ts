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
const DomainName = Type.String({
  pattern:
    "^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
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

/** The way home from elsewhere: WireGuard. */
export const Vpn = Type.Object({
  port: PortNumber,
  address: Cidr,
  endpoint: DomainName,
  phones: Type.Array(Phone, { maxItems: 64 }),
});
export type Vpn = Static<typeof Vpn>;

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
  }),
  forwards: Type.Array(Forward, { maxItems: 64 }),
  pinholes: Type.Array(Pinhole, { maxItems: 64 }),
  vpn: Type.Union([Vpn, Type.Null()]),
});
export type Network = Static<typeof Network>;

/** Bytes that a document may have as JSON. */
export const largestNetwork = 2 ** 20;

/** What a box has before its owner says anything. */
export const defaultNetwork: Network = {
  version: 1,
  wan: { vlan: null, ipv4: { kind: "dhcp" }, ipv6: true, upload: null },
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
  },
  forwards: [],
  pinholes: [],
  vpn: null,
};

/** The address of the box in a network, without the prefix's length. */
export function addressOf(lan: Pick<Lan, "address">): string {
  return lan.address.split("/")[0] as string;
}

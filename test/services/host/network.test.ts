/** The household's network as a document: what is valid, the daemons' own checkers take; what is not, is refused by its field. Needs root. */
import test from "ava";
import fc from "fast-check";
import { Check } from "typebox/value";
import { checkRendered } from "../../../services/host/network/board-network.ts";
import { changesBetween } from "../../../services/host/network/changes.ts";
import { checkNetwork } from "../../../services/host/network/check.ts";
import {
  defaultNetwork,
  type Lan,
  Network,
  type Vpn,
  type Wifi,
} from "../../../services/host/network/document.ts";
import { channels } from "../../../services/host/network/hostapd.ts";
import { NetworkDocumentError } from "../../../services/host/network/refusal.ts";
import {
  type FormerAddress,
  renderNetwork,
} from "../../../services/host/network/rendering.ts";
import { drawKey } from "../../../services/host/network/wireguard.ts";

const label = fc.string({
  minLength: 1,
  maxLength: 40,
  unit: "grapheme-ascii",
});
const hostName = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const domainName = fc
  .array(hostName, { minLength: 2, maxLength: 4 })
  .map((labels) => labels.join("."));
const port = fc.integer({ min: 1, max: 65_535 });
const protocol = fc.constantFrom("tcp", "udp", "both");
const mac = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 })
  .map((bytes) =>
    bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":"),
  );

/** A network with 256 addresses or more, none of which another has: the second byte is its own. */
function lan(index: number, vlan: number): fc.Arbitrary<Lan> {
  return fc
    .record({
      prefix: fc.integer({ min: 16, max: 24 }),
      third: fc.integer({ min: 0, max: 255 }),
      own: fc.constantFrom(1, 254),
      from: fc.integer({ min: 2, max: 120 }),
      count: fc.integer({ min: 0, max: 100 }),
      minutes: fc.integer({ min: 2, max: 10_080 }),
      name: label,
      guest: fc.boolean(),
      reservations: fc.uniqueArray(
        fc.record({
          mac,
          last: fc.integer({ min: 221, max: 253 }),
          name: hostName,
        }),
        { maxLength: 5, selector: ({ last }) => last },
      ),
    })
    .map(({ prefix, third, own, from, count, reservations, ...rest }) => {
      const at = (last: number): string => `10.${index + 1}.${third}.${last}`;
      return {
        id: index === 0 ? "home" : `lan${index}`,
        name: rest.name,
        vlan: index === 0 ? null : vlan,
        address: `${at(own)}/${prefix}`,
        guest: index > 0 && rest.guest,
        dhcp: { from: at(from), to: at(from + count), minutes: rest.minutes },
        reservations: reservations.map((one, number) => ({
          mac: one.mac,
          address: at(one.last),
          name: `${one.name.slice(0, 20)}-${index}${number}`,
        })),
      };
    });
}

const upstream = fc.oneof(
  fc.constant({ kind: "provider" as const }),
  fc
    .array(
      fc.record({
        address: fc.constantFrom("9.9.9.9", "1.1.1.1", "2620:fe::fe"),
        name: domainName,
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((servers) => ({ kind: "tls" as const, servers })),
);

const wan = fc.record({
  vlan: fc.option(fc.integer({ min: 1, max: 4094 })),
  ipv4: fc.oneof(
    fc.constant({ kind: "dhcp" as const }),
    fc.constant({
      kind: "static",
      address: "93.184.216.34/24",
      gateway: "93.184.216.1",
      dns: ["9.9.9.9", "2620:fe::fe"],
    } as Extract<Network["wan"]["ipv4"], { kind: "static" }>),
    fc.record({
      kind: fc.constant("pppoe" as const),
      user: label,
      password: label,
    }),
  ),
  ipv6: fc.boolean(),
  upload: fc.option(fc.integer({ min: 64, max: 10_000_000 })),
  download: fc.option(fc.integer({ min: 64, max: 10_000_000 })),
});

const radio = fc
  .record({
    address: mac,
    mode: fc.constantFrom(
      ...([
        { band: "2.4", generation: 4 },
        { band: "2.4", generation: 6 },
        { band: "5", generation: 4 },
        { band: "5", generation: 5 },
        { band: "5", generation: 6 },
        { band: "6", generation: 6 },
      ] as const),
    ),
    pick: fc.option(fc.nat()),
  })
  .map(({ address, mode, pick }) => {
    const some = channels[mode.band];
    return {
      address,
      ...mode,
      channel: pick === null ? null : (some[pick % some.length] as number),
    };
  });

const wifi = fc
  .record({
    country: fc.constantFrom("DE", "US", "JP"),
    radios: fc.array(radio, { minLength: 1, maxLength: 4 }),
    networks: fc.uniqueArray(
      fc.record({
        ssid: fc
          .string({ minLength: 1, maxLength: 16, unit: "grapheme" })
          .filter(
            (name) => Buffer.byteLength(name) <= 32 && !/\p{Cc}/u.test(name),
          ),
        password: fc.string({
          minLength: 8,
          maxLength: 63,
          unit: "grapheme-ascii",
        }),
        security: fc.constantFrom(...(["wpa3", "wpa2-wpa3", "wpa2"] as const)),
        lan: fc.constant("home"),
      }),
      { minLength: 1, maxLength: 4, selector: ({ ssid }) => ssid },
    ),
  })
  .filter(
    ({ radios, networks }) =>
      networks.some(({ security }) => security !== "wpa2") ||
      radios.every(({ band }) => band !== "6"),
  )
  .map(({ radios, ...rest }) => ({
    ...rest,
    radios: radios.map((one, index) => ({ ...one, name: `wlan${index}` })),
  }));

const network: fc.Arbitrary<Network> = fc
  .uniqueArray(fc.integer({ min: 1, max: 4094 }), {
    minLength: 1,
    maxLength: 8,
  })
  .chain((vlans) =>
    fc.record({
      version: fc.constant(1 as const),
      wan,
      lans: fc.tuple(...vlans.map((vlan, index) => lan(index, vlan))),
      dns: fc.record({
        upstream,
        dnssec: fc.constantFrom("where-offered" as const, "always" as const),
        names: fc.uniqueArray(
          fc.record({
            name: hostName.map((name) => `n-${name}`),
            address: fc.constant("192.168.1.9"),
          }),
          { maxLength: 5, selector: ({ name }) => name },
        ),
        blocked: fc.array(domainName, { maxLength: 20 }),
        lists: fc.uniqueArray(
          fc.record({
            name: label,
            url: domainName.map((host) => `https://${host}/list?a="b"&c='d'`),
          }),
          { maxLength: 8, selector: ({ url }) => url },
        ),
        allowed: fc.array(domainName, { maxLength: 20 }),
      }),
      forwards: fc.uniqueArray(
        fc.record({
          name: label,
          protocol,
          port: port.filter((one) => one !== 4471),
          last: fc.integer({ min: 2, max: 253 }),
          toPort: port,
        }),
        { maxLength: 8, selector: (one) => one.port },
      ),
      pinholes: fc.uniqueArray(
        fc.record({
          name: label,
          protocol,
          port,
          host: fc.constantFrom("0:0:0:5", "5054:ff:fe12:3456"),
        }),
        { maxLength: 5, selector: (one) => one.port },
      ),
      upnp: fc.boolean(),
      dynamicName: fc.option(
        fc.record({
          service: fc.constantFrom(
            ...(["duckdns", "freedns", "noip", "dyn", "nsupdate"] as const),
            ...(["dynu", "other"] as const),
          ),
          server: fc.constant("ddns.example"),
          name: domainName,
          user: label,
          password: fc.string({ maxLength: 128, unit: "grapheme-ascii" }),
        }),
      ),
      vpn: fc.option(
        fc.record({
          port: fc.constant(4471),
          address: fc.constant("172.31.5.1/24"),
          endpoint: domainName,
          phones: fc.uniqueArray(
            fc.record({
              name: label,
              publicKey: fc.constant("").map(() => drawKey().publicKey),
              address: fc
                .integer({ min: 2, max: 254 })
                .map((last) => `172.31.5.${last}`),
            }),
            { maxLength: 5, selector: ({ address }) => address },
          ),
          sites: fc.uniqueArray(
            fc.record({
              name: label,
              publicKey: fc.constant("").map(() => drawKey().publicKey),
              endpoint: fc.option(
                fc.tuple(domainName, port).map((both) => both.join(":")),
              ),
              networks: fc
                .integer({ min: 0, max: 255 })
                .map((third) => [`192.168.${third}.1/24`]),
            }),
            { maxLength: 3, selector: ({ networks }) => networks[0] },
          ),
        }),
      ),
      wifi: fc.option(wifi),
    }),
  )
  .map(({ forwards, ...rest }) => {
    const base = (rest.lans[0] as Lan).address.replace(/\d+\/\d+$/, "");
    return {
      ...rest,
      forwards: forwards.map(({ last, ...one }) => ({
        ...one,
        address: `${base}${last}`,
      })),
    };
  });

test("200 valid networks: the schema and the daemons take each, and it is the same as itself", async (t) => {
  t.timeout(5 * 60_000);
  await fc.assert(
    fc.asyncProperty(network, async (drawn) => {
      // As it comes from a browser: plain objects.
      const document = JSON.parse(JSON.stringify(drawn)) as Network;
      t.true(Check(Network, document), JSON.stringify(document));
      checkNetwork(document);
      const former: FormerAddress[] = document.lans.map(({ id }, index) => ({
        lan: id,
        address: `172.16.${index}.1/24`,
      }));
      const files = renderNetwork(document, former);
      await checkRendered(files);
      // A label is the only free text, and no daemon is told it.
      t.deepEqual(
        [
          ...renderNetwork(
            {
              ...document,
              lans: document.lans.map((one) => ({ ...one, name: "x" })),
            },
            former,
          ),
        ],
        [...files],
      );
      t.deepEqual(changesBetween(document, structuredClone(document)), []);
    }),
    { numRuns: 200, verbose: 2 },
  );
});

function vpn(changed: Partial<Vpn>, phone = "172.31.5.2"): Vpn {
  return {
    port: 51820,
    address: "172.31.5.1/24",
    endpoint: "home.example",
    phones: [{ name: "phone", publicKey: drawKey().publicKey, address: phone }],
    sites: [],
    ...changed,
  };
}

function onAir(damage: (wifi: Wifi) => void): (network: Network) => void {
  return (network) => {
    network.wifi = {
      country: "DE",
      radios: [
        {
          name: "wlan0",
          address: "02:00:00:00:00:00",
          band: "2.4",
          channel: null,
          generation: 6,
        },
      ],
      networks: [
        {
          ssid: "Home",
          password: "birch birch",
          security: "wpa2-wpa3",
          lan: "home",
        },
      ],
    };
    damage(network.wifi);
  };
}

const faults: [field: string, damage: (network: Network) => void][] = [
  ["/lans/0/id", ({ lans }) => Object.assign(lans[0] as Lan, { id: "den" })],
  ["/lans/0/vlan", ({ lans }) => Object.assign(lans[0] as Lan, { vlan: 3 })],
  [
    "/lans/0/guest",
    ({ lans }) => Object.assign(lans[0] as Lan, { guest: true }),
  ],
  [
    "/lans/0/address",
    ({ lans }) =>
      Object.assign(lans[0] as Lan, {
        address: "8.8.8.1/24",
        dhcp: { from: "8.8.8.2", to: "8.8.8.3", minutes: 60 },
      }),
  ],
  [
    "/lans/0/address",
    ({ lans }) =>
      Object.assign(lans[0] as Lan, { address: "192.168.77.255/24" }),
  ],
  [
    "/lans/0/dhcp/from",
    ({ lans }) =>
      Object.assign((lans[0] as Lan).dhcp, { from: "192.168.76.5" }),
  ],
  [
    "/lans/0/dhcp/to",
    ({ lans }) => Object.assign((lans[0] as Lan).dhcp, { to: "192.168.77.9" }),
  ],
  [
    "/lans/0/dhcp/from",
    ({ lans }) =>
      Object.assign(lans[0] as Lan, { address: "192.168.77.150/24" }),
  ],
  [
    "/lans/0/reservations/0/address",
    ({ lans }) =>
      (lans[0] as Lan).reservations.push({
        mac: "52:54:00:00:00:01",
        address: "192.168.77.1",
        name: "tv",
      }),
  ],
  [
    "/lans/0/reservations/1/mac",
    ({ lans }) =>
      (lans[0] as Lan).reservations.push(
        { mac: "52:54:00:00:00:01", address: "192.168.77.5", name: "tv" },
        { mac: "52:54:00:00:00:01", address: "192.168.77.6", name: "radio" },
      ),
  ],
  [
    "/lans/0/reservations/0/name",
    ({ lans }) =>
      (lans[0] as Lan).reservations.push({
        mac: "52:54:00:00:00:01",
        address: "192.168.77.5",
        name: "coppice",
      }),
  ],
  [
    "/lans/1/vlan",
    ({ lans }) =>
      lans.push({ ...structuredClone(lans[0] as Lan), id: "guest" }),
  ],
  [
    "/lans/1/address",
    ({ lans }) =>
      lans.push({ ...structuredClone(lans[0] as Lan), id: "guest", vlan: 9 }),
  ],
  [
    "/wan/ipv4/gateway",
    ({ wan }) => {
      wan.ipv4 = {
        kind: "static",
        address: "93.184.216.34/24",
        gateway: "93.184.217.1",
        dns: ["9.9.9.9"],
      };
    },
  ],
  [
    "/lans/0/address",
    ({ wan }) => {
      wan.ipv4 = {
        kind: "static",
        address: "192.168.77.40/24",
        gateway: "192.168.77.41",
        dns: ["9.9.9.9"],
      };
    },
  ],
  [
    "/dns/upstream/servers/0/address",
    ({ dns }) => {
      dns.upstream = {
        kind: "tls",
        servers: [{ address: "127.0.0.1", name: "dns.example" }],
      };
    },
  ],
  [
    "/dns/names/0/name",
    ({ dns }) => dns.names.push({ name: "coppice", address: "192.168.77.9" }),
  ],
  [
    "/dns/names/1/name",
    ({ dns }) =>
      dns.names.push(
        { name: "nas", address: "192.168.77.9" },
        { name: "nas", address: "192.168.77.8" },
      ),
  ],
  [
    "/forwards/0/port",
    ({ forwards }) =>
      forwards.push({
        name: "x",
        protocol: "tcp",
        port: 4471,
        address: "192.168.77.9",
        toPort: 80,
      }),
  ],
  [
    "/forwards/0/address",
    ({ forwards }) =>
      forwards.push({
        name: "x",
        protocol: "tcp",
        port: 80,
        address: "192.168.77.1",
        toPort: 80,
      }),
  ],
  [
    "/forwards/1/port",
    ({ forwards }) => {
      const one = {
        name: "x",
        port: 80,
        address: "192.168.77.9",
        toPort: 80,
      };
      forwards.push({ ...one, protocol: "both" }, { ...one, protocol: "udp" });
    },
  ],
  [
    "/vpn/address",
    (network) => {
      network.vpn = vpn({ address: "192.168.77.129/25" });
    },
  ],
  [
    "/vpn/port",
    (network) => {
      network.vpn = vpn({ port: 5000 });
      network.forwards.push({
        name: "x",
        protocol: "both",
        port: 5000,
        address: "192.168.77.9",
        toPort: 80,
      });
    },
  ],
  [
    "/vpn/phones/0/address",
    (network) => {
      network.vpn = vpn({}, "172.31.6.2");
    },
  ],
  ...[
    ["192.168.77.1/25"],
    ["10.9.0.1/24", "10.9.0.129/25"],
    ["172.31.5.1/24"],
    ["9.9.9.9/24"],
  ].map((networks): [string, (network: Network) => void] => [
    `/vpn/sites/0/networks/${networks.length - 1}`,
    (network) => {
      const { publicKey } = drawKey();
      const site = { name: "Zoe", publicKey, endpoint: null, networks };
      network.vpn = vpn({ sites: [site] });
    },
  ]),
  [
    "/vpn/sites/0/publicKey",
    (network) => {
      network.vpn = vpn({});
      const { phones, sites } = network.vpn;
      const { publicKey } = phones[0] as Vpn["phones"][number];
      const networks = ["10.9.0.1/24"];
      sites.push({ name: "Zoe", publicKey, endpoint: null, networks });
    },
  ],
  [
    "/dynamicName/server",
    (network) => {
      const [name, server] = ["home.example", null];
      const words = { user: "ada", password: "secret" };
      network.dynamicName = { service: "other", server, name, ...words };
    },
  ],
  [
    "/pinholes/1/port",
    ({ pinholes }) => {
      const one = {
        name: "x",
        protocol: "tcp" as const,
        port: 80,
        host: "0:0:0:5",
      };
      pinholes.push(one, { ...one, name: "y" });
    },
  ],
  [
    "/wifi/radios/0/channel",
    onAir((wifi) => Object.assign(wifi.radios[0] as object, { channel: 14 })),
  ],
  [
    "/wifi/radios/0/generation",
    onAir((wifi) =>
      Object.assign(wifi.radios[0] as object, { band: "6", generation: 5 }),
    ),
  ],
  [
    "/wifi/radios/0/band",
    onAir((wifi) => {
      Object.assign(wifi.radios[0] as object, { band: "6" });
      Object.assign(wifi.networks[0] as object, { security: "wpa2" });
    }),
  ],
  [
    "/wifi/radios/1/name",
    onAir((wifi) => wifi.radios.push(structuredClone(wifi.radios[0] as never))),
  ],
  [
    "/wifi/networks/0/ssid",
    onAir((wifi) =>
      Object.assign(wifi.networks[0] as object, { ssid: "ö".repeat(17) }),
    ),
  ],
  [
    "/wifi/networks/0/lan",
    onAir((wifi) => Object.assign(wifi.networks[0] as object, { lan: "den" })),
  ],
  [
    "/wifi/networks/1/ssid",
    onAir((wifi) =>
      wifi.networks.push(structuredClone(wifi.networks[0] as never)),
    ),
  ],
];
for (const [index, [field, damage]] of faults.entries())
  test(`what does not fit together is refused: ${field} (${index})`, (t) => {
    const document = structuredClone(defaultNetwork);
    damage(document);
    t.true(Check(Network, document), "the schema alone does not see it");
    const error = t.throws(() => checkNetwork(document), {
      instanceOf: NetworkDocumentError,
    });
    t.is(error.field, field);
    t.true(error.message.includes(field));
  });

test("nothing but a network is one: the schema refuses what would be read as another line of a daemon's file", (t) => {
  const hostile = [
    "x\ndhcp-script=/bin/sh",
    "x;reboot",
    '"; flush ruleset; "',
    "x y",
    "../../etc/passwd",
    "x".repeat(300),
    "",
    "-x",
    "X",
    "ä",
  ];
  const damages: ((document: Network, text: string) => void)[] = [
    ({ lans }, text) => Object.assign(lans[0] as Lan, { id: text }),
    ({ lans }, text) => Object.assign(lans[0] as Lan, { address: text }),
    ({ lans }, text) => Object.assign((lans[0] as Lan).dhcp, { from: text }),
    ({ lans }, text) =>
      (lans[0] as Lan).reservations.push({
        mac: text,
        address: "192.168.77.5",
        name: "tv",
      }),
    ({ lans }, text) =>
      (lans[0] as Lan).reservations.push({
        mac: "52:54:00:00:00:01",
        address: "192.168.77.5",
        name: text,
      }),
    ({ dns }, text) => dns.names.push({ name: text, address: "192.168.77.9" }),
    ({ dns }, text) => dns.blocked.push(text),
    ({ dns }, text) => {
      dns.upstream = {
        kind: "tls",
        servers: [{ address: "9.9.9.9", name: text }],
      };
    },
    ({ pinholes }, text) =>
      pinholes.push({ name: "x", protocol: "tcp", port: 1, host: text }),
  ];
  for (const damage of damages)
    for (const text of hostile.slice(0, 7)) {
      const document = structuredClone(defaultNetwork);
      damage(document, text);
      t.false(Check(Network, document), `${damage}: ${text}`);
    }
  for (const endpoint of ["x", "x:0", "x:1\n", "x:1;", ":1", "x:123456"]) {
    const document = structuredClone(defaultNetwork);
    const site = { name: "Zoe", publicKey: drawKey().publicKey, endpoint };
    document.vpn = vpn({ sites: [{ ...site, networks: ["10.9.0.1/24"] }] });
    t.false(Check(Network, document), endpoint);
  }
  for (const text of ["x\nup-script", "", "x".repeat(129), "ä", "\0"])
    for (const key of ["user", "password"]) {
      const document = structuredClone(defaultNetwork);
      document.wan.ipv4 = {
        ...{ kind: "pppoe", user: "ada", password: "secret" },
        [key]: text,
      } as Network["wan"]["ipv4"];
      t.false(Check(Network, document), `${key}: ${text}`);
    }
  for (const text of hostile) {
    const document = structuredClone(defaultNetwork);
    document.dns.names.push({ name: text, address: "192.168.77.9" });
    t.false(Check(Network, document), text);
  }
});

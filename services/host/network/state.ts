/** What is said of the household's network between processes. */
import { type Static, Type } from "typebox";
import { Network, Phone, WifiRadio } from "./document.ts";

/** A change that was kept. */
export const Settled = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  at: Type.Number({ description: "milliseconds since 1970" }),
  who: Type.String({ maxLength: 100 }),
  what: Type.Array(Type.String(), { description: "what it changed" }),
});
export type Settled = Static<typeof Settled>;

/** A document to be put into force for a while. */
export const NewTrial = Type.Object({
  document: Network,
  who: Type.String({ maxLength: 100 }),
  seconds: Type.Integer({ minimum: 30, maximum: 600 }),
});
export type NewTrial = Static<typeof NewTrial>;

/** What confirms a trial, and how many seconds it has. */
export const Trial = Type.Object({
  token: Type.String(),
  remaining: Type.Number({ description: "seconds" }),
});
export type Trial = Static<typeof Trial>;

/** The network as it is set. */
export const NetworkState = Type.Object({
  current: Type.Integer({ description: "id of the last change; 0: none yet" }),
  document: Network,
  former: Type.Array(Type.String(), {
    description: "addresses on which the box answers until old leases are over",
  }),
  trial: Type.Union([
    Type.Object({
      document: Network,
      who: Type.String(),
      token: Type.String({ description: "confirms it" }),
      remaining: Type.Number({ description: "seconds" }),
    }),
    Type.Null(),
  ]),
  history: Type.Array(Settled),
});
export type NetworkState = Static<typeof NetworkState>;

/** A new phone for the way home, and what it takes; its private key is nowhere else. */
export const NewPhone = Type.Object({
  phone: Phone,
  configuration: Type.String({ description: "wg-quick(8)" }),
});
export type NewPhone = Static<typeof NewPhone>;

/** By what a friend's household knows this box. */
export const OwnKey = Type.Object({ publicKey: Phone.properties.publicKey });
export type OwnKey = Static<typeof OwnKey>;

/** A device of the household. */
export const Device = Type.Object({
  mac: Type.String(),
  address: Type.String(),
  name: Type.Union([Type.String(), Type.Null()]),
  lan: Type.String({ description: "id of its network" }),
  here: Type.Boolean({ description: "whether it was heard of just now" }),
  signal: Type.Union([Type.Number(), Type.Null()], {
    description: "dBm, how well its Wi-Fi is heard; null by cable",
  }),
  sent: Type.Integer({
    description: "bytes to the Internet since the rules were loaded",
  }),
  received: Type.Integer({ description: "bytes from the Internet, likewise" }),
  until: Type.Union([Type.Number(), Type.Null()], {
    description: "end of its lease, milliseconds since 1970",
  }),
});
export type Device = Static<typeof Device>;

/** A port that a device opened for itself (UPnP IGD, NAT-PMP or PCP). */
export const Opened = Type.Object({
  protocol: Type.String(),
  port: Type.Integer(),
  address: Type.String(),
  toPort: Type.Integer(),
  words: Type.String({ description: "what the device calls it" }),
});
export type Opened = Static<typeof Opened>;

/** A Wi-Fi adapter that can be an access point. */
export const WifiAdapter = Type.Object({
  proposed: WifiRadio,
  modes: Type.Array(Type.Pick(WifiRadio, ["band", "generation"]), {
    description: "what it can be on which band, at best",
  }),
  channel: Type.Union([Type.Integer(), Type.Null()], {
    description: "that it is on the air on; null where it is not",
  }),
});
export type WifiAdapter = Static<typeof WifiAdapter>;

/** What is known of the household's block lists. */
export const BlockListStates = Type.Array(
  Type.Object({
    url: Type.String(),
    at: Type.Union([Type.Number(), Type.Null()], {
      description: "when it came last, milliseconds since 1970",
    }),
    names: Type.Integer({ description: "that it blocks" }),
    etag: Type.Union([Type.String(), Type.Null()]),
    problem: Type.Union([Type.String(), Type.Null()], {
      description: "why it did not come just now",
    }),
  }),
);
export type BlockListStates = Static<typeof BlockListStates>;

/** A minute of the line to the Internet. */
export const LineMinute = Type.Object({
  at: Type.Number({ description: "its end, milliseconds since 1970" }),
  up: Type.Boolean({ description: "whether there was a way to the Internet" }),
  received: Type.Integer({ description: "bytes" }),
  sent: Type.Integer({ description: "bytes" }),
});
export type LineMinute = Static<typeof LineMinute>;

/** Something that is wrong with the network, and what to do. */
export const Trouble = Type.Object({
  kind: Type.Union([
    Type.Literal("link-lost"),
    Type.Literal("no-address"),
    Type.Literal("address-clash"),
    Type.Literal("double-nat"),
    Type.Literal("dns-dead"),
    Type.Literal("captive-portal"),
    Type.Literal("rogue-dhcp"),
    Type.Literal("wifi-down"),
    Type.Literal("wifi-gone"),
  ]),
  words: Type.String(),
  advice: Type.String(),
});
export type Trouble = Static<typeof Trouble>;

/** The network as it is at the moment. */
export const NetworkNow = Type.Object({
  wan: Type.Object({
    link: Type.Boolean(),
    addresses: Type.Array(Type.String(), {
      description: "with the length of their prefixes",
    }),
    gateway: Type.Union([Type.String(), Type.Null()]),
  }),
  devices: Type.Array(Device),
  opened: Type.Array(Opened),
  adapters: Type.Array(WifiAdapter),
  lists: BlockListStates,
  troubles: Type.Array(Trouble),
});
export type NetworkNow = Static<typeof NetworkNow>;

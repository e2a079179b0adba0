/** What the node tells of its friends, and is told. */
import { type Static, Type } from "typebox";
import { Budget, Conditions } from "./contract.ts";
import { FriendPhase } from "./friend.ts";
import { Limits } from "./shaper.ts";

export { Limits };

const Time = Type.Number({ description: "milliseconds since 1970" });
const Bytes = Type.Number({ description: "bytes" });
const Losses = Type.Integer({
  minimum: 0,
  maximum: 20,
  description:
    "how many boxes may be lost, this one included; 0: only on this box",
});
/** Which boxes are taken for lost together: those in one house, or in one city too. */
export const Apart = Type.Union([
  Type.Literal("household"),
  Type.Literal("city"),
]);
export type Apart = Static<typeof Apart>;
const space = Type.Integer({ minimum: 0, maximum: 2 ** 50 });

/** A contract, in short. */
export const ContractView = Type.Object({
  id: Type.String(),
  version: Type.Integer(),
  space: Bytes,
  price: Conditions.properties.price,
  currency: Conditions.properties.currency,
  bandwidth: Conditions.properties.bandwidth,
  from: Time,
  until: Time,
});

/** A friend, and how it is with their box. */
export const FriendView = Type.Object({
  id: Type.String({ description: "principal of the owner's root key, hex" }),
  node: Type.String({ description: "principal of the box, hex" }),
  peer: Type.String({ description: "libp2p peer id" }),
  name: Type.String(),
  phase: FriendPhase,
  online: Type.Boolean(),
  roundTrip: Type.Union([Type.Number(), Type.Null()], {
    description: "milliseconds",
  }),
  relayed: Type.Boolean({
    description: "reached through another friend's box",
  }),
  joined: Time,
  seen: Time,
  addresses: Type.Array(Type.String()),
  household: Type.String(),
  city: Type.String(),
  attested: Type.Union([
    Type.Object({
      at: Time,
      accepted: Type.Boolean(),
      version: Type.String(),
      reason: Type.String(),
    }),
    Type.Null(),
  ]),
  availability: Type.Number({ description: "share of the time, 0 to 1" }),
  score: Type.Number({ description: "share of audits that passed, 0 to 1" }),
  audits: Type.Object({
    passed: Type.Number(),
    lost: Type.Number(),
    lying: Type.Number(),
    late: Type.Number(),
  }),
  mending: Type.Number({
    description: "fragments that it lost and that are sent again",
  }),
  keepsForMe: Bytes,
  keptForThem: Bytes,
  offer: Bytes,
  wish: Bytes,
  asks: Conditions,
  pays: Budget,
  trouble: Type.String({
    description: "why there is no new contract; empty where all is well",
  }),
  mine: Type.Union([ContractView, Type.Null()]),
  theirs: Type.Union([ContractView, Type.Null()]),
});
export type FriendView = Static<typeof FriendView>;

/** How well a folder is protected. */
export const ProtectionView = Type.Object({
  path: Type.String(),
  losses: Losses,
  survives: Type.Union([Type.Integer(), Type.Null()], {
    description:
      "boxes that can be lost now, this one included; -1: something is lost; null: nothing is in it",
  }),
  bytes: Bytes,
  waiting: Type.Number({
    description: "bytes that are not yet as promised",
  }),
});
export type ProtectionView = Static<typeof ProtectionView>;

/** A finding about a friend's box, or, as a friend tells, about this one. */
export const FindingView = Type.Object({
  friend: Type.String(),
  name: Type.String(),
  kind: Type.Union([
    Type.Literal("unreachable"),
    Type.Literal("late"),
    Type.Literal("lost"),
    Type.Literal("lying"),
  ]),
  at: Time,
  evidence: Type.String(),
  ours: Type.Boolean(),
});

/** An invitation that was not used yet. */
export const InvitationView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  expires: Time,
});

/** The box among its friends. */
export const FriendsState = Type.Object({
  me: Type.Object({
    id: Type.String(),
    name: Type.String(),
    peer: Type.String(),
    addresses: Type.Array(Type.String()),
    reachable: Type.Boolean({
      description: "whether the box knows an address at which others reach it",
    }),
  }),
  behind: Type.Boolean({
    description:
      "whether friends keep another or a newer tree than this box has: bring it back before anything else",
  }),
  friends: Type.Array(FriendView),
  invitations: Type.Array(InvitationView),
  findings: Type.Array(FindingView),
  protection: Type.Array(ProtectionView),
  progress: Type.Object({
    current: Type.Boolean({
      description: "whether all was looked through since something changed",
    }),
    done: Type.Integer(),
    total: Type.Integer({ description: "segments of the present pass" }),
    sent: Bytes,
    left: Type.Union([Type.Number(), Type.Null()], {
      description: "seconds until the present pass is done",
    }),
  }),
  limits: Limits,
  apart: Apart,
  line: Type.Object({
    sent: Bytes,
    asked: Bytes,
    share: Type.Number({
      description: "of the limit, that the line leaves at present",
    }),
  }),
});
export type FriendsState = Static<typeof FriendsState>;

/** An invitation to be made. */
export const InvitationTerms = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64 }),
  offer: space,
  wish: space,
});
export type InvitationTerms = Static<typeof InvitationTerms>;

/** An invitation as it is handed on: told this once. */
export const NewInvitation = Type.Object({
  id: Type.String(),
  words: Type.Union([Type.String(), Type.Null()], {
    description: "for the telephone; none where no address is known",
  }),
  text: Type.String({ description: "for a QR code, or to be sent" }),
  expires: Time,
});
export type NewInvitation = Static<typeof NewInvitation>;

/** An invitation that somebody was given. */
export const Joining = Type.Object({
  invitation: Type.String({ minLength: 1, maxLength: 4096 }),
  offer: space,
  wish: space,
});
export type Joining = Static<typeof Joining>;

/** What the owner changes about a friend. */
export const FriendChange = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  offer: Type.Optional(space),
  wish: Type.Optional(space),
  household: Type.Optional(Type.String({ maxLength: 64 })),
  city: Type.Optional(Type.String({ maxLength: 64 })),
  asks: Type.Optional(Conditions),
  pays: Type.Optional(Budget),
  phase: Type.Optional(
    Type.Union([
      Type.Literal("active"),
      Type.Literal("leaving"),
      Type.Literal("lost"),
    ]),
  ),
});
export type FriendChange = Static<typeof FriendChange>;

/** A promise for a folder; none takes its own away. */
export const FolderPromise = Type.Object({
  path: Type.String({ pattern: "^/", maxLength: 4096 }),
  losses: Type.Union([Losses, Type.Null()]),
});

/** What friends may have of the line, how they see this box, and what is lost together. */
export const FriendSettings = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64 }),
  limits: Limits,
  apart: Apart,
});
export type FriendSettings = Static<typeof FriendSettings>;

/** What an audit found. */
export const AuditResult = Type.Object({
  leaves: Type.Integer(),
  passed: Type.Integer(),
  verdicts: Type.Array(
    Type.Object({ outcome: Type.String(), evidence: Type.String() }),
  ),
});
export type AuditResult = Static<typeof AuditResult>;

/** Contracts with a friend, COSE_Sign in base64: what they keep, what is kept for them, and what ended. */
export const ContractExport = Type.Object({
  mine: Type.Union([Type.String(), Type.Null()]),
  theirs: Type.Union([Type.String(), Type.Null()]),
  ended: Type.Array(
    Type.Object({
      contract: Type.String(),
      ending: Type.Union([Type.String(), Type.Null()]),
      at: Time,
    }),
  ),
});
export type ContractExport = Static<typeof ContractExport>;

const Milliseconds = Type.Union([Type.Number(), Type.Null()]);
const BytesPerSecond = Type.Integer({ description: "bytes a second" });

/** How fast the line was, by the friends' boxes that helped to fill it. */
export const Speed = Type.Object({
  at: Time,
  down: BytesPerSecond,
  up: BytesPerSecond,
  idle: Milliseconds,
  full: Milliseconds,
  friends: Type.Array(
    Type.Object({
      name: Type.String(),
      down: BytesPerSecond,
      up: BytesPerSecond,
      problem: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
});
export type Speed = Static<typeof Speed>;

/** What friends brought back. */
export const Recovery = Type.Object({
  friends: Type.Array(
    Type.Object({
      name: Type.String(),
      fragments: Type.Integer(),
      commits: Type.Integer(),
    }),
  ),
  files: Type.Integer(),
  bytes: Bytes,
});
export type Recovery = Static<typeof Recovery>;

/** What the box tells its owner without being asked, and how. */
import { type Static, Type } from "typebox";
import { HookAddress, MailServer } from "../../node/client.ts";

/** What can be told of; each can be silenced. */
export const NoticeKind = Type.Enum([
  "disk-failing",
  "disk-missing",
  "space-low",
  "files-damaged",
  "line-down",
  "home-network",
  "friend-away",
  "friend-lost",
  "audit-failed",
  "promise-broken",
  "files-behind",
  "service-silent",
  "guessing",
  "update-ready",
  "update-failed",
  "update-done",
] as const);
export type NoticeKind = Static<typeof NoticeKind>;

/** Something that was wrong for long enough to be told of, or that happened. */
export const Notice = Type.Object({
  id: Type.String(),
  kind: NoticeKind,
  subject: Type.String({ description: "what it is about, for programs" }),
  tone: Type.Enum(["trouble", "news"] as const),
  words: Type.String(),
  advice: Type.String({ description: "what to do; empty where nothing is" }),
  page: Type.String({ description: "where in these pages more is said" }),
  since: Type.Number({ description: "milliseconds since 1970" }),
  until: Type.Union([Type.Number(), Type.Null()], {
    description: "when it was over; null where it is not",
  }),
  times: Type.Integer({
    description: "how often it came back before long",
  }),
  seen: Type.Boolean({ description: "whether the owner has seen it" }),
});
export type Notice = Static<typeof Notice>;

/** How the owner is told. A password or secret that is null stays as it was, where the rest does. */
export const NoticeSettings = Type.Object({
  mail: Type.Union([MailServer, Type.Null()]),
  hook: Type.Union([HookAddress, Type.Null()]),
  silenced: Type.Array(NoticeKind, {
    maxItems: 100,
    description: "kinds that are only listed",
  }),
});
export type NoticeSettings = Static<typeof NoticeSettings>;

/** A way by which the owner is told. */
export const Channel = Type.Enum(["mail", "hook"] as const);
export type Channel = Static<typeof Channel>;

/** How it goes with a way. */
export const ChannelState = Type.Object({
  waiting: Type.Integer({ description: "messages that are yet to be sent" }),
  sent: Type.Union([Type.Number(), Type.Null()], {
    description: "when one went out last, milliseconds since 1970",
  }),
  problem: Type.Union([Type.String(), Type.Null()], {
    description: "why the last one did not",
  }),
});
export type ChannelState = Static<typeof ChannelState>;

/** All that is told and how; passwords and secrets are left out. */
export const NoticesState = Type.Object({
  notices: Type.Array(Notice, { description: "the newest first" }),
  unseen: Type.Integer({
    description: "that the owner has not seen and did not silence",
  }),
  settings: NoticeSettings,
  channels: Type.Record(Channel, ChannelState),
});
export type NoticesState = Static<typeof NoticesState>;

import { type Static, Type } from "typebox";

const origin = {
  address: Type.String({ description: "IP address" }),
  agent: Type.String({ description: "what the browser says that it is" }),
};

/** Something that somebody did to the box. */
export const Act = Type.Object({
  at: Type.Integer({ description: "milliseconds since 1970" }),
  who: Type.Union([Type.String(), Type.Null()], {
    description: "whose name it was done in; null where nobody was let in",
  }),
  by: Type.Union([
    Type.Object({ kind: Type.Literal("browser"), ...origin }),
    Type.Object({ kind: Type.Literal("token"), name: Type.String() }),
    Type.Object(
      { kind: Type.Literal("box") },
      { description: "the coppice command, by root on the box itself" },
    ),
  ]),
  act: Type.String({ description: "such as: made an API token" }),
  about: Type.Optional(Type.String({ description: "what it was done to" })),
  refused: Type.Optional(
    Type.Literal(true, { description: "it was tried, and not allowed" }),
  ),
});
export type Act = Static<typeof Act>;

/** Which acts are asked for. */
export const ActivityQuestion = Type.Object({
  count: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 200, description: "100 without" }),
  ),
  before: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "those earlier than this, in milliseconds since 1970",
    }),
  ),
  search: Type.Optional(
    Type.String({ maxLength: 200, description: "words that are in them" }),
  ),
});
export type ActivityQuestion = Static<typeof ActivityQuestion>;

/** Acts, newest first. */
export const ActivityPart = Type.Object({
  acts: Type.Array(Act),
  more: Type.Boolean({ description: "whether there are earlier ones" }),
});
export type ActivityPart = Static<typeof ActivityPart>;

/** What the node says of the line to the Internet. */
import { type Static, Type } from "typebox";

/** Whether something on the way wants a sign-in before it lets anything through (RFC 8952). */
export const Portal = Type.Object({
  portal: Type.Union([Type.String(), Type.Null()], {
    description: "where to sign in",
  }),
});
export type Portal = Static<typeof Portal>;

/** A question about a name or an address. */
export const Look = Type.Object({
  tool: Type.Union([
    Type.Literal("ping"),
    Type.Literal("path"),
    Type.Literal("names"),
  ]),
  target: Type.String({
    pattern: "^[A-Za-z0-9:_][A-Za-z0-9._:-]{0,252}$",
    description: "name or address",
  }),
});
export type Look = Static<typeof Look>;

const Milliseconds = Type.Number({
  description: "milliseconds there and back",
});

/** What was found. */
export const Found = Type.Union([
  Type.Object({
    tool: Type.Literal("ping"),
    address: Type.Union([Type.String(), Type.Null()]),
    sent: Type.Integer(),
    answers: Type.Array(Milliseconds),
  }),
  Type.Object({
    tool: Type.Literal("path"),
    hops: Type.Array(
      Type.Object({
        address: Type.Union([Type.String(), Type.Null()], {
          description: "null: this one does not answer",
        }),
        time: Type.Union([Milliseconds, Type.Null()]),
      }),
    ),
  }),
  Type.Object({
    tool: Type.Literal("names"),
    records: Type.Array(
      Type.Object({ type: Type.String(), value: Type.String() }),
    ),
  }),
]);
export type Found = Static<typeof Found>;

/** What the node says of the line to the Internet. */
import { type Static, Type } from "typebox";
import { BadRequestError } from "../../shared/errors.ts";

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

const MailAddress = Type.String({
  maxLength: 254,
  pattern: '^[^\\s<>",;:@]{1,64}@[A-Za-z0-9.-]{1,189}$',
  description: "as name@example.org",
});

/** Where a server is, and as whom the box is known there. */
const account = {
  host: Type.String({
    pattern: "^[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}$",
    description: "name or address",
  }),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
  user: Type.Union([
    Type.String({ minLength: 1, maxLength: 254 }),
    Type.Null(),
  ]),
  password: Type.Union([
    Type.String({ minLength: 1, maxLength: 1024 }),
    Type.Null(),
  ]),
};

type Account = Pick<MailServer, keyof typeof account>;

/** Whether it is the same server and the same user there, whose password may stay as it was. */
export function isSameAccount(
  one: Account | null,
  other: Account | null,
): boolean {
  return (
    one?.host === other?.host &&
    one?.port === other?.port &&
    one?.user === other?.user
  );
}

/** A server that takes e-mail (RFC 6409), from whom and for whom. */
export const MailServer = Type.Object({
  ...account,
  security: Type.Enum(["tls", "starttls", "none"] as const, {
    description:
      "tls: from the first byte (RFC 8314); starttls: asked for before anything else; none: for a server at home that asks for no password",
  }),
  from: MailAddress,
  to: MailAddress,
});
export type MailServer = Static<typeof MailServer>;

/** A program that hears of something by HTTP POST. */
export const HookAddress = Type.Object({
  url: Type.String({
    maxLength: 2048,
    pattern: "^https?://[^\\s@/]+(/\\S*)?$",
  }),
  secret: Type.Union(
    [Type.String({ minLength: 1, maxLength: 256 }), Type.Null()],
    {
      description:
        "with which the header x-coppice-signature is made: sha256= and the HMAC-SHA-256 of the body, hex",
    },
  ),
});
export type HookAddress = Static<typeof HookAddress>;

/** Of a program that nobody could call. */
export function badAddress(): BadRequestError {
  return new BadRequestError(
    "This is no address of a program. It looks like https://example.org/hook.",
    "bad-address",
  );
}

/** A broker of messages (MQTT 3.1.1), as smart homes have it. */
export const Broker = Type.Object({
  ...account,
  tls: Type.Boolean({
    description:
      "whether it is spoken to with encryption; without, a password goes to an address at home only",
  }),
});
export type Broker = Static<typeof Broker>;

/** A message for whoever listens to its topic. */
export const BrokerMessage = Type.Object({
  topic: Type.String({
    minLength: 1,
    maxLength: 256,
    pattern: "^[^+#\\u0000]*$",
  }),
  text: Type.String({ maxLength: 65536 }),
  kept: Type.Boolean({
    description:
      "whether the broker keeps it for who comes later; an empty one takes the one before away",
  }),
});
export type BrokerMessage = Static<typeof BrokerMessage>;

/** Messages for a broker. */
export const Publication = Type.Object({
  broker: Broker,
  messages: Type.Array(BrokerMessage, { maxItems: 16 }),
});
export type Publication = Static<typeof Publication>;

/** A computer to be woken. */
export const Waking = Type.Object({
  mac: Type.String({
    pattern: "^[0-9a-f]{2}(:[0-9a-f]{2}){5}$",
    description: "hardware address, in small letters",
  }),
  networks: Type.Array(
    Type.String({ pattern: "^[0-9]+(\\.[0-9]+){3}/[0-9]+$" }),
    {
      maxItems: 32,
      description:
        "the box's addresses where it may be, such as 192.168.77.1/24",
    },
  ),
});
export type Waking = Static<typeof Waking>;

/** An e-mail to send. */
export const Mail = Type.Object({
  server: MailServer,
  subject: Type.String({ maxLength: 300 }),
  text: Type.String({ maxLength: 65536 }),
});
export type Mail = Static<typeof Mail>;

/** A document for a program. */
export const HookCall = Type.Object({
  address: HookAddress,
  body: Type.String({ maxLength: 65536, description: "JSON" }),
});
export type HookCall = Static<typeof HookCall>;

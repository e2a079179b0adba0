import { SerializerSelector } from "@fastify/fast-json-stringify-compiler";
import test from "ava";
import { type TSchema, Type } from "typebox";
import { withoutChoices } from "../../../services/shared/answers.ts";

const compile = SerializerSelector()({}, {});

/** What a route answers whose schema is this one. */
function answer(schema: unknown, value: unknown): unknown {
  const route = { schema, method: "GET", url: "/", httpStatus: "200" };
  return JSON.parse(compile(route as Parameters<typeof compile>[0])(value));
}

const Dhcp = Type.Object({ kind: Type.Literal("dhcp") });
const Fixed = Type.Object({
  kind: Type.Literal("static"),
  address: Type.String(),
  gateway: Type.Union([Type.Null(), Type.String()]),
});
const Dialled = Type.Object({
  kind: Type.Literal("pppoe"),
  address: Type.Union([Type.Literal("own"), Type.Null()]),
  tag: Type.Optional(Type.Integer()),
  gateway: Type.Optional(Type.Object({ at: Type.String() })),
});
const Way = Type.Union([Dhcp, Fixed, Dialled]);
const Open = Type.Object({ a: Type.String() }, { additionalProperties: true });

/** Schemas, whether a validator is needed for them still, and values. */
const cases: [string, TSchema, boolean, unknown[]][] = [
  [
    "texts",
    Type.Union([Type.Literal("up"), Type.Literal('"down"')]),
    false,
    ["up", '"down"'],
  ],
  [
    "a text, a number, an object, a list, or null",
    Type.Object({
      text: Type.Union([Type.Literal("a"), Type.Literal("b"), Type.Null()]),
      one: Type.Union([Type.Null(), Type.Literal("only")]),
      number: Type.Union([Type.Number(), Type.Null()]),
      object: Type.Union([Type.Object({ x: Type.Boolean() }), Type.Null()]),
      list: Type.Union([Type.Array(Type.Union([Dhcp, Fixed])), Type.Null()]),
      absent: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
    }),
    false,
    [
      { text: null, one: null, number: null, object: null, list: null },
      {
        text: "b",
        one: "only",
        number: 0.5,
        object: { x: false },
        list: [
          { kind: "dhcp" },
          { kind: "static", address: "", gateway: null },
        ],
        absent: null,
      },
    ],
  ],
  [
    "objects, one of whose properties has two shapes",
    Way,
    true,
    [
      { kind: "dhcp" },
      { kind: "static", address: "a", gateway: null },
      { kind: "static", address: "a", gateway: "b" },
      { kind: "pppoe", address: null, tag: 7, gateway: { at: "c" } },
      { kind: "pppoe", address: "own" },
    ],
  ],
  [
    "two objects or nothing, of which one has a property that the other may leave empty",
    Type.Union([Type.Omit(Dialled, ["gateway"]), Fixed, Type.Null()]),
    false,
    [
      null,
      { kind: "static", address: "a", gateway: null },
      { kind: "pppoe", address: null, tag: 7 },
    ],
  ],
  [
    "a text or a number",
    Type.Union([Type.String(), Type.Number()]),
    true,
    ["a", 1],
  ],
  [
    "objects with what nobody knows",
    Type.Union([Open, Dhcp]),
    true,
    [{ a: "b", c: [1] }],
  ],
];

for (const [name, schema, choices, values] of cases)
  test(`${name}: the same is answered without choices`, (t) => {
    const plain = withoutChoices(schema);
    t.is(JSON.stringify(plain).includes("anyOf"), choices);
    for (const value of values) {
      t.deepEqual(answer(plain, value), value);
      t.deepEqual(answer(schema, value), value);
    }
  });

test("what no choice has is not answered", (t) => {
  const schema = Type.Union([Dhcp, Fixed]);
  t.deepEqual(
    answer(withoutChoices(schema), { kind: "dhcp", password: "secret" }),
    { kind: "dhcp" },
  );
});

/** Requests as the OpenAPI document has them, and as it has not: COPPICE_FUZZ says how many, for whoever has an hour. */
import test from "ava";
import fc from "fast-check";
import { startServices } from "../../services.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
const count = Number(process.env.COPPICE_FUZZ ?? 1000);
/** What is answered with 5xx where somebody else is silent, whom the request names. */
const silence = ["unreachable", "not-delivered"];
/** Requests that are under way at once. */
const atOnce = 8;

/** A schema of JSON (draft 2020-12), as far as the document uses it. */
interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  patternProperties?: Record<string, Schema>;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
}

interface Operation {
  parameters?: {
    name: string;
    in: string;
    schema: Schema;
    required?: boolean;
  }[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
}

/** What fits a schema, more or less: lengths stay small, and what it does not say is anything. */
function fitting(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  if (depth > 6) return fc.constant(null);
  const of = (one: Schema): fc.Arbitrary<unknown> => fitting(one, depth + 1);
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map(of));
  if (schema.allOf)
    return fc
      .tuple(...schema.allOf.map(of))
      .map((parts) => Object.assign({}, ...(parts as object[])));
  switch (schema.type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number": {
      const { minimum: min = -(2 ** 31), maximum: max = 2 ** 31 } = schema;
      return schema.type === "integer"
        ? fc.integer({ min, max: Math.max(min, max) })
        : fc.double({ min, max: Math.max(min, max), noNaN: true });
    }
    case "string":
      return stringOf(schema);
    case "array": {
      const { minItems: minLength = 0, maxItems = 3, items = {} } = schema;
      const maxLength = Math.max(minLength, Math.min(maxItems, 3));
      return fc.array(of(items), { minLength, maxLength });
    }
    case "object": {
      const { properties = {}, required = [] } = schema;
      const fields = Object.fromEntries(
        Object.entries(properties).map(([name, one]) => [name, of(one)]),
      );
      return fc.record(fields, {
        requiredKeys: required.filter((name) => name in fields),
      });
    }
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function stringOf(schema: Schema): fc.Arbitrary<string> {
  if (schema.format === "uuid") return fc.uuid();
  if (schema.pattern !== undefined) {
    try {
      return fc.stringMatching(new RegExp(schema.pattern, "u"));
    } catch {
      // Not all that a pattern may say is known how to make.
    }
  }
  const { minLength = 0, maxLength = 40 } = schema;
  return fc.string({
    unit: "grapheme",
    minLength: Math.min(minLength, 40),
    maxLength: Math.max(Math.min(minLength, 40), Math.min(maxLength, 40)),
  });
}

test(`${count} requests from the OpenAPI document are answered with less than 500`, async (t) => {
  t.timeout(4 * 3600_000);
  await using box = await startServices({}, t);
  const { client } = box;
  await client.claim(box.code, "birch", owner);
  await client.canSpeak();
  const { paths } = (await client.ok("GET", "/api/openapi.json")) as {
    paths: Record<string, Record<string, Operation>>;
  };
  // Those that would end what is asked, that never end themselves, or that start and end Samba each time.
  const routes = Object.entries(paths)
    .filter(
      ([path]) =>
        !/events|watch|power|session|terminal|doors\/drive/.test(path),
    )
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) =>
          [method.toUpperCase(), path, operation] as const,
      ),
    );
  const requests = fc
    .constantFrom(...routes)
    .chain(([method, path, { parameters = [], requestBody }]) => {
      const field = (place: string): fc.Arbitrary<Record<string, unknown>> => {
        const own = parameters.filter((one) => one.in === place);
        return fc.record(
          Object.fromEntries(
            own.map(({ name, schema }) => [name, fitting(schema)]),
          ),
          {
            requiredKeys: own
              .filter(({ required }) => required || place === "path")
              .map(({ name }) => name),
          },
        );
      };
      const schema = requestBody?.content["application/json"]?.schema;
      const body: fc.Arbitrary<unknown> = !requestBody
        ? fc.constant(undefined)
        : schema
          ? fc.oneof(
              { weight: 5, arbitrary: fitting(schema) },
              { weight: 1, arbitrary: fc.jsonValue() },
            )
          : fc.uint8Array({ maxLength: 200 }).map((one) => Buffer.from(one));
      return fc.record({
        method: fc.constant(method),
        path: fc.constant(path),
        inPath: field("path"),
        query: field("query"),
        body,
      });
    });
  const told = new Map<number, number>();
  const failures: string[] = [];
  let made = 0;
  let asked = fc.sample(requests, 0);
  // Some at a time: to make all of them takes longer than a connection waits.
  const next = () => {
    if (asked.length === 0 && made < count) {
      asked = fc.sample(requests, Math.min(500, count - made));
      made += asked.length;
    }
    return asked.pop();
  };
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let one = next(); one; one = next()) {
        const { method, path, inPath, query, body } = one;
        const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
          encodeURIComponent(String(inPath[name]).toWellFormed() || "-"),
        );
        const search = new URLSearchParams(
          Object.entries(query).map(([name, value]) => [
            name,
            String(value).toWellFormed(),
          ]),
        );
        const { status, bytes, json } = await client.call(
          method as "GET",
          `${address}?${search}`,
          method === "GET" ? undefined : body,
        );
        told.set(status, (told.get(status) ?? 0) + 1);
        if (status >= 500 && !silence.includes(json?.type))
          failures.push(
            `${method} ${address}?${search} ${JSON.stringify(body)}: ${status} ${bytes.toString().slice(0, 300)}`,
          );
      }
    }),
  );
  t.log(
    [...told]
      .sort(([a], [b]) => a - b)
      .map(([status, times]) => `${status}: ${times}`)
      .join(", "),
  );
  t.deepEqual(failures.slice(0, 10), [], `${failures.length} of ${count}`);
  t.true((told.get(200) ?? 0) > 0);
  t.is((await client.call("GET", "/api/session")).status, 200);
});

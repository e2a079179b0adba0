import { isDeepStrictEqual } from "node:util";

/** What is said of an answer's shape, as JSON Schema. */
type Schema = Readonly<Record<string, unknown>>;

/**
 * Says a schema in words that a serializer needs no validator for: a value or null, one of some texts, one of some objects. For
 * every other union fast-json-stringify has ajv compile each choice when it first answers, 10 to 70 ms of a service's first minute.
 * @returns a schema whose answers say the same; of one of some objects, what none of them has is left out
 */
export function withoutChoices(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutChoices);
  if (typeof schema !== "object" || schema === null) return schema;
  const plain = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === "const" || key === "enum" || key === "default"
        ? value
        : withoutChoices(value),
    ]),
  );
  const { anyOf, ...rest } = plain;
  if (!Array.isArray(anyOf)) return plain;
  const choices = (anyOf as Schema[]).filter(({ type }) => type !== "null");
  const one = oneOf(choices);
  if (one === undefined) return plain;
  const orNull =
    choices.length < anyOf.length ||
    choices.some(({ nullable }) => nullable === true);
  return { ...rest, ...one, ...(orNull ? { nullable: true } : {}) };
}

/** A schema without choices by which each of these values is written as by its own; `undefined` where there is none. */
function oneOf(choices: readonly Schema[]): Schema | undefined {
  const [first] = choices;
  if (first?.type === undefined) return undefined;
  if (choices.every((choice) => isDeepStrictEqual(choice, first))) return first;
  if (choices.every(isText)) return { type: "string" };
  if (!choices.every(isClosed)) return undefined;
  const properties: Record<string, unknown> = {};
  for (const name of new Set(
    choices.flatMap(({ properties }) => Object.keys(properties)),
  )) {
    const said = choices.flatMap(({ properties }) => properties[name] ?? []);
    properties[name] = withoutChoices({ anyOf: said });
  }
  return { type: "object", properties };
}

/** Whether a schema is that of texts. */
function isText({ type, format }: Schema): boolean {
  return type === "string" && format === undefined;
}

/** Whether a schema is that of an object whose properties are all named in it. */
function isClosed(
  schema: Schema,
): schema is Schema & { properties: Record<string, Schema> } {
  return (
    schema.type === "object" &&
    typeof schema.properties === "object" &&
    schema.patternProperties === undefined &&
    !schema.additionalProperties
  );
}

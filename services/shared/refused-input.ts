import { Type } from "typebox";
import { Check } from "typebox/value";

const Refusals = Type.Array(
  Type.Object({
    instancePath: Type.String(),
    schemaPath: Type.String(),
    keyword: Type.String(),
    message: Type.String(),
  }),
  { minItems: 1 },
);

/**
 * Says in words what of an input a schema refuses: the deepest field, and what the schema says that it is.
 * @param refusals as the validator found them. @param schema of the whole input. @returns undefined where nothing better is known than the validator's own words
 */
export function refusedInput(
  refusals: unknown,
  schema: unknown,
): string | undefined {
  if (!Check(Refusals, refusals)) return undefined;
  const deepest = Math.max(
    ...refusals.map(({ instancePath }) => depth(instancePath)),
  );
  for (const { instancePath, schemaPath, keyword, message } of refusals) {
    if (depth(instancePath) < deepest || keyword === "const") continue;
    const description = descriptionAt(schema, schemaPath);
    // A pattern tells people nothing.
    const why = keyword === "pattern" ? "" : ` (${message})`;
    if (description !== undefined)
      return `${instancePath} does not fit: ${description}${why}.`;
  }
  return undefined;
}

function depth(path: string): number {
  return path.split("/").length;
}

/** What the schema says at a path, or at the nearest part above it. */
function descriptionAt(schema: unknown, path: string): string | undefined {
  let node = schema;
  let found: string | undefined;
  for (const name of path.replace(/^#?\/?/, "").split("/")) {
    if (typeof node !== "object" || node === null) break;
    node = (node as Record<string, unknown>)[name];
    const description = (node as { description?: unknown } | undefined)
      ?.description;
    if (typeof description === "string") found = description;
  }
  return found;
}

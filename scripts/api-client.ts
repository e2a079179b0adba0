import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSource } from "oazapfts";
import { repository } from "./builder.ts";

/** Its functions have types for whoever calls them; within them, not each setting of the compiler fits. */
const unchecked =
  "// @ts-nocheck: @oazapfts/runtime is not written for exactOptionalPropertyTypes.";

/** Where programs that speak to a box find it. */
export const apiClientFile = join(repository, "client/coppice.ts");

/** A client in TypeScript for an API, from its description as GET /api/openapi.json gives it. @returns the source. @throws Error where it is no OpenAPI document */
export async function apiClient(document: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "coppice-client-"));
  try {
    const file = join(folder, "openapi.json");
    await writeFile(file, JSON.stringify(document));
    return `${unchecked}\n${await generateSource(file, { optimistic: true })}`;
  } finally {
    await rm(folder, { recursive: true });
  }
}

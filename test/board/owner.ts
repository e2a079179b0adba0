import type { BoxClient } from "../box-client.ts";
import { digest } from "../update-set.ts";

/** Who claims a board. */
export const owner = { name: "Ada", password: "correct horse battery" };

/** Signs in, and resolves when the storage answers: the pages do so a moment earlier. */
export async function signIn(client: BoxClient): Promise<void> {
  await client.ok("POST", "/api/session", owner);
  for await (const { storage } of client.events("/api/status/events"))
    if (storage?.disk) return;
}

/** Names of what is kept. */
export async function names(client: BoxClient): Promise<string[]> {
  const { entries } = (await client.ok("GET", "/api/files")) as {
    entries: { name: string }[];
  };
  return entries.map(({ name }) => name);
}

/** SHA-256 in hex of a file that is kept. */
export async function digestOf(
  client: BoxClient,
  path: string,
): Promise<string> {
  const { bytes } = await client.call("GET", `/api/files/content?path=${path}`);
  return digest(bytes);
}

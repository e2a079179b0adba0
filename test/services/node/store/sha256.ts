import { createHash } from "node:crypto";
import type { StoreHere } from "../../../../services/node/store/here.ts";
import { NoBlockError } from "../../../../services/node/store/segment.ts";

/** The SHA-256 of an object, hex, or that there is none. */
export async function sha256(
  here: StoreHere,
  id: string,
): Promise<string | NoBlockError> {
  try {
    const hash = createHash("sha256");
    const { bytes } = await here.objects.get(id, new AbortController().signal);
    for await (const part of bytes) hash.update(part);
    return hash.digest("hex");
  } catch (error) {
    if (error instanceof NoBlockError) return error;
    throw error;
  }
}

/** What a verifier accepts: the policy, and the keys it trusts. */
import {
  createPublicKey,
  type KeyObject,
  type X509Certificate,
} from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../shared/errors.ts";
import { principalOf } from "../../shared/principal.ts";
import { readRoots } from "./ek-certificate.ts";
import type { AcceptancePolicy } from "./policy.ts";

/** Whom a verifier trusts. */
export interface Trust {
  policy: AcceptancePolicy;
  /** TPM makers' root certificates. */
  roots: readonly X509Certificate[];
  /** Keys that may sign reference values. */
  signers: readonly KeyObject[];
}

/** Reads makers' roots and signers of images (PEM public keys) from folders. */
export async function readTrust(
  policy: AcceptancePolicy,
  rootFolders: readonly string[],
  signerFolders: readonly string[],
): Promise<Trust> {
  const roots = await Promise.all(rootFolders.map(readRoots));
  const signers = await Promise.all(signerFolders.map(readSigners));
  return { policy, roots: roots.flat(), signers: signers.flat() };
}

async function readSigners(folder: string): Promise<KeyObject[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  const keys = await Promise.all(
    names
      .filter((name) => name.endsWith(".pem"))
      .sort()
      .map(async (name) => createPublicKey(await readFile(join(folder, name)))),
  );
  return [
    ...new Map(
      keys.map((key) => [principalOf(key).toString("hex"), key]),
    ).values(),
  ];
}

/** What a verifier accepts: the policy, and the keys it trusts. */
import type { KeyObject, X509Certificate } from "node:crypto";
import { readSigners } from "../../shared/image.ts";
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

/** The least security version that this box takes: kept where no disk that is put back, and no power cut, can lower it. */
import { largestSecurityVersion } from "../shared/update.ts";
import { TpmError } from "./tpm/errors.ts";
import type { Tpm } from "./tpm/tpm.ts";

/** In the owner's range (TCG Registry of Reserved TPM 2.0 Handles). */
const index = 0x0180c0bb;

/** TPM_RC_NV_UNINITIALIZED. */
const uninitialised = 0x14a;

/** As many bits as are set, from the lowest on; 0 on a new box. @throws TpmError */
export async function securityFloor(tpm: Tpm): Promise<number> {
  const bytes = await tpm.facts.readNv(index).catch((error: unknown) => {
    // Made, and a power cut before the first bit was set.
    if (error instanceof TpmError && (error.code & 0xfff) === uninitialised)
      return undefined;
    throw error;
  });
  return bytes
    ? bytes.readBigUInt64BE().toString(2).replace(/0/g, "").length
    : 0;
}

/** Raises it; what is lower than it is already changes nothing. @throws TpmError */
export async function raiseSecurityFloor(
  tpm: Tpm,
  securityVersion: number,
): Promise<number> {
  const floor = await securityFloor(tpm);
  const wanted = Math.min(securityVersion, largestSecurityVersion);
  if (wanted > floor) await tpm.setBits(index, 2 ** wanted - 1);
  return Math.max(wanted, floor);
}

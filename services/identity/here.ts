import { imageAnchors } from "../shared/image.ts";
import { BootSources } from "./boot-sources.ts";
import type { HereOptions } from "./client.ts";
import { NodeIdentity } from "./node-identity.ts";
import { Tpm } from "./tpm/tpm.ts";

/** Opens an identity in this process; closing it closes the TPM. @throws TpmError */
export async function openHere({
  tcti,
  folder,
}: HereOptions): Promise<NodeIdentity> {
  // The library would print what we report in our own words.
  process.env.TSS2_LOG ??= "all+NONE";
  const tpm = await Tpm.open(tcti);
  try {
    const identity = await NodeIdentity.open({
      tpm,
      folder,
      // A software TPM knows nothing of how this machine booted.
      boot: tcti.startsWith("device")
        ? await BootSources.system()
        : BootSources.none(),
      shipped: imageAnchors,
    });
    identity.closeWith(tpm);
    return identity;
  } catch (error) {
    await tpm[Symbol.asyncDispose]();
    throw error;
  }
}

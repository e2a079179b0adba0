import { createHash, type KeyObject } from "node:crypto";
import { WrongImageError } from "./errors.ts";
import { type Esys, fixedHandle } from "./esys.ts";
import type { TpmFacts } from "./facts.ts";
import {
  type PolicyStep,
  pcrPolicy,
  rsassaSignature,
  type SignedPcrPolicy,
} from "./policy.ts";
import { externalRsaPublic, nameOf, readPublic } from "./public-area.ts";
import { algorithm, pcrSelection, sized } from "./wire.ts";

/** How a sealed secret is opened; both where both are given. */
export interface Opening {
  /** Password, stretched by the caller: the TPM does not. */
  password?: Uint8Array;
  /** Signed PCR policies of the running system. */
  signedPcrs?: {
    key: KeyObject;
    policies: readonly SignedPcrPolicy[];
  };
}

/** The policy of what opens so. */
export function stepsOf({ signedPcrs, password }: Opening): PolicyStep[] {
  return [
    ...(signedPcrs
      ? [{ kind: "signed-pcrs", key: signedPcrs.key } as const]
      : []),
    ...(password ? [{ kind: "password" } as const] : []),
  ];
}

/** Makes the assertions of an opening's policy in a policy session. @throws WrongImageError, TpmError */
export async function assertOpening(
  esys: Esys,
  facts: TpmFacts,
  policy: number,
  opening: Opening,
): Promise<void> {
  const { signedPcrs } = opening;
  if (signedPcrs) {
    const { key, policies } = signedPcrs;
    const pcrs = new Set(policies.flatMap((signed) => signed.pcrs));
    const values = await facts.pcrValues([...pcrs], algorithm.sha256);
    const signed = policies.find((candidate) =>
      pcrPolicy(
        new Map(candidate.pcrs.map((pcr) => [pcr, values.get(pcr) as Buffer])),
      ).equals(candidate.policy),
    );
    if (!signed)
      throw new WrongImageError("open a sealed secret", 0x99d, {
        status: 409,
        type: "wrong-image",
        advice:
          "what was started is not what the key that this secret trusts has signed; start a signed system",
      });
    const { handle } = await esys.command(
      "take the key of PCR policies",
      "LoadExternal",
      { inputs: [null, externalRsaPublic(key), fixedHandle.owner] },
    );
    let ticket: Buffer;
    try {
      const { outputs } = await esys.command(
        "check a PCR policy's signature",
        "VerifySignature",
        {
          handles: [handle],
          inputs: [
            sized(createHash("sha256").update(signed.policy).digest()),
            rsassaSignature(signed.signature),
          ],
        },
      );
      ticket = outputs[0] as Buffer;
    } finally {
      await esys.flush(handle);
    }
    await esys.command("compare PCR values", "PolicyPCR", {
      handles: [policy],
      inputs: [sized(), pcrSelection(signed.pcrs)],
    });
    await esys.command("accept a signed policy", "PolicyAuthorize", {
      handles: [policy],
      inputs: [
        sized(signed.policy),
        sized(),
        sized(nameOf(readPublic(externalRsaPublic(key)))),
        ticket,
      ],
    });
  }
  if (opening.password)
    await esys.command("ask for a password", "PolicyAuthValue", {
      handles: [policy],
    });
}

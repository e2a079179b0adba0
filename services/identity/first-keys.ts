import { randomBytes } from "node:crypto";
import { issueCertificate } from "./attest/device-certificate.ts";
import type { BootSources } from "./boot-sources.ts";
import { createPeerKey } from "./peer-key.ts";
import { type IdentityRecord, loadObject, storeObject } from "./record.ts";
import type { Endorsement } from "./tpm/endorsement.ts";
import { nameOf, readPublic } from "./tpm/public-area.ts";
import { attestationKey, encryptionKey, signingKey } from "./tpm/templates.ts";
import type { Tpm } from "./tpm/tpm.ts";
import { pcrSelection } from "./tpm/wire.ts";
import { TpmSigner } from "./tpm-signer.ts";

/** How a vault is opened. */
export interface VaultOptions {
  tpm: Tpm;
  /** Folder of the record. */
  folder: string;
  boot: BootSources;
  /** Seconds since 1970. */
  now: () => number;
}

/** Makes the keys of a new identity. @param owner principal of the root key, hex. @throws TpmError */
export async function createRecord(
  options: VaultOptions,
  endorsement: Endorsement,
  owner: string | null,
  links: string[],
): Promise<IdentityRecord> {
  const { tpm, boot, now } = options;
  // The fastest that this TPM makes, whatever its endorsement key is.
  const [own = endorsement.kind] = await tpm.facts.keyKinds();
  const record = {
    endorsement: nameOf(readPublic(endorsement.publicArea)).toString("hex"),
    keys: {
      attestation: storeObject(await tpm.createKey(attestationKey(own))),
      node: storeObject(await tpm.createKey(signingKey(own))),
      encryption: storeObject(await tpm.createKey(encryptionKey(own))),
    },
    peer: await createPeerKey(tpm, "sealed", await boot.policies()),
    certificate: "",
    links,
    revocations: [],
    owner,
    created: now() * 1000,
  };
  return { ...record, certificate: await certify(options, record) };
}

/** A device certificate for what `record` holds. */
export async function certify(
  { tpm, now }: VaultOptions,
  record: IdentityRecord,
): Promise<string> {
  const { attest } = await tpm.quote(
    loadObject(record.keys.attestation),
    randomBytes(32),
    pcrSelection([0, 4, 7, 11]),
  );
  const certificate = await issueCertificate(
    new TpmSigner(tpm, loadObject(record.keys.node)),
    {
      peer: Buffer.from(record.peer.publicKey, "base64"),
      boot: await tpm.facts.resetCount(),
      quote: attest,
      now: now(),
    },
  );
  return certificate.toString("base64");
}

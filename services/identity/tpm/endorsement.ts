/** The endorsement key and what its maker left beside it in NV (TCG EK Credential Profile 2.5 section 2.2). */
import { type KeyObject, X509Certificate } from "node:crypto";
import { splitCertificates } from "../der.ts";
import { readPublic } from "./public-area.ts";
import { endorsementKey, type KeyKind } from "./templates.ts";
import type { Tpm } from "./tpm.ts";
import { sized } from "./wire.ts";

/** An endorsement key with its certificate. */
export interface Endorsement {
  kind: KeyKind;
  /** TPM2B_PUBLIC it is made from. */
  template: Buffer;
  /** TPM2B_PUBLIC of the key. */
  publicArea: Buffer;
  /** DER; null where the TPM has none for this key. */
  certificate: Buffer | null;
  /** Certificates between it and the maker's root, DER. */
  chain: Buffer[];
}

const nvIndex: Record<
  KeyKind,
  { certificate: number; nonce: number; template: number }
> = {
  rsa2048: { certificate: 0x01c00002, nonce: 0x01c00003, template: 0x01c00004 },
  p256: { certificate: 0x01c0000a, nonce: 0x01c0000b, template: 0x01c0000c },
};
const chainFirst = 0x01c00100;
const chainLast = 0x01c001ff;

/** The template of an endorsement key: the maker's own where there is one in NV, with the maker's nonce, else the standard one. */
async function templateOf(tpm: Tpm, kind: KeyKind): Promise<Buffer> {
  const places = nvIndex[kind];
  const own = await tpm.facts.readNv(places.template);
  const template = own && own.length > 0 ? sized(own) : endorsementKey(kind);
  const nonce = await tpm.facts.readNv(places.nonce);
  // Section 2.2.1.4: the nonce begins the template's unique field, padded with zeroes.
  if (nonce)
    nonce.copy(template, template.length - (kind === "rsa2048" ? 256 : 66));
  return template;
}

/** Reads the endorsement key of this TPM: one with a certificate if any has, else the first kind that it makes. @throws TpmError */
export async function readEndorsement(tpm: Tpm): Promise<Endorsement> {
  const kinds = await tpm.facts.keyKinds();
  const chain = await readChain(tpm);
  let first: Endorsement | undefined;
  for (const kind of kinds) {
    const certificate = await tpm.facts.readNv(nvIndex[kind].certificate);
    if (!certificate && first) continue;
    const template = await templateOf(tpm, kind);
    const publicArea = await tpm.endorsementPublic(template);
    const [der] = certificate ? splitCertificates(certificate) : [];
    const endorsement = {
      kind,
      template,
      publicArea,
      certificate: der ?? null,
      chain,
    };
    if (der && certifies(der, readPublic(publicArea).key)) return endorsement;
    first ??= { ...endorsement, certificate: der ?? null };
  }
  if (!first) throw new RangeError("this TPM makes neither RSA nor P-256 keys");
  return first;
}

/** Whether a certificate is for this key: enough to choose by; a verifier looks closer. */
function certifies(der: Buffer, key: KeyObject | undefined): boolean {
  try {
    return key !== undefined && new X509Certificate(der).publicKey.equals(key);
  } catch {
    // OpenSSL does not read keys that are marked for RSA-OAEP; such a certificate is taken, and the verifier compares.
    return true;
  }
}

/** Section 2.2.1.5.2: certificates of the chain lie behind each other across a range of indices. */
async function readChain(tpm: Tpm): Promise<Buffer[]> {
  const present = (await tpm.facts.handles(chainFirst)).filter(
    (index) => index >= chainFirst && index <= chainLast,
  );
  const parts: Buffer[] = [];
  for (const index of present.sort((a, b) => a - b))
    parts.push((await tpm.facts.readNv(index)) ?? Buffer.alloc(0));
  return splitCertificates(Buffer.concat(parts));
}

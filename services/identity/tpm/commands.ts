/** The ESYS functions that we call, as data: all have the shape (context, handles, three sessions, inputs, new handle, outputs). */
import type { CType } from "../../shared/native.ts";

/** A TPM structure that libtss2-mu turns from wire bytes into memory and back; a small one is a number. */
export type Structure = (typeof structures)[number] | keyof typeof scalars;

/** Numbers that are passed in place. */
export const scalars = {
  number8: "uint8",
  number16: "uint16",
  number32: "uint32",
  number64: "uint64",
} as const;

/** What one command takes and gives, in the order of Part 3 of the TPM library specification. */
export interface CommandShape {
  handles: number;
  inputs: readonly Structure[];
  /** Whether it gives a new handle before its outputs. */
  makes?: true;
  /** Structures come as pointers that ESYS allocates, numbers in place. */
  outputs: readonly Structure[];
}

/** The structures that libtss2-mu converts for us. */
export const structures = [
  "TPM2B_ATTEST",
  "TPM2B_CREATION_DATA",
  "TPM2B_DATA",
  "TPM2B_DIGEST",
  "TPM2B_ECC_POINT",
  "TPM2B_ENCRYPTED_SECRET",
  "TPM2B_ID_OBJECT",
  "TPM2B_MAX_NV_BUFFER",
  "TPM2B_NAME",
  "TPM2B_NV_PUBLIC",
  "TPM2B_PRIVATE",
  "TPM2B_PUBLIC",
  "TPM2B_PUBLIC_KEY_RSA",
  "TPM2B_SENSITIVE",
  "TPM2B_SENSITIVE_CREATE",
  "TPM2B_SENSITIVE_DATA",
  "TPML_DIGEST",
  "TPML_PCR_SELECTION",
  "TPMS_CAPABILITY_DATA",
  "TPMS_TIME_INFO",
  "TPMT_RSA_DECRYPT",
  "TPMT_SIGNATURE",
  "TPMT_SIG_SCHEME",
  "TPMT_SYM_DEF",
  "TPMT_TK_AUTH",
  "TPMT_TK_CREATION",
  "TPMT_TK_HASHCHECK",
  "TPMT_TK_VERIFIED",
] as const;

const creation = [
  "TPM2B_SENSITIVE_CREATE",
  "TPM2B_PUBLIC",
  "TPM2B_DATA",
  "TPML_PCR_SELECTION",
] as const;
const created = [
  "TPM2B_CREATION_DATA",
  "TPM2B_DIGEST",
  "TPMT_TK_CREATION",
] as const;

/** The commands by their ESYS name. */
export const commands = {
  ActivateCredential: {
    handles: 2,
    inputs: ["TPM2B_ID_OBJECT", "TPM2B_ENCRYPTED_SECRET"],
    outputs: ["TPM2B_DIGEST"],
  },
  Certify: {
    handles: 2,
    inputs: ["TPM2B_DATA", "TPMT_SIG_SCHEME"],
    outputs: ["TPM2B_ATTEST", "TPMT_SIGNATURE"],
  },
  Clear: { handles: 1, inputs: [], outputs: [] },
  Create: {
    handles: 1,
    inputs: creation,
    outputs: ["TPM2B_PRIVATE", "TPM2B_PUBLIC", ...created],
  },
  CreatePrimary: {
    handles: 1,
    inputs: creation,
    makes: true,
    outputs: ["TPM2B_PUBLIC", ...created],
  },
  ECDH_ZGen: {
    handles: 1,
    inputs: ["TPM2B_ECC_POINT"],
    outputs: ["TPM2B_ECC_POINT"],
  },
  GetCapability: {
    handles: 0,
    inputs: ["number32", "number32", "number32"],
    outputs: ["number8", "TPMS_CAPABILITY_DATA"],
  },
  Load: {
    handles: 1,
    inputs: ["TPM2B_PRIVATE", "TPM2B_PUBLIC"],
    makes: true,
    outputs: [],
  },
  LoadExternal: {
    handles: 0,
    inputs: ["TPM2B_SENSITIVE", "TPM2B_PUBLIC", "number32"],
    makes: true,
    outputs: [],
  },
  NV_DefineSpace: {
    handles: 1,
    inputs: ["TPM2B_DIGEST", "TPM2B_NV_PUBLIC"],
    makes: true,
    outputs: [],
  },
  NV_Read: {
    handles: 2,
    inputs: ["number16", "number16"],
    outputs: ["TPM2B_MAX_NV_BUFFER"],
  },
  NV_ReadPublic: {
    handles: 1,
    inputs: [],
    outputs: ["TPM2B_NV_PUBLIC", "TPM2B_NAME"],
  },
  NV_SetBits: {
    handles: 2,
    inputs: ["number64"],
    outputs: [],
  },
  PCR_Read: {
    handles: 0,
    inputs: ["TPML_PCR_SELECTION"],
    outputs: ["number32", "TPML_PCR_SELECTION", "TPML_DIGEST"],
  },
  PolicyAuthorize: {
    handles: 1,
    inputs: ["TPM2B_DIGEST", "TPM2B_DIGEST", "TPM2B_NAME", "TPMT_TK_VERIFIED"],
    outputs: [],
  },
  PolicyAuthValue: { handles: 1, inputs: [], outputs: [] },
  PolicyPCR: {
    handles: 1,
    inputs: ["TPM2B_DIGEST", "TPML_PCR_SELECTION"],
    outputs: [],
  },
  PolicySecret: {
    handles: 2,
    inputs: ["TPM2B_DIGEST", "TPM2B_DIGEST", "TPM2B_DIGEST", "number32"],
    outputs: ["TPM2B_DIGEST", "TPMT_TK_AUTH"],
  },
  Quote: {
    handles: 1,
    inputs: ["TPM2B_DATA", "TPMT_SIG_SCHEME", "TPML_PCR_SELECTION"],
    outputs: ["TPM2B_ATTEST", "TPMT_SIGNATURE"],
  },
  ReadClock: { handles: 0, inputs: [], outputs: ["TPMS_TIME_INFO"] },
  RSA_Decrypt: {
    handles: 1,
    inputs: ["TPM2B_PUBLIC_KEY_RSA", "TPMT_RSA_DECRYPT", "TPM2B_DATA"],
    outputs: ["TPM2B_PUBLIC_KEY_RSA"],
  },
  Sign: {
    handles: 1,
    inputs: ["TPM2B_DIGEST", "TPMT_SIG_SCHEME", "TPMT_TK_HASHCHECK"],
    outputs: ["TPMT_SIGNATURE"],
  },
  TR_FromTPMPublic: { handles: 1, inputs: [], makes: true, outputs: [] },
  Unseal: { handles: 1, inputs: [], outputs: ["TPM2B_SENSITIVE_DATA"] },
  VerifySignature: {
    handles: 1,
    inputs: ["TPM2B_DIGEST", "TPMT_SIGNATURE"],
    outputs: ["TPMT_TK_VERIFIED"],
  },
} as const satisfies Record<string, CommandShape>;

/** The C types of a command's ESYS function. */
export function signature(shape: CommandShape): readonly [CType, CType[]] {
  return [
    "uint32",
    [
      "pointer",
      ...Array<CType>(shape.handles).fill("uint32"),
      ...Array<CType>(3).fill("uint32"),
      ...shape.inputs.map(
        (input): CType =>
          input in scalars ? scalars[input as keyof typeof scalars] : "pointer",
      ),
      ...(shape.makes ? (["pointer"] as const) : []),
      ...shape.outputs.map((): CType => "pointer"),
    ],
  ];
}

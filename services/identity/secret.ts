/** Small secrets that open in this TPM only: under the signed PCR policy, a password, or both. */
import { argon2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../shared/cbor.ts";
import { BadRequestError, ConflictError } from "../shared/errors.ts";
import type { SignedPcrPolicies } from "./tpm/policy.ts";
import type { Opening, Tpm } from "./tpm/tpm.ts";

/** Bytes that a TPM seals at most. */
export const maximumSecret = 128;

const Sealed = Type.Object(
  {
    type: Type.Literal("coppice sealed secret 1"),
    publicArea: Bytes(1, 2048),
    privateArea: Bytes(1, 2048),
    image: Type.Boolean(),
    /** Salt of the password's Argon2id. */
    salt: Type.Union([Bytes(16), Type.Null()]),
  },
  { additionalProperties: false },
);

/** How a secret is bound. */
export interface Binding {
  /** To systems whose PCR policy the key of the running one signed. */
  image: boolean;
  password?: string | undefined;
}

const stretch = promisify(argon2);

/**
 * The password's authorisation value. The objects are exempt from the TPM's lockout (noDA), so that nobody can lock the
 * disk's key by guessing here; Argon2id makes guessing slow instead.
 */
async function authorisation(
  password: string,
  salt: Uint8Array,
): Promise<Buffer> {
  return await stretch("argon2id", {
    message: password,
    nonce: Buffer.from(salt),
    parallelism: 1,
    tagLength: 32,
    memory: 19 * 1024,
    passes: 2,
  });
}

async function openingOf(
  { image, password }: Binding,
  salt: Uint8Array | null,
  policies: SignedPcrPolicies | undefined,
): Promise<Opening> {
  if (image && !policies)
    throw new ConflictError(
      "The running system has no signed PCR policy, so nothing can be bound to it. Start a Coppice image.",
      "no-signed-policy",
    );
  return {
    ...(image && policies ? { signedPcrs: policies } : {}),
    ...(password !== undefined && salt
      ? { password: await authorisation(password, salt) }
      : {}),
  };
}

/** Seals at most 128 bytes. @throws BadRequestError, ConflictError where there is no signed policy, TpmError */
export async function sealSecret(
  tpm: Tpm,
  secret: Uint8Array,
  binding: Binding,
  policies: SignedPcrPolicies | undefined,
): Promise<Buffer> {
  if (secret.length === 0 || secret.length > maximumSecret)
    throw new BadRequestError(
      `A TPM seals 1 to ${maximumSecret} bytes, not ${secret.length}. Encrypt what is larger, and seal its key.`,
    );
  if (!binding.image && binding.password === undefined)
    throw new BadRequestError(
      "Bind the secret to the image, to a password, or to both.",
    );
  const salt = binding.password === undefined ? null : randomBytes(16);
  const opening = await openingOf(binding, salt, policies);
  const object = await tpm.seal(secret, opening);
  return encodeCbor({
    type: "coppice sealed secret 1",
    ...object,
    image: binding.image,
    salt,
  });
}

/**
 * Opens what `sealSecret` gave.
 * @throws WrongImageError, WrongPasswordError, NotThisTpmError, BadRequestError where a password is needed, CborError, TpmError
 */
export async function openSecret(
  tpm: Tpm,
  sealed: Uint8Array,
  password: string | undefined,
  policies: SignedPcrPolicies | undefined,
): Promise<Buffer> {
  const { publicArea, privateArea, image, salt } = parseCbor(
    Sealed,
    sealed,
    "a sealed secret",
  );
  if (salt && password === undefined)
    throw new BadRequestError(
      "This secret opens with a password. Give it.",
      "password-needed",
    );
  const opening = await openingOf(
    { image, password: salt ? password : undefined },
    salt,
    policies,
  );
  return await tpm.unseal(
    {
      publicArea: Buffer.from(publicArea),
      privateArea: Buffer.from(privateArea),
    },
    opening,
  );
}

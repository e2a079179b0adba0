import {
  type Argon2Parameters,
  argon2,
  createCipheriv,
  createDecipheriv,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { promisify } from "node:util";
import { type Static, Type } from "typebox";
import { BadRequestError } from "../../shared/errors.ts";

/** A password as it is kept: argon2id (RFC 9106) with its salt and cost. */
export const PasswordHash = Type.Object({
  salt: Type.String(),
  hash: Type.String(),
  memory: Type.Integer({ description: "KiB" }),
  passes: Type.Integer(),
});
export type PasswordHash = Static<typeof PasswordHash>;

const derive = promisify(argon2) as (
  algorithm: "argon2id",
  parameters: Argon2Parameters,
) => Promise<Buffer>;
// OWASP's minimum for argon2id; half a second on a small router.
const cost = { memory: 19456, passes: 2 };

/** A secret that opens by a password alone: AES-256-GCM (NIST SP 800-38D) by a key of argon2id. */
export const SealedSecret = Type.Object({
  salt: Type.String(),
  memory: Type.Integer({ description: "KiB" }),
  passes: Type.Integer(),
  nonce: Type.String(),
  text: Type.String({ description: "with the tag behind it" }),
});
export type SealedSecret = Static<typeof SealedSecret>;

/** @throws BadRequestError where it is shorter than 10 characters or longer than 1024. */
function expectStrong(password: string): void {
  if (password.length < 10 || password.length > 1024)
    throw new BadRequestError(
      "The password needs at least 10 characters. Three or four unrelated words are easy to remember.",
      "weak-password",
    );
}

/** Seals a secret under a password. @throws BadRequestError where that is shorter than 10 characters or longer than 1024. */
export async function sealUnder(
  password: string,
  secret: string,
): Promise<SealedSecret> {
  expectStrong(password);
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const key = await compute(password, salt, cost);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const text = Buffer.concat([
    cipher.update(secret, "utf8"),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return {
    salt: salt.toString("base64"),
    ...cost,
    nonce: nonce.toString("base64"),
    text: text.toString("base64"),
  };
}

/** Opens what was sealed; `undefined` where this is not the password. */
export async function openUnder(
  password: string,
  sealed: SealedSecret,
): Promise<string | undefined> {
  const salt = Buffer.from(sealed.salt, "base64");
  const key = await compute(password, salt, sealed);
  const text = Buffer.from(sealed.text, "base64");
  const nonce = Buffer.from(sealed.nonce, "base64");
  const cipher = createDecipheriv("aes-256-gcm", key, nonce);
  cipher.setAuthTag(text.subarray(-16));
  try {
    return Buffer.concat([
      cipher.update(text.subarray(0, -16)),
      cipher.final(),
    ]).toString("utf8");
  } catch {
    return undefined;
  }
}

/** Hashes a password. @throws BadRequestError where it is shorter than 10 characters or longer than 1024. */
export async function hashPassword(password: string): Promise<PasswordHash> {
  expectStrong(password);
  const salt = randomBytes(16);
  const hash = await compute(password, salt, cost);
  return {
    salt: salt.toString("base64"),
    hash: hash.toString("base64"),
    ...cost,
  };
}

/** Whether this is the password, in constant time. */
export async function passwordMatches(
  password: string,
  kept: PasswordHash,
): Promise<boolean> {
  const hash = await compute(password, Buffer.from(kept.salt, "base64"), kept);
  return timingSafeEqual(hash, Buffer.from(kept.hash, "base64"));
}

async function compute(
  password: string,
  nonce: Buffer,
  { memory, passes }: { memory: number; passes: number },
): Promise<Buffer> {
  return await derive("argon2id", {
    message: password.normalize("NFKC"),
    nonce,
    parallelism: 1,
    tagLength: 32,
    memory,
    passes,
  });
}

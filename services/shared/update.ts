/** Update manifests: what a version of the image consists of, signed by who built it. The formats are in image/README.md. */
import type { KeyObject } from "node:crypto";
import { type Static, Type } from "typebox";
import { encodeCbor, parseCbor } from "./cbor.ts";
import { type CoseSigner, openCose, readCoseSigner, signCose } from "./cose.ts";
import { CoppiceError } from "./errors.ts";
import { principalOf } from "./principal.ts";

/** Bytes of the blocks by which two versions are compared: those of erofs and of dm-verity. */
export const blockSize = 4096;
/** Bytes of a block's name: the beginning of its SHA-256. The file's whole digest is what counts. */
export const blockNameSize = 16;
/** Bytes that a manifest may have. */
export const largestManifest = 256 * 1024;

/** As many as the TPM's index holds, each a bit of it. */
export const largestSecurityVersion = 48;

/** Why an update is not taken; for programs. */
export type Refusal =
  | "bad-signature"
  | "damaged"
  | "downgrade"
  | "expired"
  | "other-board"
  | "no-source"
  | "no-friend"
  | "no-stick"
  | "no-room"
  | "not-written";

/** An update is not what it has to be, or does not come. */
export class UpdateError extends CoppiceError {
  override name = "UpdateError";
  constructor(type: Refusal, message: string, options: ErrorOptions = {}) {
    super(
      type === "no-source" || type === "no-friend" ? 502 : 422,
      type,
      message,
      options,
    );
  }
}

const Digest = Type.String({ pattern: "^[0-9a-f]{64}$" });
/** A version: numbers with dots. */
export const Version = Type.String({
  maxLength: 32,
  pattern: "^[0-9]+(\\.[0-9]+)*$",
});
/** Name of a file of an update, or of the list of its blocks. */
export const FileName = Type.String({
  maxLength: 128,
  pattern: "^coppice_[\\w.-]+$",
});
/** Bytes that a file of an update may have. */
export const largestFile = 4 * 2 ** 30;

/** A file of an update set. */
export const UpdateFile = Type.Object(
  {
    kind: Type.Union([
      Type.Literal("root"),
      Type.Literal("verity"),
      Type.Literal("kernel"),
      Type.Literal("reference"),
    ]),
    name: FileName,
    size: Type.Integer({
      minimum: 1,
      maximum: largestFile,
      description: "bytes",
    }),
    sha256: Digest,
    /** SHA-256 of `<name>.blocks`: the names of the file's blocks, one after the other. */
    blocks: Digest,
  },
  { additionalProperties: false },
);
export type UpdateFile = Static<typeof UpdateFile>;

/** What a version of the image consists of. */
export const UpdateManifest = Type.Object(
  {
    type: Type.Literal("coppice update 1"),
    board: Type.String({ maxLength: 64, pattern: "^[a-z0-9-]+$" }),
    version: Version,
    /** Rises when a version mends what must not come back; a box takes none below what it ran. */
    securityVersion: Type.Integer({
      minimum: 0,
      maximum: largestSecurityVersion,
    }),
    created: Type.Integer({ minimum: 0, description: "seconds since 1970" }),
    /** Whoever holds a box back on an old version can do so no longer than this unnoticed. */
    expires: Type.Integer({ minimum: 0, description: "seconds since 1970" }),
    notes: Type.String({ maxLength: 16384 }),
    files: Type.Array(UpdateFile, { minItems: 4, maxItems: 4 }),
  },
  { additionalProperties: false },
);
export type UpdateManifest = Static<typeof UpdateManifest>;

/** Name of the newest manifest in a board's folder of an update source. */
export const newestManifest = "coppice.update";

/** Signs a manifest as a COSE_Sign1 (RFC 9052) over deterministic CBOR. */
export async function signManifest(
  manifest: UpdateManifest,
  signer: CoseSigner,
): Promise<Buffer> {
  return await signCose(encodeCbor(manifest), signer);
}

/** Opens a signed manifest. @param signers who may have signed. @throws UpdateError */
export function openManifest(
  document: Uint8Array,
  signers: readonly KeyObject[],
): UpdateManifest {
  let payload: Buffer;
  try {
    const kid = readCoseSigner(document);
    const key = signers.find((one) => principalOf(one).equals(kid));
    if (!key)
      throw new UpdateError(
        "bad-signature",
        `The update is signed by ${kid.toString("hex").slice(0, 16)}, whom this box does not trust. Nothing was changed.`,
      );
    payload = openCose(document, kid, key);
  } catch (error) {
    if (error instanceof UpdateError) throw error;
    throw new UpdateError(
      "bad-signature",
      "The update's signature is not right, or there is none. Nothing was changed.",
      { cause: error },
    );
  }
  let manifest: UpdateManifest;
  try {
    manifest = parseCbor(UpdateManifest, payload, "an update's manifest");
  } catch (error) {
    throw new UpdateError(
      "damaged",
      "The update's manifest has another shape than this version knows. Update to a version in between first.",
      { cause: error },
    );
  }
  const kinds = new Set(manifest.files.map(({ kind }) => kind));
  const names = new Set(manifest.files.map(({ name }) => name));
  if (kinds.size !== 4 || names.size !== 4)
    throw new UpdateError(
      "damaged",
      "The update's manifest names a part twice. Whoever made it has to make it again.",
    );
  return manifest;
}

/** Whether this image may follow the one that runs. @param floor least security version. @param now seconds since 1970. @throws UpdateError */
export function judgeManifest(
  manifest: UpdateManifest,
  { board, floor, now }: { board: string; floor: number; now: number },
): void {
  if (manifest.board !== board)
    throw new UpdateError(
      "other-board",
      `The update is for ${manifest.board}, and this is ${board}. Nothing was changed.`,
    );
  if (manifest.securityVersion < floor)
    throw new UpdateError(
      "downgrade",
      `Version ${manifest.version} has holes that this box was mended of (its security version is ${manifest.securityVersion}, at least ${floor} is asked for). Nothing was changed.`,
    );
  // A clock that is not set yet is no reason.
  if (now > manifest.created && now > manifest.expires)
    throw new UpdateError(
      "expired",
      `What the source says was true until ${new Date(manifest.expires * 1000).toISOString().slice(0, 10)}: somebody may keep newer versions from this box. Look for another source.`,
    );
}

/** Orders versions: below 0 where `a` is the older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(".").map(Number));
  for (let at = 0; at < Math.max(left?.length ?? 0, right?.length ?? 0); at++) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

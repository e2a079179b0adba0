/** What the running image says of itself, and whom it trusts. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { Parse } from "typebox/value";
import { hasCode } from "./errors.ts";
import { principalOf } from "./principal.ts";

/** What an image says of itself. */
export const ImageInfo = Type.Object({
  board: Type.String(),
  securityVersion: Type.Integer(),
});
export type ImageInfo = Static<typeof ImageInfo>;

const folder = process.env.COPPICE_ANCHORS ?? "/usr/share/coppice";
const infoFile = join(folder, "image.json");

/** Folders of the running image with whom it trusts: TPM makers' root certificates, and builders' public keys. */
export const imageAnchors = {
  roots: join(folder, "tpm-roots"),
  signers: join(folder, "image-signers"),
};

/** What the running image says of itself. @throws where it says nothing */
export async function imageInfo(): Promise<ImageInfo> {
  return Parse(ImageInfo, JSON.parse(await readFile(infoFile, "utf8")));
}

/** The version of the running image; that of a developer's machine is the least there is. */
export async function imageVersion(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8");
  return /^IMAGE_VERSION="?([\d.]+)/m.exec(text)?.[1] ?? "0";
}

/** The public keys in a folder, each once; none where there is no folder. @throws where one cannot be read */
export async function readSigners(path: string): Promise<KeyObject[]> {
  const names = await readdir(path).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  const keys = await Promise.all(
    names
      .filter((name) => name.endsWith(".pem"))
      .sort()
      .map(async (name) => createPublicKey(await readFile(join(path, name)))),
  );
  return [
    ...new Map(
      keys.map((key) => [principalOf(key).toString("hex"), key]),
    ).values(),
  ];
}

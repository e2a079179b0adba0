/** The keys of a builder: for Secure Boot, for policies of the TPM, and for what is said of an image. A folder holds all three. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
} from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CoseSigner, keySigner } from "../services/shared/cose.ts";
import { principalOf } from "../services/shared/principal.ts";
import { buildFolder } from "./builder.ts";
import { CommandError, run } from "./process.ts";

/** A builder's keys. */
export interface KeyFolder {
  folder: string;
  /** Made by a checkout for itself: no release is built with it. */
  development: boolean;
  /** Public half of the key that signs reference values and updates, PEM. */
  imageSigner: string;
  signer: CoseSigner;
}

/** X.509 keys that firmware and systemd want; the third, for images, is Ed25519. */
const certified = ["secure-boot", "pcr"] as const;
const imageKey = "image.key";
const developmentName = "Coppice development";

/** Makes what is missing of a folder of keys. @param owner stands in the certificates */
export async function makeKeys(folder: string, owner: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of certified) {
    const key = join(folder, `${name}.key`);
    if (await stat(key).catch(() => undefined)) continue;
    await run("openssl", [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-sha256",
      "-days",
      "3650",
      "-subj",
      `/CN=${owner} ${name}/`,
      "-keyout",
      `${key}.new`,
      "-out",
      join(folder, `${name}.crt`),
    ]);
    await rename(`${key}.new`, key);
  }
  const file = join(folder, imageKey);
  if (await stat(file).catch(() => undefined)) return;
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  await writeFile(`${file}.new`, pem, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Opens a folder of keys. @throws CommandError where it is none */
export async function openKeys(folder: string): Promise<KeyFolder> {
  const pem = await readFile(join(folder, imageKey), "utf8").catch(() => {
    throw new CommandError(
      `${folder} holds no keys of a builder; make some with: npm run release -- --new-key ${folder}`,
    );
  });
  const publicKey = createPublicKey(pem);
  const subject = await run("openssl", [
    ...["x509", "-noout", "-subject"],
    ...["-in", join(folder, "secure-boot.crt")],
  ]);
  return {
    folder,
    development: subject.includes(developmentName),
    imageSigner: publicKey.export({ format: "pem", type: "spki" }).toString(),
    signer: keySigner(principalOf(publicKey), createPrivateKey(pem), publicKey),
  };
}

/** The keys that a checkout makes for itself, once. */
export async function developmentKeys(): Promise<KeyFolder> {
  const folder = join(buildFolder, "keys");
  await makeKeys(folder, developmentName);
  return await openKeys(folder);
}

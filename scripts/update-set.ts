/** Writes what a version consists of into a folder that any web server can serve, or a USB stick can hold. */
import { createHash } from "node:crypto";
import { constants, copyFile, mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blockNames, slices } from "../services/shared/blocks.ts";
import {
  newestManifest,
  signManifest,
  type UpdateFile,
  type UpdateManifest,
} from "../services/shared/update.ts";
import { rootSize } from "./budget.ts";
import type { Image } from "./image.ts";
import type { KeyFolder } from "./keys.ts";
import { type Partition, readPartitions } from "./partitions.ts";
import { CommandError, run } from "./process.ts";
import { referenceName } from "./reference.ts";
import { sbomFile } from "./sbom.ts";

/** What is said of a version beside what it consists of. */
export interface Release {
  board: string;
  securityVersion: number;
  /** For the owner, in plain text. */
  notes: string;
  /** Days for which the manifest holds. */
  days: number;
}

/** Writes an image's update set into `<out>/<board>/`. Resolves to its manifest. @throws CommandError */
export async function writeUpdateSet(
  image: Image,
  { board, securityVersion, notes, days }: Release,
  keys: KeyFolder,
  out: string,
): Promise<UpdateManifest> {
  const folder = join(out, board);
  await mkdir(folder, { recursive: true });
  const base = `coppice_${image.version}`;
  const [, root, verity] = (await readPartitions(image.disk)) as Partition[];
  if (!root || !verity)
    throw new CommandError(`${image.disk} has no root; build it again`);
  const names: Record<UpdateFile["kind"], string> = {
    root: `${base}.root.${root.uuid.toLowerCase()}.raw`,
    verity: `${base}.verity.${verity.uuid.toLowerCase()}.raw`,
    kernel: `${base}.efi`,
    reference: referenceName(image.version),
  };
  // What is behind the file system is not in the verity hashes either.
  const used = { ...root, size: await rootSize(image.disk) };
  await extract(image.disk, used, join(folder, names.root));
  await extract(image.disk, verity, join(folder, names.verity));
  await copyFile(join(image.folder, "coppice.efi"), join(folder, names.kernel));
  await copyFile(
    join(image.folder, "coppice.reference"),
    join(folder, names.reference),
  );
  const bill = `${base}.cdx.json`;
  const words = `${base}.txt`;
  await copyFile(join(image.folder, sbomFile), join(folder, bill));
  await writeFile(join(folder, words), `${notes.trim()}\n`);
  const files: UpdateFile[] = [];
  for (const kind of ["root", "verity", "kernel", "reference"] as const)
    files.push({ kind, ...(await describe(folder, names[kind])) });
  const created = Math.floor(Date.now() / 1000);
  const manifest: UpdateManifest = {
    type: "coppice update 1",
    board,
    version: image.version,
    securityVersion,
    created,
    expires: created + days * 86_400,
    notes: notes.trim(),
    files,
  };
  const document = await signManifest(manifest, keys.signer);
  await writeFile(join(folder, `${base}.update`), document);
  await writeSums(
    folder,
    base,
    [
      ...files.flatMap(({ name }) => [name, `${name}.blocks`]),
      ...[bill, words, `${base}.update`],
    ],
    keys,
  );
  // Last: whoever looks meanwhile finds the version of before.
  await copyFile(join(folder, `${base}.update`), join(folder, newestManifest));
  return manifest;
}

/** Copies a partition into a file; what is empty in it stays a hole. */
async function extract(
  disk: string,
  { start, size }: Partition,
  file: string,
): Promise<void> {
  await run("dd", [
    ...[`if=${disk}`, `of=${file}`, "bs=1M", "conv=sparse", "status=none"],
    ...["iflag=skip_bytes,count_bytes,fullblock"],
    ...[`skip=${start}`, `count=${size}`],
  ]);
  await run("truncate", [`--size=${size}`, file]);
}

/** Digests of a file, whose list of blocks is written beside it. */
async function describe(
  folder: string,
  name: string,
): Promise<Omit<UpdateFile, "kind">> {
  await using file = await open(join(folder, name), constants.O_RDONLY);
  const { size } = await file.stat();
  const list = Buffer.from(
    (await blockNames(file.fd, size)).join(""),
    "latin1",
  );
  await writeFile(join(folder, `${name}.blocks`), list);
  const whole = createHash("sha256");
  for await (const slice of slices(file.fd, size)) whole.update(slice);
  return {
    name,
    size,
    sha256: whole.digest("hex"),
    blocks: createHash("sha256").update(list).digest("hex"),
  };
}

/** SHA256SUMS, and its Ed25519 signature as `openssl pkeyutl -verify -rawin` reads it: for people without a box. */
async function writeSums(
  folder: string,
  base: string,
  names: readonly string[],
  keys: KeyFolder,
): Promise<void> {
  const text = await run("sha256sum", names, { cwd: folder });
  await writeFile(join(folder, `${base}.SHA256SUMS`), text);
  await writeFile(
    join(folder, `${base}.SHA256SUMS.sig`),
    await keys.signer.sign(Buffer.from(text)),
  );
  await writeFile(join(folder, "builder.pem"), keys.imageSigner);
}

/** Reference values of a built image: what its boot will measure, signed and written beside it and onto its ESP. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  type ReferenceValues,
  signReference,
} from "../services/identity/attest/reference.ts";
import { type Architecture, architectures } from "./architecture.ts";
import { inBuilder, repository } from "./builder.ts";
import type { Image } from "./image.ts";
import type { KeyFolder } from "./keys.ts";
import { readPartitions } from "./partitions.ts";
import { CommandError } from "./process.ts";

/** One section of a PE file (Microsoft PE format, section table). */
interface Section {
  name: string;
  /** Bytes in memory. */
  size: number;
  fileOffset: number;
  fileSize: number;
}

interface PortableExecutable {
  bytes: Buffer;
  headersSize: number;
  checksumOffset: number;
  certificateEntry: number;
  sections: Section[];
}

function readExecutable(bytes: Buffer): PortableExecutable {
  const header = bytes.readUInt32LE(0x3c);
  if (bytes.toString("latin1", header, header + 4) !== "PE\0\0")
    throw new CommandError("this is not a PE file: build the image again");
  const optional = header + 24;
  const sectionTable = optional + bytes.readUInt16LE(header + 20);
  // PE32+ keeps its data directories 16 bytes later than PE32.
  const directories =
    optional + (bytes.readUInt16LE(optional) === 0x20b ? 112 : 96);
  const sections = Array.from(
    { length: bytes.readUInt16LE(header + 6) },
    (_, index) => {
      const at = sectionTable + index * 40;
      return {
        name: bytes.toString("latin1", at, at + 8).replace(/\0+$/, ""),
        size: bytes.readUInt32LE(at + 8),
        fileSize: bytes.readUInt32LE(at + 16),
        fileOffset: bytes.readUInt32LE(at + 20),
      };
    },
  );
  return {
    bytes,
    headersSize: bytes.readUInt32LE(optional + 60),
    checksumOffset: optional + 64,
    certificateEntry: directories + 4 * 8,
    sections,
  };
}

/** What firmware measures of a program: Windows Authenticode Portable Executable Signature Format, SHA-256, in hex. */
export function authenticodeDigest(file: Buffer): string {
  const { bytes, headersSize, checksumOffset, certificateEntry, sections } =
    readExecutable(file);
  const hash = createHash("sha256")
    .update(bytes.subarray(0, checksumOffset))
    .update(bytes.subarray(checksumOffset + 4, certificateEntry))
    .update(bytes.subarray(certificateEntry + 8, headersSize));
  const inFile = sections
    .filter(({ fileSize }) => fileSize > 0)
    .sort((a, b) => a.fileOffset - b.fileOffset);
  let end = headersSize;
  for (const { fileOffset, fileSize } of inFile) {
    hash.update(bytes.subarray(fileOffset, fileOffset + fileSize));
    end = Math.max(end, fileOffset + fileSize);
  }
  const certificates = bytes.readUInt32LE(certificateEntry + 4);
  return hash
    .update(bytes.subarray(end, bytes.length - certificates))
    .digest("hex");
}

/** Sections that systemd-stub measures into PCR 11 (systemd-stub(7)); `.pcrsig` is not among them. */
const measured = [
  ...[".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash"],
  ...[".dtb", ".uname", ".sbat", ".pcrpkey", ".profile", ".hwids"],
];

function sectionBytes(
  { bytes, sections }: PortableExecutable,
  name: string,
): Buffer | undefined {
  const section = sections.find((candidate) => candidate.name === name);
  if (!section) return undefined;
  const { fileOffset, fileSize, size } = section;
  const content = bytes.subarray(
    fileOffset,
    fileOffset + Math.min(size, fileSize),
  );
  return Buffer.concat([content, Buffer.alloc(size - content.length)]);
}

/** What a unified kernel image and its boot loader measure. @param unified and `loader` are the files' bytes. */
export function measureImage(
  unified: Buffer,
  loader: Buffer,
  about: { board: string; version: string },
): ReferenceValues {
  const executable = readExecutable(unified);
  const sections: Record<string, string> = {};
  for (const name of measured) {
    const content = sectionBytes(executable, name);
    if (content)
      sections[name] = createHash("sha256").update(content).digest("hex");
  }
  const text = (sectionBytes(executable, ".cmdline") ?? Buffer.alloc(0))
    .toString("utf8")
    .replace(/\0+$/, "");
  const rootHash = /(?:^| )roothash=([0-9a-f]{64})(?: |$)/.exec(text)?.[1];
  if (rootHash === undefined)
    throw new CommandError(
      "the image's command line names no verity root hash: look at mkosi.repart",
    );
  return {
    type: "coppice reference values 1",
    image: "coppice",
    ...about,
    rootHash,
    commandLine: text,
    bootLoader: authenticodeDigest(loader),
    unifiedKernel: authenticodeDigest(unified),
    kernel: authenticodeDigest(
      sectionBytes(executable, ".linux") ?? Buffer.alloc(0),
    ),
    sections,
  };
}

/** The name of a version's reference values on the ESP and in an update. */
export function referenceName(version: string): string {
  return `coppice_${version}.reference`;
}

/** Writes the reference values of an image into its folder, and onto its ESP. */
export async function writeReference(
  { folder, disk, version }: Image,
  board: string,
  architecture: Architecture,
  keys: KeyFolder,
): Promise<void> {
  const inside = join("/coppice", relative(repository, folder));
  const [partition] = await readPartitions(disk);
  const esp = `-i ${inside}/coppice.raw@@${partition?.start ?? 0}`;
  const { loader } = architectures[architecture];
  await inBuilder(`mcopy -n -o ${esp} ::/${loader} ${inside}/loader.efi`, {
    architecture,
  });
  const values = measureImage(
    await readFile(join(folder, "coppice.efi")),
    await readFile(join(folder, "loader.efi")),
    { board, version },
  );
  const document = await signReference(values, keys.signer);
  await writeFile(join(folder, "coppice.reference"), document);
  // FAT's first day, as everything else on the ESP has it: the same bytes each time.
  await inBuilder(
    [
      "export SOURCE_DATE_EPOCH=315532800",
      `touch --date=@$SOURCE_DATE_EPOCH ${inside}/coppice.reference`,
      `mmd ${esp} ::/coppice`,
      `mcopy -n -o -m ${esp} ${inside}/coppice.reference ::/coppice/${referenceName(version)}`,
    ].join("\n"),
    { architecture },
  );
}

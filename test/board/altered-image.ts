/** Images as somebody with the builder's keys would alter them: one byte of the command line and one of the root file system. */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { buildFolder, inBuilder } from "../../scripts/builder.ts";
import type { Image } from "../../scripts/image.ts";
import { type Partition, readPartitions } from "../../scripts/partitions.ts";
import { run } from "../../scripts/process.ts";
import { inside, putTogether, takeApart } from "./kernels.ts";

/** An altered copy of an image, in a folder of the build's that goes away with it. */
export class AlteredImage implements AsyncDisposable {
  readonly image: Image;
  #folder: string;

  private constructor(image: Image, folder: string) {
    this.image = image;
    this.#folder = folder;
  }

  /** Alters one byte of the command line, and one of the root. */
  static async create(image: Image): Promise<AlteredImage> {
    const folder = join(buildFolder, `altered-${process.pid}`);
    await mkdir(folder, { recursive: true });
    const original = inside(image.disk);
    const [esp, root, verity] = (await readPartitions(image.disk)) as [
      Partition,
      Partition,
      Partition,
    ];
    const uki = original.replace(/\.raw$/, ".efi");
    const steps = [
      `cd ${inside(folder)}`,
      `cp --sparse=always ${original} disk.raw`,
      ...takeApart(uki),
      "sed -i 's/panic=10/panic=11/' text",
      `dd if=disk.raw of=root.raw bs=1M iflag=skip_bytes,count_bytes skip=${root.start} count=${root.size} conv=sparse status=none`,
      `truncate -s ${root.size} root.raw`,
      `dd if=disk.raw of=verity.raw bs=1M iflag=skip_bytes,count_bytes skip=${verity.start} count=${verity.size} status=none`,
      // The last byte of the partition lies behind the file system: what is read stays, what is measured does not.
      `printf '\\001' | dd of=root.raw bs=1 seek=${root.size - 1} conv=notrunc status=none`,
      "salt=$(veritysetup dump verity.raw | sed -n 's/^Salt:[[:space:]]*//p')",
      "uuid=$(veritysetup dump verity.raw | sed -n 's/^UUID:[[:space:]]*//p')",
      "hash=$(veritysetup format root.raw verity.raw --salt=$salt --uuid=$uuid | sed -n 's/^Root hash:[[:space:]]*//p')",
      'sed -i "s/roothash=[0-9a-f]*/roothash=$hash/" text',
      `dd if=root.raw of=disk.raw bs=1M oflag=seek_bytes seek=${root.start} conv=notrunc,sparse status=none`,
      `printf '\\001' | dd of=disk.raw bs=1 seek=${root.start + root.size - 1} conv=notrunc status=none`,
      `dd if=verity.raw of=disk.raw bs=1M oflag=seek_bytes seek=${verity.start} conv=notrunc status=none`,
      "echo $hash >hash",
      putTogether("altered.efi"),
      `name=$(mdir -b -i disk.raw@@${esp.start} ::/EFI/Linux | head -1)`,
      `mcopy -o -i disk.raw@@${esp.start} altered.efi "$name"`,
    ];
    await inBuilder(steps.join("\n"));
    const disk = join(folder, "disk.raw");
    const hash = (await readFile(join(folder, "hash"), "utf8")).trim();
    const uuid = (hex: string): string =>
      hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    await run("sfdisk", [
      "--quiet",
      "--part-uuid",
      disk,
      "2",
      uuid(hash.slice(0, 32)),
    ]);
    await run("sfdisk", [
      "--quiet",
      "--part-uuid",
      disk,
      "3",
      uuid(hash.slice(-32)),
    ]);
    const inputs = createHash("sha256")
      .update(image.inputs)
      .update("altered")
      .digest("hex");
    return new AlteredImage({ ...image, folder, disk, inputs }, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { Emulator } from "../../scripts/emulator.ts";
import { ensureImage } from "../../scripts/image.ts";
import { readPartitions } from "../../scripts/partitions.ts";
import { run } from "../../scripts/process.ts";
import { temporaryFolder } from "../folder.ts";

/** What the first user space prints; the kernel itself is quiet. */
const started = /systemd\[1\]/;
const soon = (): AbortSignal => AbortSignal.timeout(5 * 60_000);

test("a firmware without keys takes the builder's, and then starts nothing that was changed since", async (t) => {
  await using folder = await temporaryFolder();
  const image = await ensureImage("qemu-x86-64");
  // The machine of a PC has Secure Boot; what is measured of the kernel's start is the same for both images.
  const start = async (): Promise<Emulator> =>
    await Emulator.start({ board: "x86-64-efi", image, folder: folder.path });
  {
    await using guest = await start();
    await guest.line(/Secure Boot keys successfully enrolled/, soon());
    await guest.line(started, soon());
  }
  const disk = join(folder.path, "system.raw");
  const [esp] = await readPartitions(disk);
  const at = `${disk}@@${esp?.start}`;
  /** Changes a byte of a file on the ESP. @returns what puts it back */
  const change = async (
    name: string,
    from: string,
    to: string,
  ): Promise<() => Promise<void>> => {
    const copy = join(folder.path, "copy.efi");
    await run("mcopy", ["-n", "-o", "-i", at, name, copy]);
    const bytes = await readFile(copy);
    const changed = Buffer.from(bytes);
    const place = bytes.indexOf(from);
    t.true(place > 0, `${from} in ${name}`);
    changed.write(to, place);
    const put = async (what: Buffer): Promise<void> => {
      await writeFile(copy, what);
      await run("mcopy", ["-o", "-i", at, copy, name]);
    };
    await put(changed);
    return async () => await put(bytes);
  };
  const kernel = (await run("mdir", ["-b", "-i", at, "::/EFI/Linux"])).trim();
  const mend = await change(kernel, "panic=10", "panic=11");
  {
    await using guest = await start();
    await guest.line(/Error loading .*: Access denied/, soon());
    t.false(guest.lines.some((line) => started.test(line)));
  }
  await mend();
  await change("::/EFI/BOOT/BOOTX64.EFI", "Error loading", "error loading");
  {
    await using guest = await start();
    await guest.line(
      /failed to start .*(Access Denied|Security Violation)/,
      soon(),
    );
    t.false(guest.lines.some((line) => started.test(line)));
  }
});

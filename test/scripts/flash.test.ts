/** Putting an image onto a disk: which disks are offered, and what is written and read back. Needs root (loop devices). */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { FlashError, verifyDisk, writeImage } from "../../scripts/flashing.ts";
import { leastDisk, removableIn } from "../../scripts/removable-disk.ts";
import { temporaryFolder } from "../folder.ts";

const run = promisify(execFile);
const never = new AbortController().signal;

/** A disk of lsblk's, with what makes it another than a USB stick. */
function disk(changed: object): object {
  return {
    ...{ name: "sdb", path: "/dev/sdb", type: "disk", size: 15_931_539_456 },
    ...{ vendor: "SanDisk ", model: "Cruzer Blade    ", tran: "usb" },
    ...{ rm: true, hotplug: true, ro: false, mountpoints: [null] },
    ...changed,
  };
}

test("only whole disks that can be taken out are offered", (t) => {
  const json = JSON.stringify({
    blockdevices: [
      disk({
        children: [
          { name: "sdb1", mountpoints: ["/media/ada/PHOTOS"] },
          { name: "sdb2", mountpoints: [null] },
        ],
      }),
      disk({ name: "sdc", path: "/dev/sdc", rm: false, vendor: null }),
      disk({ name: "sdd", path: "/dev/sdd", size: 0 }),
      disk({ name: "sde", path: "/dev/sde", ro: true }),
      disk({ name: "sda", path: "/dev/sda", tran: "sata", rm: false }),
      disk({
        name: "nvme0n1",
        path: "/dev/nvme0n1",
        tran: "nvme",
        rm: false,
        hotplug: false,
      }),
      disk({ name: "sr0", path: "/dev/sr0", type: "rom" }),
      disk({
        name: "mmcblk0",
        path: "/dev/mmcblk0",
        tran: "mmc",
        rm: false,
        vendor: null,
        model: null,
      }),
    ],
  });
  t.deepEqual(removableIn(json), [
    {
      name: "sdb",
      path: "/dev/sdb",
      model: "SanDisk Cruzer Blade",
      size: 15_931_539_456,
      mounts: ["/media/ada/PHOTOS"],
    },
    {
      name: "sdc",
      path: "/dev/sdc",
      model: "Cruzer Blade",
      size: 15_931_539_456,
      mounts: [],
    },
    {
      name: "mmcblk0",
      path: "/dev/mmcblk0",
      model: "",
      size: 15_931_539_456,
      mounts: [],
    },
  ]);
  t.throws(() => removableIn('{"blockdevices": [{}]}'));
});

test("what this machine's own lsblk says is understood, and the disk that it runs from is not offered", async (t) => {
  const { stdout } = await run("lsblk", ["--json", "--bytes", "--output-all"]);
  for (const { mounts } of removableIn(stdout)) t.false(mounts.includes("/"));
  t.true((await leastDisk()) > 1.9e9);
});

/** A loop device over a file, gone at the end. */
async function loop(t: ExecutionContext, file: string): Promise<string> {
  const device = (
    await run("losetup", ["--find", "--show", file])
  ).stdout.trim();
  t.teardown(async () => await run("losetup", ["--detach", device]));
  return device;
}

test("an image is written and read back; a disk in use, one that is too small, and one that forgets are refused", async (t) => {
  t.timeout(60_000);
  await using folder = await temporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  const bytes = randomBytes(9 * 2 ** 20 + 512);
  await writeFile(file("image"), bytes);
  await writeFile(file("disk"), Buffer.alloc(32 * 2 ** 20, 7));
  const device = await loop(t, file("disk"));

  const steps: number[] = [];
  const digest = await writeImage(
    file("image"),
    device,
    (done) => steps.push(done),
    never,
  );
  t.is(digest, createHash("sha256").update(bytes).digest("hex"));
  t.is(steps.at(-1), bytes.length);
  t.true(steps.length >= 3, "the progress is told");
  await verifyDisk(device, bytes.length, digest, () => {}, never);
  const written = await readFile(file("disk"));
  t.true(written.subarray(0, bytes.length).equals(bytes));
  t.true(
    written.subarray(bytes.length).every((byte) => byte === 7),
    "nothing behind it is touched",
  );

  {
    await using backing = await open(file("disk"), "r+");
    await backing.write(Buffer.from([1, 2, 3]), 0, 3, 5_000_000);
    await backing.sync();
  }
  await t.throwsAsync(
    verifyDisk(device, bytes.length, digest, () => {}, never),
    { instanceOf: FlashError, message: /does not give back/ },
  );

  await writeFile(file("small"), Buffer.alloc(4 * 2 ** 20));
  const small = await loop(t, file("small"));
  await t.throwsAsync(
    writeImage(file("image"), small, () => {}, never),
    { instanceOf: FlashError, message: /took \d+ of \d+ bytes/ },
  );

  await run("mkfs.ext4", ["-q", device]);
  await mkdir(file("mounted"));
  await run("mount", [device, file("mounted")]);
  try {
    await t.throwsAsync(
      writeImage(file("image"), device, () => {}, never),
      { instanceOf: FlashError, message: /is in use/ },
    );
  } finally {
    await run("umount", [file("mounted")]);
  }
  t.true((await stat(file("mounted"))).isDirectory());
});

test("the command refuses a disk that cannot be taken out, and writes nothing", async (t) => {
  t.timeout(120_000);
  await using folder = await temporaryFolder();
  const file = join(folder.path, "disk");
  await writeFile(file, Buffer.alloc(2 ** 20, 7));
  const device = await loop(t, file);
  const said = await t.throwsAsync<Error & { stderr: string; code: number }>(
    run(process.execPath, [
      join(import.meta.dirname, "../../scripts/flash.ts"),
      device,
    ]),
  );
  t.is(said?.code, 1);
  t.regex(said?.stderr ?? "", /is not one of them/);
  t.true((await readFile(file)).every((byte) => byte === 7));
});

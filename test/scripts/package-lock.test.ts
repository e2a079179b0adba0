/** A build that is held to its packages: what stock apt makes of it, and what is said where it cannot be held. */
import { createHash } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import {
  expectLocked,
  PackageLockError,
  preferences,
  readPackageLock,
  renderPackageLock,
  snapshotName,
  snapshotSources,
} from "../../scripts/package-lock.ts";
import { run } from "../../scripts/process.ts";
import { temporaryFolder } from "../folder.ts";

const lock = {
  board: "qemu-x86-64",
  builder: {
    snapshot: "20261128T031500Z",
    packages: { mkosi: "25.3-7", oak: "1:1.0~rc1-1+b1" },
  },
  image: {
    snapshot: "20261128T040000Z",
    packages: { oak: "1:1.0~rc1-1+b1" },
  },
};

/** A package archive with two versions of oak and one of elm, and an apt that knows it alone. @returns its command line */
async function archive(folder: string): Promise<string[]> {
  const pool = join(folder, "pool");
  const suite = join(folder, "dists/trixie");
  const list = join(suite, "main/binary-amd64");
  for (const one of [pool, list, join(folder, "etc/preferences.d")])
    await mkdir(one, { recursive: true });
  let index = "";
  for (const [name, version] of [
    ["oak", "1:1.0~rc1-1+b1"],
    ["oak", "1:2.0-1"],
    ["elm", "3"],
  ] as const) {
    const tree = join(folder, `${name}-${version.length}`);
    await mkdir(join(tree, "DEBIAN"), { recursive: true });
    const control = `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: Ada <ada@example.org>\nDescription: a tree\n`;
    await writeFile(join(tree, "DEBIAN/control"), control);
    const file = join(pool, `${name}-${version.length}.deb`);
    await run("dpkg-deb", ["--root-owner-group", "--build", tree, file]);
    const digest = createHash("sha256").update(await readFile(file));
    index += `${control}Filename: pool/${name}-${version.length}.deb\nSize: ${(await stat(file)).size}\nSHA256: ${digest.digest("hex")}\n\n`;
  }
  await writeFile(join(list, "Packages"), index);
  const sum = createHash("sha256").update(index).digest("hex");
  await writeFile(
    join(suite, "Release"),
    `Suite: stable\nCodename: trixie\nComponents: main\nArchitectures: amd64\nSHA256:\n ${sum} ${index.length} main/binary-amd64/Packages\n`,
  );
  await writeFile(
    join(folder, "etc/sources.list"),
    `deb [trusted=yes] file:${folder} trixie main\n`,
  );
  for (const one of ["state/lists/partial", "cache/archives/partial"])
    await mkdir(join(folder, one), { recursive: true });
  await writeFile(join(folder, "status"), "");
  const settings = {
    "Dir::Etc": join(folder, "etc"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State": join(folder, "state"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Architecture": "amd64",
    "APT::Sandbox::User": "root",
  };
  return Object.entries(settings).flatMap(([name, value]) => [
    "-o",
    `${name}=${value}`,
  ]);
}

test("apt takes the version that is locked, though a newer one is there, and nothing that is not locked", async (t) => {
  await using folder = await temporaryFolder();
  const apt = await archive(folder.path);
  await run("apt-get", [...apt, "update"]);
  const planned = async (name: string): Promise<string> =>
    await run("apt-get", [...apt, "--simulate", "install", name]);
  t.regex(await planned("oak"), /Inst oak \(1:2\.0-1 /);
  await writeFile(
    join(folder.path, "etc/preferences.d/locked"),
    preferences(lock.image.packages),
  );
  t.regex(await planned("oak"), /Inst oak \(1:1\.0~rc1-1\+b1 /);
  await t.throwsAsync(planned("elm"), { message: /elm/ });
  await writeFile(
    join(folder.path, "etc/preferences.d/locked"),
    preferences({ oak: "1:9.0-1" }),
  );
  await t.throwsAsync(planned("oak"), { message: /oak/ });
});

test("what is not of the locked packages is named", (t) => {
  const locked = { ash: "1", elm: "3", oak: "2" };
  t.notThrows(() => expectLocked("image", locked, { ...locked }));
  const error = t.throws(
    () => expectLocked("image", locked, { elm: "4", oak: "2", yew: "1" }),
    { instanceOf: PackageLockError },
  );
  for (const words of [
    "elm is 4, and 3 is locked",
    "yew 1 is not locked",
    "ash is locked, and not there",
  ])
    t.true(error.message.includes(words), error.message);
  t.false(error.message.includes("oak"));
});

test("a lock is read as it was written; another board's, or none, is refused", async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "packages.lock");
  await writeFile(file, renderPackageLock(lock));
  t.deepEqual(await readPackageLock(file, "qemu-x86-64"), lock);
  for (const [text, board] of [
    [renderPackageLock(lock), "x86-64-efi"],
    ["{", "qemu-x86-64"],
    [
      renderPackageLock({
        ...lock,
        image: { ...lock.image, packages: { oak: "1\nPin-Priority: 1" } },
      }),
      "qemu-x86-64",
    ],
  ] as const) {
    await writeFile(file, text);
    await t.throwsAsync(readPackageLock(file, board), {
      instanceOf: PackageLockError,
    });
  }
});

test("snapshots are named and found as snapshot.debian.org has them", (t) => {
  t.is(snapshotName(Date.UTC(2026, 10, 28, 4, 0, 0, 7)), "20261128T040000Z");
  t.deepEqual(
    snapshotSources("https://snapshot.debian.org/archive/", "20261128T040000Z"),
    [
      "deb [check-valid-until=no] https://snapshot.debian.org/archive/debian/20261128T040000Z/ trixie main",
      "deb [check-valid-until=no] https://snapshot.debian.org/archive/debian/20261128T040000Z/ trixie-updates main",
      "deb [check-valid-until=no] https://snapshot.debian.org/archive/debian-security/20261128T040000Z/ trixie-security main",
    ],
  );
});

/** The mount under programs that were not written here: fio, stress-ng, dbench, git, tar. Needs FUSE. One after the other: each is more than a processor's work. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "ava";
import { mountBox } from "./mount-stand.ts";

/** A file that is deleted while somebody has it open stays hidden in its directory until it is closed, as in NFS (libfuse 2). */
const notYetClosed = /.* fail: .*rmdir .*errno=39 .*\n/g;

/** Stressors of the class that cannot say anything of this file system, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  "bind-mount": "hangs machines, says stress-ng itself",
  binderfs: "Android's, not in this kernel",
  fiemap: "asks where on a disk a file is",
  fsize: "takes it for a success that fallocate(2) is not supported",
  link: "there are no hard links: a block has one place",
  mknod: "devices and pipes are not for other boxes",
  procfs: "is about /proc",
  verity: "fs-verity is for file systems on disks",
};

test.serial(
  "what is written in the mount is in the tree, and the other way round",
  async (t) => {
    t.timeout(600_000);
    await using box = await mountBox();
    const { folder, client, run, coppice } = box;
    const body = randomBytes(3_000_000);
    await mkdir(join(folder, "photos"));
    await writeFile(join(folder, "photos/sea.jpg"), body);
    const got = await client.call(
      "GET",
      "/api/files/content?path=/photos/sea.jpg",
    );
    t.true(got.bytes.equals(body));
    await client.ok("PUT", "/api/files/content?path=/photos/door", body);
    t.true((await readFile(join(folder, "photos/door"))).equals(body));
    t.deepEqual(await readdir(join(folder, "photos")), ["door", "sea.jpg"]);
    const shell = (script: string): Promise<string> =>
      run("sh", ["-euc", script], folder);
    await shell(
      "cd photos; touch -d 2021-02-03T04:05:06Z sea.jpg; chmod 640 sea.jpg; chown 1000:100 sea.jpg; setfattr -n user.place -v Kiel sea.jpg; ln -s sea.jpg link; truncate -s 5 door; mv door window; mkdir a; mv a b; rmdir b",
    );
    await box.unmount();
    await box.mount();
    const { mode, uid, gid, size, mtimeMs } = await stat(
      join(folder, "photos/sea.jpg"),
    );
    t.deepEqual(
      [mode & 0o7777, uid, gid, size, mtimeMs],
      [0o640, 1000, 100, body.length, Date.UTC(2021, 1, 3, 4, 5, 6)],
    );
    t.regex(await shell("getfattr -d photos/sea.jpg"), /user\.place="Kiel"/);
    await shell("touch -a -d 2001-01-01T00:00:00Z photos/sea.jpg");
    t.is((await stat(join(folder, "photos/sea.jpg"))).mtimeMs, mtimeMs);
    await shell("touch -m -d 2022-02-03T04:05:06Z photos/sea.jpg");
    t.is(
      (await stat(join(folder, "photos/sea.jpg"))).mtimeMs,
      Date.UTC(2022, 1, 3, 4, 5, 6),
    );
    const before = Date.now();
    await shell("touch -m photos/sea.jpg");
    t.true((await stat(join(folder, "photos/sea.jpg"))).mtimeMs >= before);
    t.regex(
      await shell(
        "setfattr -n user.long -v $(head -c 5000 /dev/zero | tr '\\0' x) photos/sea.jpg; getfattr -d photos/sea.jpg",
      ),
      /user\.long="x{5000}"/,
    );
    t.is(await shell("readlink photos/link"), "sea.jpg\n");
    t.deepEqual(
      await readFile(join(folder, "photos/window")),
      body.subarray(0, 5),
    );
    t.regex(await coppice("tree", "verify"), /checked, 0 problems/);
    t.regex(
      await coppice("tree", "stat", "photos/sea.jpg"),
      /mode {6}0640, owner 1000:100/,
    );
    t.regex(await coppice("file", "versions", "/photos/window"), / 5 B /);
  },
);

test.serial(
  "fio: random and sequential, by system calls and by mmap, verified by sha256",
  async (t) => {
    t.timeout(600_000);
    await using box = await mountBox();
    for (const [rw, engine, size] of [
      ["write", "psync", "64m"],
      ["randwrite", "psync", "8m"],
      ["randrw", "psync", "8m"],
      ["randwrite", "mmap", "16m"],
      ["write", "mmap", "32m"],
    ]) {
      const output = await box.run(
        "fio",
        [
          `--name=${rw}-${engine}`,
          `--directory=${box.folder}`,
          `--rw=${rw}`,
          `--ioengine=${engine}`,
          `--size=${size}`,
          rw === "write" ? "--bs=128k" : "--bs=4k",
          "--verify=sha256",
          "--do_verify=1",
          "--verify_fatal=1",
          "--end_fsync=1",
        ],
        box.folder,
      );
      t.regex(output, /err= 0/, `${rw} ${engine}`);
    }
    t.regex(await box.coppice("tree", "verify"), /checked, 0 problems/);
  },
);

test.serial(
  "git and a compiler: a repository is cloned and checked, and built in the mount",
  async (t) => {
    t.timeout(600_000);
    await using box = await mountBox();
    const source = join(import.meta.dirname, "../../..");
    const shell = (script: string): Promise<string> =>
      box.run("bash", ["--norc", "-euo", "pipefail", "-c", script], box.folder);
    t.is(
      await shell(
        `git clone -q --no-hardlinks ${source} clone && cd clone && git fsck --no-progress --no-dangling && git status --porcelain`,
      ),
      "",
    );
    // The native half of the mount's own binding: sources, headers and objects all in the mount.
    const node = dirname(dirname(process.execPath));
    await shell(
      `cp -r ${source}/node_modules/@cocalc/fuse-native native && rm -rf native/build && cp -r ${source}/node_modules/napi-macros native/ && cd native && mkdir build && g++ --version >build/compiler && cc -shared -fPIC -O1 -DBUILDING_NODE_EXTENSION -D_FILE_OFFSET_BITS=64 -I${node}/include/node -Inapi-macros $(pkg-config --cflags-only-I fuse) -o build/fuse.node fuse-native.c $(pkg-config --libs fuse) -lpthread`,
    );
    t.regex(
      await shell(
        `${process.execPath} -e 'console.log(Object.keys(require("./native/build/fuse.node")).length > 40)'`,
      ),
      /true/,
    );
    t.regex(await box.coppice("tree", "verify"), /checked, 0 problems/);
  },
);

test.serial("tar | tar of 50,000 files, compared", async (t) => {
  t.timeout(1_500_000);
  await using box = await mountBox();
  const shell = (script: string): Promise<string> =>
    box.run("bash", ["--norc", "-euo", "pipefail", "-c", script], box.folder);
  await shell(
    `mkdir ../source; cd ../source; for d in {1..500}; do mkdir $d; for f in {1..100}; do printf '%0*d' $((f * 7)) $d >$d/$f; done; done; chmod 600 7/*; ln -s 7/7 link`,
  );
  await shell(`mkdir copy; tar cf - -C ../source . | tar xf - -C copy`);
  await box.unmount();
  await box.mount();
  await shell(`mkdir ../back; tar cf - -C copy . | tar xf - -C ../back`);
  await shell(`diff -r --no-dereference ../source ../back`);
  for (const folder of ["source", "back"])
    await shell(
      `cd ../${folder}; find . -type f -printf '%P %m %s %T@\n' | cut -d. -f1 | sort >../${folder}.list`,
    );
  t.is(Number(await shell("wc -l <../source.list")), 50_000);
  await shell("cmp ../source.list ../back.list");
  t.regex(await box.coppice("tree", "verify"), /checked, 0 problems/);
});

test.serial("dbench with eight clients", async (t) => {
  t.timeout(600_000);
  await using box = await mountBox();
  const bench = await box.run("dbench", ["-t", "15", "-D", box.folder, "8"]);
  t.regex(bench, /Throughput [\d.]+ MB\/sec/);
  t.notRegex(bench, /ERROR/);
  t.regex(await box.coppice("tree", "verify"), /checked, 0 problems/);
});

test.serial("stress-ng's file system class, with its own checks", async (t) => {
  t.timeout(600_000);
  await using box = await mountBox();
  const told = await box
    .run("stress-ng", ["--class", "filesystem?"])
    .catch(({ stdout, stderr }: { stdout: string; stderr: string }) =>
      [stdout, stderr].join(""),
    );
  const all = /stressors?: (.*)/.exec(told)?.[1]?.trim().split(/\s+/) ?? [];
  t.true(all.length > 40, told);
  for (const name of all.filter((one) => !(one in elsewhere))) {
    const output = await box.run("stress-ng", [
      `--${name}`,
      "1",
      "--timeout",
      "1",
      "--verify",
      "--temp-path",
      box.folder,
    ]);
    t.regex(output, / successful run/, `${name}: ${output}`);
    // It ends with success also where a check failed.
    t.notRegex(
      output.replace(notYetClosed, ""),
      / fail: |skipp/,
      `${name}: ${output}`,
    );
  }
  t.regex(await box.coppice("tree", "verify"), /checked, 0 problems/);
});

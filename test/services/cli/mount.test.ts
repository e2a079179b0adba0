/** The mount under programs that were not written here: fio, stress-ng, dbench, git, tar. Needs FUSE. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { mountBox } from "./mount-stand.ts";

test("what is written in the mount is in the tree, and the other way round", async (t) => {
  t.timeout(120_000);
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
});

test("fio: random and sequential, by system calls and by mmap, verified by sha256", async (t) => {
  t.timeout(170_000);
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
});

test("git and tar: a repository is cloned and checked, a tree of many files is copied and compared", async (t) => {
  t.timeout(170_000);
  await using box = await mountBox();
  const source = join(import.meta.dirname, "../../..");
  const shell = (script: string): Promise<string> =>
    box.run("bash", ["-euo", "pipefail", "-c", script], box.folder);
  await shell(
    `git clone -q --no-hardlinks ${source} clone && cd clone && git fsck --no-progress && git status --porcelain`,
  );
  await shell(
    `mkdir copy && tar cf - -C clone . | tar xf - -C copy && diff -r --no-dereference clone copy`,
  );
  t.regex(await box.coppice("tree", "verify"), /checked, 0 problems/);
});

test("dbench with eight clients, and stress-ng's file system stressors with their own checks", async (t) => {
  t.timeout(170_000);
  await using box = await mountBox();
  const bench = await box.run("dbench", ["-t", "15", "-D", box.folder, "8"]);
  t.regex(bench, /Throughput [\d.]+ MB\/sec/);
  t.notRegex(bench, /ERROR/);
  const stressors = [
    "dentry",
    "dir",
    "dirdeep",
    "filename",
    "fstat",
    "getdent",
    "rename",
    "symlink",
    "xattr",
  ];
  for (const name of stressors) {
    const output = await box.run("stress-ng", [
      `--${name}`,
      "1",
      `--${name}-ops`,
      "50",
      "--timeout",
      "10",
      "--verify",
      "--temp-path",
      box.folder,
    ]);
    t.regex(output, /successful run|passed: [1-9]/, `${name}: ${output}`);
  }
  t.regex(await box.coppice("tree", "verify"), /checked, 0 problems/);
});

/** Real LUKS2 containers and swtpm; what is left of them is looked at by cryptsetup and tpm2-tools, and byte by byte. */
import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { open, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import {
  carryOut,
  clearTpm,
  destroyKeys,
  ResetFolder,
  wordsOf,
} from "../../provisioning/factory-reset.ts";
import { endorsementKey } from "../../services/identity/tpm/templates.ts";
import { temporaryFolder } from "../folder.ts";
import { TpmStand } from "../services/identity/tpm-stand.ts";

const run = promisify(execFile);
const passphrases = ["a first passphrase", "another one"] as const;
const mebibyte = 2 ** 20;

/** A file that is a LUKS2 device with two key slots and a mebibyte of random data. */
async function luks(path: string, uuid: string): Promise<void> {
  await writeFile(path, "");
  await truncate(path, 24 * mebibyte);
  const quick = ["--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000"];
  const keys = passphrases.map((_, index) => `${path}.key${index}`);
  for (const [index, key] of keys.entries())
    await writeFile(key, passphrases[index] as string);
  const [first = "", second = ""] = keys;
  await run("cryptsetup", [
    ...["luksFormat", "--batch-mode", "--type=luks2", `--uuid=${uuid}`],
    ...[...quick, path, first],
  ]);
  await run("cryptsetup", [
    ...["luksAddKey", "--batch-mode", ...quick, `--key-file=${first}`],
    ...[path, second],
  ]);
  await using file = await open(path, "r+");
  await file.write(randomBytes(mebibyte), 0, mebibyte, 20 * mebibyte);
}

/** What stands in a file that is random, and so nowhere else by chance. */
async function randomPieces(path: string): Promise<Set<string>> {
  const bytes = await readFile(path);
  const pieces = new Set<string>();
  for (let at = 0; at < bytes.length; at += 64) {
    const piece = bytes.subarray(at, at + 64);
    if (new Set(piece).size > 40) pieces.add(piece.toString("latin1"));
  }
  return pieces;
}

async function opens(path: string, key: string): Promise<boolean> {
  return await run("cryptsetup", [
    ...["open", "--test-passphrase", `--key-file=${key}`, path],
  ]).then(
    () => true,
    () => false,
  );
}

test("a disk whose keys are destroyed opens no more, and nothing of them is on it", async (t) => {
  await using folder = await temporaryFolder();
  const disk = join(folder.path, "disk");
  await luks(disk, randomUUID());
  t.true(await opens(disk, `${disk}.key0`));
  t.true(await opens(disk, `${disk}.key1`));
  const before = await randomPieces(disk);
  const data = mebibyte / 64;
  t.true(before.size > data + 7000, "the key slots' material, and the data");
  // As where the power went in its midst: the slots are erased, and the header is there still.
  await run("cp", [disk, `${disk}-cut`]);
  await run("cryptsetup", ["erase", "--batch-mode", `${disk}-cut`]);
  await destroyKeys(`${disk}-cut`);
  await t.throwsAsync(run("cryptsetup", ["isLuks", `${disk}-cut`]));
  t.true((await randomPieces(`${disk}-cut`)).isSubsetOf(before));
  await destroyKeys(disk);
  const after = await randomPieces(disk);
  t.true(after.size <= data, "nothing but data is left");
  t.true(after.isSubsetOf(before), "and nothing was put there");
  t.false(await opens(disk, `${disk}.key0`));
  await t.throwsAsync(run("cryptsetup", ["luksDump", disk]));
  await destroyKeys(disk);
  t.deepEqual(await randomPieces(disk), after, "done again it does no harm");
});

test("a TPM that was cleared opens nothing that it sealed, and is the same TPM", async (t) => {
  await using stand = await TpmStand.start();
  await stand.tool("tpm2_createprimary", "-C", "o", "-c", "primary.ctx");
  await stand.tool(
    ...(["tpm2_evictcontrol", "-C", "o", "-c", "primary.ctx"] as const),
    "0x81000001",
  );
  await stand.tool("tpm2_flushcontext", "-t");
  await using tpm = await stand.openTpm();
  const sealed = await tpm.seal(Buffer.from("a secret"));
  t.is(String(await tpm.unseal(sealed)), "a secret");
  const endorsement = endorsementKey("p256");
  const before = await tpm.endorsementPublic(endorsement);
  t.is(await clearTpm(tpm), "cleared");
  t.false(await tpm.holds(sealed));
  t.is((await stand.tool("tpm2_getcap", "handles-persistent")).trim(), "");
  t.deepEqual(await tpm.endorsementPublic(endorsement), before);
  t.is(String(await tpm.unseal(await tpm.seal(Buffer.from("new")))), "new");
});

test("a firmware that forbids to clear the TPM is named, and the disks' keys are destroyed all the same", async (t) => {
  await using stand = await TpmStand.start();
  await stand.tool("tpm2_clearcontrol", "-C", "l", "s");
  const [kept, erased, gone] = [randomUUID(), randomUUID(), randomUUID()];
  const path = (name: string): string => stand.path(name);
  await luks(path("state"), randomUUID());
  await luks(path("kept"), kept);
  for (const name of ["erased", "copy"]) await luks(path(name), erased);
  await using tpm = await stand.openTpm();
  await using folder = await temporaryFolder();
  const notes = new ResetFolder(folder.path);
  const request = { asked: 1, disks: [erased, gone] };
  const targets = {
    state: path("state"),
    disks: async (uuid: string) =>
      uuid === erased ? [path("erased"), path("copy")] : [],
    tpm,
  };
  const report = await carryOut(request, targets, notes);
  t.deepEqual(await notes.report(), report);
  t.like(report, {
    asked: 1,
    state: 2,
    disks: [
      { uuid: erased, slots: 4 },
      { uuid: gone, slots: null },
    ],
    failure: null,
  });
  t.not(report.tpm, "cleared");
  t.true(await opens(path("kept"), path("kept.key0")));
  for (const name of ["state", "erased", "copy"])
    t.false(await opens(path(name), path(`${name}.key0`)));
  const words = wordsOf(report).join("\n");
  t.regex(words, /own storage: its 2 key slots are destroyed/);
  t.regex(words, new RegExp(`${gone} was not there`));
  t.regex(words, /TPM was not cleared/);
  // The power went before the request was withdrawn: the next boot finds nothing, and says what the first one destroyed.
  const second = await carryOut(request, targets, notes);
  t.deepEqual({ ...second, at: 0 }, { ...report, at: 0 });
  t.is((await carryOut({ ...request, asked: 2 }, targets, notes)).state, 0);
});

test("a disk that does not let its keys be destroyed is not said to have lost them", async (t) => {
  await using folder = await temporaryFolder();
  const [good, bad] = [join(folder.path, "good"), join(folder.path, "bad")];
  const uuid = randomUUID();
  await luks(good, randomUUID());
  await luks(bad, uuid);
  const loop = (
    await run("losetup", ["--find", "--show", "--read-only", bad])
  ).stdout.trim();
  t.teardown(async () => await run("losetup", ["--detach", loop]));
  const notes = new ResetFolder(folder.path);
  const report = await carryOut(
    { asked: 1, disks: [uuid] },
    { state: good, disks: async () => [loop], tpm: undefined },
    notes,
  );
  t.like(report, { state: 0, disks: [{ uuid, slots: 0 }] });
  t.truthy(report.failure);
  t.deepEqual(await notes.report(), report);
  t.true(await opens(bad, `${bad}.key0`));
  t.true(await opens(good, `${good}.key0`), "the box still starts");
});

test("a request that nobody made is refused", async (t) => {
  await using folder = await temporaryFolder();
  const notes = new ResetFolder(folder.path);
  t.is(await notes.asked(), undefined);
  await notes.ask({ asked: 7, disks: [] });
  t.deepEqual(await notes.asked(), { asked: 7, disks: [] });
  await notes.withdraw();
  t.is(await notes.asked(), undefined);
  await writeFile(join(folder.path, "reset.json"), '{"disks": "all"}');
  await t.throwsAsync(notes.asked());
});

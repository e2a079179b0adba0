import type { ExecutionContext } from "ava";
import { run } from "../../scripts/process.ts";
import { countOnDisk, keyMaterial } from "./key-material.ts";
import type { Machine, Running } from "./machine.ts";

/**
 * Resets a claimed box, with a power cut before its end: it is nobody's again, and nothing of its keys is on its disk.
 * @param others disks that are plugged in beside its own, which stay as they are: its data disk, a clone of its system disk
 */
export async function expectNobodys(
  t: ExecutionContext,
  machine: Machine,
  box: Running,
  password: string,
  others: string[],
): Promise<void> {
  const disk = machine.systemDisk;
  const [, clone = ""] = others;
  const digest = async (): Promise<string> => await run("sha256sum", [clone]);
  const cloned = await digest();
  const material = await keyMaterial(disk);
  t.true((await countOnDisk(disk, material)) >= material.length);
  const reset = async (name: string, word: string): Promise<number> => {
    const body = { password: word, name, eraseDisks: false };
    return (await box.client.call("POST", "/api/reset", body)).status;
  };
  t.is(await reset("birch", password), 409, "another box's name");
  t.is(await reset("coppice", "a guess at it"), 401);
  t.is(await reset("coppice", password), 202);
  await box.guest.line(/own storage: its/, AbortSignal.timeout(600_000));
  await box.guest.pullPlug();

  await using fresh = await machine.boot({ dataDisks: others });
  const { client } = fresh;
  t.is(await countOnDisk(disk, material), 0);
  t.regex(fresh.code(), /^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
  t.deepEqual(await client.ok("GET", "/api/session"), {
    claimed: false,
    access: "none",
  });
  await client.ok("POST", "/api/setup/code", { code: fresh.code() });
  const [outcome] = await client.ok("GET", "/api/setup/reset");
  t.false(outcome.failed);
  const words = outcome.words.join("\n");
  t.regex(
    words,
    /own storage: its (key slot is|[2-9] key slots are) destroyed/,
  );
  t.regex(words, /TPM: cleared/);
  const disks = (await client.ok("GET", "/api/setup/disks")) as {
    name: string;
    contents: string[];
  }[];
  t.deepEqual(disks.find(({ name }) => name === "BIRCH1")?.contents, [
    'encrypted (LUKS) "coppice-data"',
  ]);
  await fresh.guest.powerOff();
  t.is(await digest(), cloned, "the clone is as it was");
}

import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { run } from "../../scripts/process.ts";
import { countOnDisk, keyMaterial } from "./key-material.ts";
import type { Machine } from "./machine.ts";
import { openRecovery } from "./recovery.ts";
import { expectShutElsewhere } from "./theft.ts";

/**
 * Gives a claimed box that is off another TPM: its recovery comes by itself, and resets it, with a power cut before its end. It is
 * nobody's again, nothing of its keys is on its disk, and its data disk is another's here.
 * @param clone of its system disk, plugged in beside it, which stays as it is
 */
export async function expectNobodys(
  t: ExecutionContext,
  machine: Machine,
  clone: string,
  recoveryKey: string,
): Promise<void> {
  const disk = machine.systemDisk;
  const digest = async (): Promise<string> => await run("sha256sum", [clone]);
  const cloned = await digest();
  const material = await keyMaterial(disk);
  t.true((await countOnDisk(disk, material)) >= material.length);
  await machine.replaceTpm();
  {
    await using box = await machine.boot({
      dataDisks: [machine.dataDisk, clone],
    });
    const { client } = box;
    const found = await openRecovery(t, box);
    t.like(found, { opens: false, claimed: false, dataDisks: 1 });
    const password = await client.call("POST", "/api/recovery/password", {
      password: "a password for nobody",
    });
    t.is(password.json.type, "closed");
    const reset = async (name: string): Promise<number> =>
      (
        await client.call("POST", "/api/recovery/reset", {
          name,
          eraseDisks: false,
        })
      ).status;
    t.is(await reset("birch"), 409, "another box's name");
    t.is(await reset(found.hostname), 202);
    await box.guest.line(/own storage: its/, AbortSignal.timeout(600_000));
    await box.guest.pullPlug();
  }

  const own = join(machine.folder, "own.raw");
  await writeFile(own, "");
  await truncate(own, 2 * 2 ** 30);
  await using fresh = await machine.boot({
    dataDisks: [own, machine.dataDisk, clone],
  });
  const { client } = fresh;
  t.is(await countOnDisk(disk, material), 0);
  t.regex(fresh.code(), /^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
  t.deepEqual(await client.ok("GET", "/api/session"), {
    claimed: false,
    access: "none",
    passkeys: false,
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
  await expectShutElsewhere(t, fresh, recoveryKey);
  await fresh.guest.powerOff();
  t.is(await digest(), cloned, "the clone is as it was");
}

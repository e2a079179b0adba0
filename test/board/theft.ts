import { truncate, writeFile } from "node:fs/promises";
import type { ExecutionContext } from "ava";
import { Machine } from "./machine.ts";

const owner = { name: "Ada", password: "correct horse battery" };

/** Moves a box's data disk to a machine with another TPM: it stays shut there, and the recovery key opens it. */
export async function expectShutElsewhere(
  t: ExecutionContext,
  dataDisk: string,
  recoveryKey: string,
): Promise<void> {
  await using thief = await Machine.create(() => {});
  // The thief's own disk comes first, so the stolen one is BIRCH2 there.
  const own = `${thief.folder}/own.raw`;
  await writeFile(own, "");
  await truncate(own, 2 * 2 ** 30);
  await using box = await thief.boot({ dataDisks: [own, dataDisk] });
  const { client } = box;
  await client.ok("POST", "/api/setup/code", { code: box.code() });
  const disks = (await client.ok("GET", "/api/setup/disks")) as {
    name: string;
    contents: string[];
  }[];
  t.deepEqual(
    disks.map(({ name, contents }) => [name, contents]),
    [
      ["BIRCH1", []],
      ["BIRCH2", ['encrypted (LUKS) "coppice-data"']],
    ],
  );
  await client.claim(box.code(), "BIRCH1", owner);
  // The kernel may find either disk first.
  const { output } = await client.shell(
    owner.password,
    "lsblk -dnpo NAME,SERIAL",
  );
  const stolen = /(\/dev\/\w+)\s+BIRCH2/.exec(output)?.[1] ?? "not found";
  const tpm = await client.shell(
    owner.password,
    `systemd-cryptsetup attach stolen ${stolen} - tpm2-device=auto,headless=yes 2>&1`,
  );
  t.not(tpm.status, 0, tpm.output);
  const wrong = await client.shell(
    owner.password,
    `printf %s ${recoveryKey.replace(/./, (letter) => (letter === "c" ? "b" : "c"))} | cryptsetup open --key-file - ${stolen} stolen 2>&1`,
  );
  t.not(wrong.status, 0, wrong.output);
  const right = await client.shell(
    owner.password,
    `printf %s ${recoveryKey} | cryptsetup open --key-file - ${stolen} stolen && mkdir -p /tmp/stolen && mount /dev/mapper/stolen /tmp/stolen && ls /tmp/stolen/store/packs`,
  );
  t.is(right.status, 0, right.output);
  t.regex(right.output, /\d{8}\.pack/);
}

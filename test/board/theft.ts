import type { ExecutionContext } from "ava";
import type { Running } from "./machine.ts";

const owner = { name: "Eve", password: "correct horse battery" };

/** Sees that another box's data disk, which is BIRCH2 on this unclaimed one, stays shut here, and that its recovery key opens it. */
export async function expectShutElsewhere(
  t: ExecutionContext,
  box: Running,
  recoveryKey: string,
): Promise<void> {
  const { client } = box;
  const disks = (await client.ok("GET", "/api/setup/disks")) as {
    name: string;
    contents: string[];
  }[];
  t.deepEqual(
    disks.slice(0, 2).map(({ name, contents }) => [name, contents]),
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

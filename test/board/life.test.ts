/** Needs root (network namespaces) and QEMU; about half an hour without hardware virtualisation. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { ensureImage } from "../../scripts/image.ts";
import { developmentKeys } from "../../scripts/keys.ts";
import { freePort } from "../../scripts/local-services.ts";
import { run } from "../../scripts/process.ts";
import { smbclient } from "../network-drive.ts";
import { digest } from "../update-set.ts";
import { expectDrive } from "./life-drive.ts";
import { goOn, startFirst } from "./life-start.ts";
import { expectMended, expectSound } from "./life-system.ts";
import { expectUpdated } from "./life-update.ts";
import { Machine } from "./machine.ts";
import { digestOf, names, signIn } from "./owner.ts";
import { expectOldOrNew } from "./power-cuts.ts";
import { step } from "./step.ts";
import { shellOf } from "./tools.ts";
import { setOf, writeStick } from "./update-source.ts";
import { WriteLog } from "./write-log.ts";

test("a box's life: versions that do not work, first boot on its own network, power cuts in setup and upload, byte flips, a clone of its system disk, updates", async (t) => {
  t.timeout(60 * 60_000);
  await using machine = await Machine.create(() => {});
  const code = await startFirst(t, machine);
  const body = await goOn(t, machine, code);

  step(
    t,
    "third boot: the file is there, the cut one is not; the system is what it should be; bytes are flipped",
  );
  const clone = await machine.cloneSystemDisk();
  const cloned = await run("sha256sum", [clone]);
  const stick = join(machine.folder, "stick.raw");
  await writeStick(
    stick,
    await ensureImage("qemu-x86-64", { version: "0.2.0" }),
    await developmentKeys(),
    "It is greener.",
  );
  const writeLog = join(machine.folder, "writes");
  await writeFile(writeLog, "");
  const before = await machine.cloneSystemDisk("before.raw");
  await using log = await WriteLog.open(writeLog);
  const port = await freePort();
  await using box = await machine.boot({
    drivePort: port,
    writeLog,
    dataDisks: [machine.dataDisk, clone],
    sticks: [stick],
  });
  const { client } = box;
  t.is(box.code(), "", "a claimed box shows no code");
  await signIn(client);
  t.deepEqual(await names(client), ["photo.jpg"]);
  t.is(await digestOf(client, "/photo.jpg"), digest(body));
  const shell = shellOf(t, client);
  await expectSound(t, client, shell);
  const mended = await expectMended(t, client, shell, body);
  const { folder } = machine;
  const password = await expectDrive(t, client, shell, { port, folder }, body);
  const written = await expectUpdated(t, machine, client, shell, {
    stick,
    log,
  });
  t.is(await run("sha256sum", [clone]), cloned, "the clone is as it was");
  step(t, "power cuts while it was written");
  await expectOldOrNew(t, {
    ...written,
    log: writeLog,
    disk: before,
    set: setOf(stick),
  });
  step(t, "everything is there");
  for (;;) {
    const seen = await smbclient(folder, port, password, "ls");
    if (/photo\.jpg/.test(seen)) break;
  }
  t.is(await digestOf(client, "/photo.jpg"), digest(body));
  t.true((await client.ok("GET", "/api/status")).storage.mended >= mended);

  // Not by the terminal itself, which goes with the box.
  await shell("systemd-run -q --on-active=5 coppice power power-off");
  await box.guest.ended;
});

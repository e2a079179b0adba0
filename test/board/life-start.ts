import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { ExecutionContext } from "ava";
import { ensureImage } from "../../scripts/image.ts";
import { BoxClient } from "../box-client.ts";
import { Household } from "./household.ts";
import { addDeadVersions, removeDeadVersions } from "./kernels.ts";
import type { Machine } from "./machine.ts";
import { owner } from "./owner.ts";
import { leaveUnfinished } from "./power-cuts.ts";
import { opensWith } from "./recovery-key.ts";
import { step } from "./step.ts";

/** First start of a box, past versions that do not work, with what cuts left on its ESP; on its LAN; power goes in its setup. @returns its setup code */
export async function startFirst(
  t: ExecutionContext,
  machine: Machine,
): Promise<string> {
  let code: string;
  step(
    t,
    "versions that do not work, and the way back; then what a household's computer sees on the LAN port",
  );
  await machine.prepare();
  await addDeadVersions(await ensureImage("qemu-x86-64"), machine.systemDisk);
  await leaveUnfinished(machine.systemDisk);
  {
    await using household = await Household.create();
    await using box = await machine.boot({ lan: household });
    for (const end of [
      /watchdog0: watchdog did not stop!/,
      /Failed to start coppice-health/,
      /Kernel panic - not syncing/,
      /Dependency failed for sysroot\.mount/,
    ])
      await box.guest.line(end, AbortSignal.timeout(1000));
    t.regex(box.code(), /^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
    const address = await household.lease();
    t.regex(address, /^192\.168\.77\.1\d\d$/);
    t.is(
      (
        await household.run(
          "dig",
          "+short",
          "+tries=9",
          "@192.168.77.1",
          "coppice.home.arpa",
        )
      ).trim(),
      "192.168.77.1",
    );
    t.is(
      (await household.script("mdns.ts", "coppice.local", address)).trim(),
      "192.168.77.1",
    );
    const session = await household.run(
      "curl",
      "-sk",
      "--max-time",
      "300",
      "--resolve",
      "coppice.local:443:192.168.77.1",
      "https://coppice.local/api/session",
    );
    t.deepEqual(JSON.parse(session), {
      claimed: false,
      access: "none",
      passkeys: false,
    });
    const certificate = await household.run(
      "sh",
      "-c",
      "openssl s_client -connect 192.168.77.1:443 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256",
    );
    const shown = await box.guest.line(
      /Certificate SHA-256: (\S+)/,
      AbortSignal.timeout(1000),
    );
    t.true(certificate.includes(shown[1] ?? "nothing"));
    for (const port of [22, 80, 5355, 8443])
      await t.throwsAsync(
        household.run(
          "curl",
          "-sk",
          "--max-time",
          "10",
          `https://192.168.77.1:${port}/`,
        ),
        undefined,
        `port ${port} is closed`,
      );

    step(t, "a setup from there, that loses power while the disk is prepared");
    await using client = new BoxClient(
      "https://192.168.77.1",
      await household.relay(machine.folder),
    );
    code = box.code();
    await client.ok("POST", "/api/setup/code", { code });
    await client.ok("POST", "/api/setup/owner", owner);
    const [disk] = await client.ok("GET", "/api/setup/disks");
    t.like(disk, {
      name: "BIRCH1",
      model: "Coppice Emulated",
      size: 8 * 2 ** 30,
      contents: [],
    });
    await client.ok("POST", "/api/setup/disk", {
      id: disk.id,
      name: disk.name,
    });
    for await (const progress of client.events("/api/setup/events"))
      if (progress.work?.done >= 2) break;
    await box.guest.pullPlug();
  }

  t.deepEqual(
    await removeDeadVersions(machine.systemDisk),
    [
      "coppice_0.1.0.efi",
      ...["9.1", "9.2", "9.3", "9.4"].map((dead) => `coppice_${dead}+0-1.efi`),
    ],
    "each was tried once, and is not tried again; what a cut left is gone, and what runs has its name",
  );
  return code;
}

/** The setup goes on, a file is kept as photo.jpg, and power goes in the next upload. @returns the file's bytes */
export async function goOn(
  t: ExecutionContext,
  machine: Machine,
  code: string,
): Promise<Buffer> {
  step(
    t,
    "second boot: the setup goes on, a file is kept, power goes during the next upload",
  );
  const body = randomBytes(9 * 2 ** 20);
  let recoveryKey: string;
  {
    await using box = await machine.boot();
    t.is(box.code(), code, "the code stays until the claim");
    await box.client.ok("POST", "/api/setup/code", { code });
    t.is((await box.client.ok("GET", "/api/setup")).step, "network");
    t.false((await box.client.ok("GET", "/api/session")).claimed);
    const [disk] = await box.client.ok("GET", "/api/setup/disks");
    t.deepEqual(
      disk.contents,
      ['encrypted (LUKS) "coppice-data"'],
      "what is on it is told",
    );
    await box.client.prepareDisk("BIRCH1");
    recoveryKey = await box.client.confirmRecoveryKey();
    await box.client.ok("POST", "/api/setup/root-key", {
      passphrase: "a passphrase for tests",
    });
    await box.client.ok("POST", "/api/setup/root-key/confirm");
    await box.client.ok("POST", "/api/setup/finish");
    const info = await box.client.ok(
      "PUT",
      "/api/files/content?path=/photo.jpg",
      body,
    );
    t.like(info, { size: body.length, version: 1 });
    let sent = 0;
    const endless = Readable.from(
      (async function* () {
        for (;;) {
          yield randomBytes(65536);
          sent += 65536;
          if (sent > 6 * 2 ** 20) await box.guest.pullPlug();
        }
      })(),
    );
    await t.throwsAsync(
      box.client.call("PUT", "/api/files/content?path=/cut.bin", endless, {
        "content-length": String(2 ** 30),
      }),
    );
    t.true(
      await opensWith(machine.dataDisk, recoveryKey),
      "stock cryptsetup opens the disk with the recovery key",
    );
    t.false(
      await opensWith(
        machine.dataDisk,
        recoveryKey.replace(/./, (letter) => (letter === "c" ? "b" : "c")),
      ),
    );
  }

  return body;
}

import { join } from "node:path";
import test from "ava";
import { countOnDisk, keyMaterial } from "./key-material.ts";
import { Machine } from "./machine.ts";

const owner = { name: "Ada", password: "correct horse battery" };
test("reset", async (t) => {
  t.timeout(40 * 60_000);
  await using machine = await Machine.create((line) => console.log(line));
  const systemDisk = join(machine.folder, "system.raw");
  let material: Buffer[];
  let before: string;
  {
    await using box = await machine.boot();
    before = box.code();
    await box.client.claim(before, "BIRCH1", owner);
    console.log(
      (
        await box.client.shell(
          owner.password,
          "systemctl status coppice-reset --no-pager; journalctl -b -u systemd-repart -u systemd-tpm2-setup -u systemd-tpm2-setup-early --no-pager; systemd-analyze blame --no-pager | head -20; ls /efi/coppice; systemctl show coppice-host -p ReadWritePaths",
        )
      ).output,
    );
    material = await keyMaterial(systemDisk);
    console.log(
      "material",
      material.length,
      await countOnDisk(systemDisk, material),
    );
    console.log(
      await box.client.call("POST", "/api/reset", {
        password: owner.password,
        name: "birch",
        eraseDisks: false,
      }),
    );
    console.log(
      await box.client.call("POST", "/api/reset", {
        password: "wrong one here",
        name: "coppice",
        eraseDisks: false,
      }),
    );
    await box.client.ok("POST", "/api/reset", {
      password: owner.password,
      name: "coppice",
      eraseDisks: false,
    });
    await box.guest.line(/own storage: its/, AbortSignal.timeout(600_000));
    await box.guest.pullPlug();
  }
  {
    await using box = await machine.boot();
    const { client } = box;
    t.deepEqual(await client.ok("GET", "/api/session"), {
      claimed: false,
      access: "none",
    });
    t.not(box.code(), before);
    await client.ok("POST", "/api/setup/code", { code: box.code() });
    console.log(
      await client.ok("GET", "/api/setup/reset"),
      await client.ok("GET", "/api/setup/disks"),
    );
    const left = await countOnDisk(systemDisk, material);
    console.log("left", left);
    t.is(left, 0);
    await box.client.claim(box.code(), "BIRCH1", owner);
    console.log(
      (
        await box.client.shell(
          owner.password,
          "systemctl --failed --no-pager; journalctl -b -p warning --no-pager | tail -40; ls /efi/coppice; cat /efi/coppice/*.json",
        )
      ).output,
    );
  }
});

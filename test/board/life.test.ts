/** Needs root (network namespaces) and QEMU; about twenty minutes without hardware virtualisation. */
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import test from "ava";
import { ensureImage } from "../../scripts/image.ts";
import { developmentKeys } from "../../scripts/keys.ts";
import { freePort } from "../../scripts/local-services.ts";
import { probe } from "../../scripts/probe.ts";
import { run } from "../../scripts/process.ts";
import { BoxClient } from "../box-client.ts";
import { until } from "../network/until.ts";
import { smbclient } from "../network-drive.ts";
import { Household } from "./household.ts";
import { addDeadVersions, removeDeadVersions } from "./kernels.ts";
import { Machine } from "./machine.ts";
import { expectOldOrNew, leaveUnfinished } from "./power-cuts.ts";
import { opensWith } from "./recovery-key.ts";
import {
  handedOn,
  install,
  lookFor,
  setOf,
  UpdateSource,
  updatesWhen,
  writeStick,
} from "./update-source.ts";
import { WriteLog } from "./write-log.ts";

const owner = { name: "Ada", password: "correct horse battery" };
const sha256 = (bytes: Buffer): string =>
  createHash("sha256").update(bytes).digest("hex");

/** Signs in, and resolves when the storage answers: the pages do so a moment earlier. */
async function signIn(client: BoxClient): Promise<void> {
  await client.ok("POST", "/api/session", owner);
  for await (const { storage } of client.events("/api/status/events"))
    if (storage?.disk) return;
}

async function names(client: BoxClient): Promise<string[]> {
  const { entries } = (await client.ok("GET", "/api/files")) as {
    entries: { name: string }[];
  };
  return entries.map(({ name }) => name);
}

test("a box's life: versions that do not work, first boot on its own network, power cuts in setup and upload, byte flips, a clone of its system disk, updates", async (t) => {
  t.timeout(60 * 60_000);
  await using machine = await Machine.create(() => {});

  t.log(
    "versions that do not work, and the way back; then what a household's computer sees on the LAN port",
  );
  let code: string;
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
    t.deepEqual(JSON.parse(session), { claimed: false, access: "none" });
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

    t.log("a setup from there, that loses power while the disk is prepared");
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
  t.log(
    "second boot: the setup goes on, a file is kept, power goes during the next upload",
  );
  const body = randomBytes(24 * 2 ** 20);
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
          if (sent > 16 * 2 ** 20) await box.guest.pullPlug();
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

  let mended = 0;
  const drivePort = await freePort();
  let drivePassword: string;
  t.log(
    "third boot: the file is there, the cut one is not; the system is what it should be; bytes are flipped",
  );
  {
    const clone = await machine.cloneSystemDisk();
    const keys = await developmentKeys();
    const next = await ensureImage("qemu-x86-64", { version: "0.2.0" });
    const stick = join(machine.folder, "stick.raw");
    await writeStick(stick, next, keys, "It is greener.");
    const digest = async (): Promise<string> => await run("sha256sum", [clone]);
    const cloned = await digest();
    const writeLog = join(machine.folder, "writes");
    await writeFile(writeLog, "");
    const before = await machine.cloneSystemDisk("before.raw");
    await using log = await WriteLog.open(writeLog);
    await using box = await machine.boot({
      drivePort,
      writeLog,
      dataDisks: [machine.dataDisk, clone],
      sticks: [stick],
    });
    const { client } = box;
    t.is(box.code(), "", "a claimed box shows no code");
    await signIn(client);
    t.deepEqual(await names(client), ["photo.jpg"]);
    t.is(
      sha256(
        (await client.call("GET", "/api/files/content?path=/photo.jpg")).bytes,
      ),
      sha256(body),
    );
    const shell = async (command: string): Promise<string> => {
      const { output, status } = await client.shell(owner.password, command);
      t.is(status, 0, `${command}: ${output}`);
      return output;
    };
    t.is(
      (
        await shell("systemctl --failed --no-legend --plain --no-pager | cat")
      ).trim(),
      "",
    );
    t.is(
      (
        await shell(
          "journalctl --boot --no-pager --quiet --output=cat --grep='Invalid syntax, ignoring|Unknown (key|section)|Failed to parse' | cat",
        )
      ).trim(),
      "",
      "every line of a unit is one that systemd takes",
    );
    const told = await shell("coppice diagnostics");
    for (const [, title, answer] of told.matchAll(
      /^== (.*) \(.*\)\s+([\s\S]*?)(?=^== |(?![\s\S]))/gm,
    )) {
      t.regex(answer ?? "", /\S/, title);
      // An emulated disk has no health to tell.
      if (!title?.startsWith("Health"))
        t.notRegex(answer ?? "", /^\S+ failed \(/m, title);
    }
    t.regex(told, /^== Log of this boot[\s\S]*Started coppice-node/m);
    t.regex(told, /^== Health of \/dev\/sd/m);
    t.false(told.includes(owner.password));
    const levels = await shell(
      "systemd-analyze security --no-pager --json=short coppice-admin coppice-node coppice-identity coppice-host coppice-smb coppice-lan 2>/dev/null || systemd-analyze security --no-pager | grep coppice-",
    );
    const exposure = Object.fromEntries(
      [
        ...levels.matchAll(
          /coppice-(admin|node|identity|host|smb|lan)\.service\W+(?:exposure\W+)?([\d.]+)/g,
        ),
      ].map(([, unit, level]) => [unit, Number(level)]),
    );
    // Samba's mounts, and the host is root.
    for (const [unit, most] of [
      ["admin", 2],
      ["node", 2],
      ["identity", 2],
      ["smb", 2.5],
      ["lan", 2],
      ["host", 4],
    ] as const)
      t.true((exposure[unit] ?? 9) <= most, `${unit}: ${exposure[unit]}`);
    const table = await shell(
      "lsblk --noheadings --raw --output PARTLABEL /dev/vda",
    );
    t.deepEqual(
      table
        .trim()
        .split("\n")
        .filter((line) => line),
      ["esp", "coppice_0.1.0", "coppice_0.1.0", "_empty", "_empty", "state"],
    );
    t.regex(
      await shell("cryptsetup luksDump /dev/vda6"),
      /systemd-tpm2[\s\S]*tpm2-hash-pcrs:\s+12\+13[\s\S]*tpm2-pubkey-pcrs:\s+11/,
    );
    t.regex(
      // The kernel may find either of the two SATA disks first.
      await shell("cryptsetup luksDump /dev/disk/by-uuid/$(ls /srv/data)"),
      /systemd-recovery[\s\S]*systemd-tpm2|systemd-tpm2[\s\S]*systemd-recovery/,
    );
    t.is(
      (
        await shell(
          "findmnt --noheadings --output FSTYPE,OPTIONS / | cut -d, -f1",
        )
      )
        .trim()
        .replace(/ +/, " "),
      "erofs ro",
    );
    t.is(
      (
        await shell(
          "ss --listening --numeric --tcp --no-header | grep -v -E '127\\.0\\.0\\.|\\[::1\\]|192\\.168\\.77\\.1|%lan-home|0\\.0\\.0\\.0:443 |:4471 ' | cat",
        )
      ).trim(),
      "",
      "nothing listens but on the LAN, the pages (the firewall lets in whom they are for), and for friends",
    );
    t.regex(
      await shell(
        "for try in $(seq 120); do ss -ltn | grep -q ':4471 ' && break; sleep 1; done; ss -ltn",
      ),
      /:4471 /,
      "the box is among its friends",
    );
    t.regex(
      await shell("coppice friend invite Bob"),
      /^([a-z]+ ){11}[a-z]+$/m,
      "twelve words, of the address on the WAN",
    );
    t.regex(await shell("nft list chain inet coppice input"), /policy drop/);
    t.like(await client.ok("GET", "/api/status"), {
      host: { version: "0.1.0", slot: "A" },
      storage: { files: 1, mended: 0 },
      tpm: { present: true },
    });
    t.regex((await shell("coppice file ls")).trim(), /photo\.jpg$/);
    t.regex(await shell("coppice box ls"), /this one/);
    const { segments } = await client.ok(
      "GET",
      "/api/files/entry?path=/photo.jpg",
    );
    // Every record begins with its magic at a multiple of 4 KiB; k, m and its fragment's number are the bytes at 6 to 8.
    const flips = await shell(
      `cd /srv/data/*/store/packs; n=0; for pack in *; do size=$(stat -c %s $pack); at=0; for at in $(grep -obUaP 'CPF1\\x01\\x00\\x04\\x02[\\x01\\x04]' $pack | cut -d: -f1); do [ $((at % 4096)) = 0 ] || continue; printf '\\377\\000\\252' | dd of=$pack bs=1 seek=$((at + 140)) conv=notrunc status=none; n=$((n + 1)); done; done; sync; echo 3 >/proc/sys/vm/drop_caches; echo flipped $n`,
    );
    // Two fragments of each segment; what a cut upload left may be among them too.
    t.true(Number(/flipped (\d+)/.exec(flips)?.[1]) >= 2 * segments, flips);
    t.is(
      sha256(
        (await client.call("GET", "/api/files/content?path=/photo.jpg")).bytes,
      ),
      sha256(body),
      "the download is exact",
    );
    for await (const { storage } of client.events("/api/status/events"))
      if (storage?.mended === 2 * segments) break;
    mended = 2 * segments;

    t.log("the network drive, as a computer at home uses it");
    ({ password: drivePassword } = await client.ok("POST", "/api/doors/drive"));
    const seen = await smbclient(
      machine.folder,
      drivePort,
      drivePassword,
      "ls; mkdir from-afar; get photo.jpg photo.jpg",
    );
    t.notRegex(seen, /NT_STATUS/);
    t.is(
      sha256(await readFile(join(machine.folder, "photo.jpg"))),
      sha256(body),
    );
    t.true((await names(client)).includes("from-afar"));
    t.regex(
      await smbclient(machine.folder, drivePort, "a guess", "ls"),
      /LOGON_FAILURE/,
    );
    t.is(
      (
        await shell(
          "ps -C smbd -o user= | sort -u; grep -h CapEff /proc/$(pgrep -o smbd)/status; ls -A /run/coppice-smb/files",
        )
      ).replace(/\s+/g, " "),
      "coppice-smb CapEff: 0000000000000400 ",
      "Samba may bind its port and nothing more, and only its own unit sees the files",
    );
    t.log("somebody else at the drive");
    const { secret } = await client.ok("POST", "/api/shares", {
      path: "/from-afar",
      name: "Bob",
      write: true,
      expires: Date.now() + 86_400_000,
    });
    const bob = await client.ok("POST", "/api/doors/drive/people", { secret });
    const bobSaw = await smbclient(
      machine.folder,
      drivePort,
      bob,
      "put photo.jpg copy.jpg; ls",
    );
    t.regex(bobSaw, /copy\.jpg/);
    t.notRegex(bobSaw, /NT_STATUS|^ {2}(from-afar|photo\.jpg) /m);
    t.is(
      sha256(
        (
          await client.call(
            "GET",
            "/api/files/content?path=/from-afar/copy.jpg",
          )
        ).bytes,
      ),
      sha256(body),
    );
    await client.ok("DELETE", "/api/doors/drive");
    t.regex(
      await smbclient(machine.folder, drivePort, drivePassword, "ls"),
      /NT_STATUS_(CONNECTION|IO_TIMEOUT|INVALID_NETWORK)/,
    );
    ({ password: drivePassword } = await client.ok("POST", "/api/doors/drive"));

    t.log("updates that are refused, and one that is good");
    await using source = await UpdateSource.create(
      join(machine.folder, "releases"),
    );
    await client.ok("PUT", "/api/updates/settings", {
      source: source.url,
      friends: false,
      automatic: false,
      quiet: { from: 0, to: 60 },
    });
    await source.offerForeign(next, join(machine.folder, "foreign-keys"));
    t.is((await lookFor(client)).problem?.type, "bad-signature");
    const brought = await lookFor(client, "stick");
    t.like(brought, {
      phase: "ready",
      problem: null,
      found: { version: "0.2.0", notes: "It is greener." },
    });
    const { found, came } = brought;
    t.true(came < 0.05 * (found?.size ?? 0), `${came} bytes came`);
    t.is(
      await shell(
        "for try in $(seq 120); do grep -q coppice-sticks /proc/self/mountinfo || break; sleep 1; done; grep coppice-sticks /proc/self/mountinfo | cat",
      ),
      "",
      "the stick can be taken out",
    );
    const node = (await client.ok("GET", "/api/identity")).node;
    const from = (await log.read()).length;
    await install(client);
    await shell("sync");
    const to = (await log.read()).length;
    await client.ok("POST", "/api/updates/restart");
    const comesBack = async (): Promise<void> => {
      const answers = async (): Promise<boolean> =>
        (await probe(`${client.url}/api/session`)) === 200;
      await until("the box goes down", async () => !(await answers()));
      await until("the box comes back", answers, 1200);
      await signIn(client);
    };
    await comesBack();
    const proven = await updatesWhen(
      client,
      ({ history }) => history.length > 0,
    );
    t.like(proven, { version: "0.2.0", phase: "idle" });
    t.like(proven.history[0], { version: "0.2.0", good: true });
    t.true(proven.health?.checks.every(({ good }) => good));
    await shell("sync");
    const blessed = (await log.read()).length;
    t.deepEqual(
      (await shell("ls -A1 /efi/EFI/Linux")).trim().split("\n"),
      ["coppice_0.1.0.efi", "coppice_0.2.0.efi"],
      "nothing is left of the installation that was cut off",
    );
    t.is((await client.ok("GET", "/api/identity")).node, node);
    const { accepted } = await client.ok("POST", "/api/identity/attest", {});
    t.true(accepted, "by the new version's reference values");
    t.is(await digest(), cloned, "the clone is as it was");
    await until("what runs is found by its links", async () =>
      /\bverity\b/.test(await shell("ls /run/coppice/updates")),
    );
    const { got, wanted } = await handedOn(shell, setOf(stick));
    t.is(wanted.length, 6);
    t.deepEqual(got, wanted, "what runs, for friends' boxes");
    t.log("power cuts while it was written");
    await expectOldOrNew(t, {
      log: writeLog,
      from,
      to,
      blessed,
      disk: before,
      set: setOf(stick),
    });
    t.log("everything is there");
    for (;;) {
      const seen = await smbclient(
        machine.folder,
        drivePort,
        drivePassword,
        "ls",
      );
      if (/photo\.jpg/.test(seen)) break;
    }
    t.is(
      sha256(
        (await client.call("GET", "/api/files/content?path=/photo.jpg")).bytes,
      ),
      sha256(body),
    );
    t.is((await client.ok("GET", "/api/status")).storage.mended, mended);

    const power = await client.call("POST", "/api/power", { act: "power-off" });
    t.is(power.status, 202);
    await box.guest.ended;
  }
});

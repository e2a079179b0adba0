import type { ExecutionContext } from "ava";
import type { BoxClient } from "../box-client.ts";
import { digest } from "../update-set.ts";
import { digestOf, owner } from "./owner.ts";
import type { Shell } from "./tools.ts";

/** Looks whether the system of a claimed box is what it should be. */
export async function expectSound(
  t: ExecutionContext,
  client: BoxClient,
  shell: Shell,
): Promise<void> {
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
  t.is(
    (await shell("cut -d: -f3 /etc/shadow | sort -u")).trim(),
    "",
    "no password says on which day the image was built",
  );
  const clock = { zone: "Asia/Kolkata", servers: ["192.0.2.1"] };
  await client.ok("PUT", "/api/clock", clock);
  t.is(
    (
      await shell(
        "timedatectl show-timesync --property=SystemNTPServers --value | cat",
      )
    ).trim(),
    "192.0.2.1",
  );
  t.is(
    (await shell("stat -c %a /run/coppice/clock/zone")).trim(),
    "644",
    "the storage node reads the zone",
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
    /systemd-tpm2[\s\S]*tpm2-pubkey-pcrs:\s+11/,
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
}

/** Flips bytes of fragments on the disk; reading photo.jpg mends them. @returns how many are mended */
export async function expectMended(
  t: ExecutionContext,
  client: BoxClient,
  shell: Shell,
  body: Buffer,
): Promise<number> {
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
    await digestOf(client, "/photo.jpg"),
    digest(body),
    "the download is exact",
  );
  // The record of who did what is read beside it, and mended too.
  for await (const { storage } of client.events("/api/status/events"))
    if (storage?.mended >= 2 * segments) return storage.mended;
  return t.fail("nothing is told any more");
}

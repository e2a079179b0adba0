/** The network drive: smbd and smbclient, from Debian. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import {
  otherAccounts,
  ownerAccount,
} from "../../../services/host/network-drive.ts";
import { smbclient } from "../../network-drive.ts";
import { startServices } from "../../services.ts";

const owner = { name: "Ada", password: "correct horse battery" };

const sha256 = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

test("SMB: closed until it is opened, encrypted, by its own password; what a client does is in the tree, and the other way round", async (t) => {
  t.timeout(120_000);
  await using box = await startServices({}, t);
  const { client, services, code, drivePort: port } = box;
  await client.claim(code, "birch", owner);
  const smb = async (
    password: string,
    script: string,
    ...options: string[]
  ): Promise<string> =>
    await smbclient(services.folder, port, password, script, ...options);
  t.like(await client.ok("GET", "/api/doors"), {
    webdav: false,
    drive: { open: false, port },
  });
  t.regex(await smb("anything", "ls"), /CONNECTION_REFUSED/);

  const { password } = await client.ok("POST", "/api/doors/drive");
  t.regex(password, /^([A-Z2-9]{4}-){4}[A-Z2-9]{4}$/);
  t.like(await client.ok("GET", "/api/doors"), { drive: { open: true } });
  t.regex(await smb("anything", "ls"), /LOGON_FAILURE/);
  t.regex(
    await smb("", "ls", "--no-pass", "--user=%"),
    /ACCESS_DENIED|LOGON_FAILURE/,
  );
  t.regex(
    await smb(password, "ls", "--max-protocol=SMB2"),
    /NT_STATUS|protocol negotiation failed/,
    "nothing older than SMB 3",
  );

  const photo = randomBytes(9 * 2 ** 20 + 11);
  const folder = join(services.folder, "holiday/norway");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "fjord ä.jpg"), photo);
  await writeFile(join(folder, "empty"), "");
  await using wire = await listenIn(port);
  t.notRegex(
    await smb(
      password,
      "prompt off; recurse on; mput holiday",
      `--port=${wire.port}`,
      "--client-protection=sign",
    ),
    /NT_STATUS/,
  );
  const heard = wire.heard();
  t.true(heard.length > photo.length);
  for (const clear of [
    photo.subarray(0, 64),
    Buffer.from("fjord", "utf16le"),
    Buffer.from(password, "utf16le"),
  ])
    t.is(heard.indexOf(clear), -1, "nothing in the clear");
  const got = await client.call(
    "GET",
    `/api/files/content?path=${encodeURIComponent("/holiday/norway/fjord ä.jpg")}`,
  );
  t.is(sha256(got.bytes), sha256(photo));

  await client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/holiday",
    name: "sweden",
  });
  t.notRegex(
    await smb(
      password,
      [
        'rename "holiday\\norway\\fjord ä.jpg" "holiday\\sweden\\fjord.jpg"',
        "rm holiday\\norway\\empty",
        "rmdir holiday\\norway",
        "cd holiday\\sweden",
        "get fjord.jpg back.jpg",
      ].join("; "),
    ),
    /NT_STATUS/,
  );
  t.is(
    sha256(await readFile(join(services.folder, "back.jpg"))),
    sha256(photo),
  );
  const { entries } = await client.ok("GET", "/api/files?path=/holiday");
  t.deepEqual(
    entries.map(({ name }: { name: string }) => name),
    ["sweden"],
  );

  const before = await smb(password, "ls holiday\\sweden\\*");
  t.regex(before, /fjord\.jpg\s+\S*\s+9437195/);
  const { password: next } = await client.ok("POST", "/api/doors/drive");
  t.regex(await smb(password, "ls"), /LOGON_FAILURE/, "the old one is void");
  t.notRegex(await smb(next, "ls"), /NT_STATUS/);

  await services.stopService("host");
  services.startService("host");
  await client.ok("GET", "/api/session");
  for (;;) if (!/NT_STATUS/.test(await smb(next, "ls"))) break;
  await client.ok("DELETE", "/api/doors/drive");
  t.regex(await smb(next, "ls"), /CONNECTION_REFUSED/);
  t.like(await client.ok("GET", "/api/doors"), { drive: { open: false } });
});

test("SMB: each person whom the owner lets in sees what was shared with them and nothing else, until it is taken back", async (t) => {
  t.timeout(180_000);
  await using box = await startServices({}, t);
  const { client, services, code, drivePort: port } = box;
  await client.claim(code, "birch", owner);
  const smb = async (
    login: { name: string; password: string },
    script: string,
  ): Promise<string> => await smbclient(services.folder, port, login, script);
  const put = async (path: string, body: string): Promise<void> => {
    const { status } = await client.call(
      "PUT",
      `/api/files/content?path=${encodeURIComponent(path)}`,
      Buffer.from(body),
    );
    t.is(status, 200);
  };
  for (const name of ["photos", "garden", "accounts"])
    await client.ok("POST", "/api/files/act", {
      act: "directory",
      parent: "/",
      name,
    });
  await put("/photos/sea.txt", "the sea");
  await put("/garden/beans.txt", "beans");
  await put("/accounts/bank.txt", "the bank");
  const share = async (path: string, name: string, write: boolean) =>
    (await client.ok("POST", "/api/shares", {
      path,
      name,
      write,
      expires: Date.now() + 86_400_000,
    })) as { share: { id: string }; secret: string };
  const reads = await share("/photos", "Zoë & Bob", false);
  const writes = await share("/garden", "Gärtner", true);
  const single = await share("/accounts/bank.txt", "Banker", false);
  const admit = (secret: string) =>
    client.call("POST", "/api/doors/drive/people", { secret });

  t.like(await admit(reads.secret), {
    status: 409,
    json: { type: "drive-closed" },
  });
  const { password } = await client.ok("POST", "/api/doors/drive");
  const ada = { name: "ada", password };
  const bob = (await admit(reads.secret)).json;
  const gardener = (await admit(writes.secret)).json;
  t.is(bob.name, "zoe-bob");
  t.is(gardener.name, "gartner");
  t.like(await admit(single.secret), {
    status: 409,
    json: { type: "not-a-directory" },
  });
  t.is((await admit("A".repeat(43))).status, 404);
  const { drive } = await client.ok("GET", "/api/doors");
  t.deepEqual(
    drive.people.map((one: { name: string; share: { path: string } }) => [
      one.name,
      one.share.path,
    ]),
    [
      ["zoe-bob", "/photos"],
      ["gartner", "/garden"],
    ],
  );

  t.log("each in a folder of their own");
  const names = (said: string): string[] =>
    [...said.matchAll(/^ {2}(\S+) +[A-Z]* +\d+ /gm)]
      .map(([, name]) => name ?? "")
      .filter((name) => !name.startsWith("."))
      .sort();
  t.deepEqual(names(await smb(ada, "ls")), ["accounts", "garden", "photos"]);
  t.deepEqual(names(await smb(bob, "ls")), ["sea.txt"]);
  t.deepEqual(names(await smb(gardener, "ls")), ["beans.txt"]);
  for (const way of ["..\\garden\\*", "..\\*", "\\..\\..\\coppice-smb\\*"])
    t.deepEqual(
      names(await smb(bob, `ls ${way}`)).filter((name) => name !== "sea.txt"),
      [],
    );
  t.regex(
    await smb({ ...bob, password }, "ls"),
    /LOGON_FAILURE/,
    "their name with the owner's password",
  );
  for (const name of ["ada", "gartner", "coppice-smb", "coppice-drive-01"])
    t.regex(
      await smb({ ...bob, name }, "ls"),
      /LOGON_FAILURE/,
      `their password as ${name}`,
    );
  t.deepEqual(
    names(await smb({ ...bob, name: "ZOE-BOB" }, "ls")),
    ["sea.txt"],
    "as a phone capitalises it",
  );

  t.log("whoever may only read changes nothing");
  t.notRegex(await smb(bob, "get sea.txt got.txt"), /NT_STATUS/);
  t.is(await readFile(join(services.folder, "got.txt"), "utf8"), "the sea");
  for (const act of [
    "put got.txt new.txt",
    "put got.txt sea.txt",
    "rm sea.txt",
    "mkdir new",
    "rename sea.txt ocean.txt",
  ])
    t.regex(await smb(bob, act), /NT_STATUS_(ACCESS_DENIED|MEDIA_WRITE)/, act);
  t.deepEqual(names(await smb(bob, "ls")), ["sea.txt"]);

  t.log("whoever may write does, and the owner sees it");
  const cabbage = randomBytes(3 * 2 ** 20 + 5);
  await writeFile(join(services.folder, "cabbage.jpg"), cabbage);
  t.notRegex(
    await smb(
      gardener,
      "mkdir beds; put cabbage.jpg beds\\cabbage.jpg; rename beds\\cabbage.jpg beds\\kale.jpg; put got.txt beans.txt; rmdir nothing",
    ),
    /NT_STATUS_(?!OBJECT_NAME_NOT_FOUND)/,
  );
  const kale = await client.call(
    "GET",
    "/api/files/content?path=/garden/beds/kale.jpg",
  );
  t.is(sha256(kale.bytes), sha256(cabbage));
  t.is(
    Buffer.from(
      (await client.call("GET", "/api/files/content?path=/garden/beans.txt"))
        .bytes,
    ).toString(),
    "the sea",
  );

  t.log(
    "a share is for a place: what moves away is not in it, what comes back is",
  );
  const move = async (at: string, name: string): Promise<void> => {
    await client.ok("POST", "/api/files/act", {
      act: "move",
      at,
      parent: "/",
      name,
    });
  };
  await move("/photos", "pictures");
  for (;;) if (/BAD_NETWORK_NAME/.test(await smb(bob, "ls"))) break;
  await move("/pictures", "photos");
  for (;;) if (names(await smb(bob, "ls")).includes("sea.txt")) break;

  t.log("after a restart, and with another password of the owner's");
  await services.stopService("host");
  // A power cut between the settings and what Samba reads.
  await rm(join(services.folder, "state/host/smb/people"));
  services.startService("host");
  await client.ok("GET", "/api/session");
  for (;;) if (!/NT_STATUS/.test(await smb(gardener, "ls"))) break;
  const { password: next } = await client.ok("POST", "/api/doors/drive");
  t.regex(await smb(ada, "ls"), /LOGON_FAILURE/);
  t.notRegex(await smb({ ...ada, password: next }, "ls"), /NT_STATUS/);
  t.deepEqual(names(await smb(gardener, "ls")), ["beans.txt", "beds"]);

  t.log("taken back");
  await client.ok("DELETE", `/api/doors/drive/people/${writes.share.id}`);
  t.regex(await smb(gardener, "ls"), /LOGON_FAILURE/);
  const again = (await admit(writes.secret)).json;
  t.not(again.password, gardener.password);
  t.deepEqual(names(await smb(again, "ls")), ["beans.txt", "beds"]);
  const renewed = await client.ok(
    "POST",
    `/api/shares/${writes.share.id}/renew`,
  );
  t.regex(await smb(again, "ls"), /LOGON_FAILURE/);
  const third = (await admit(renewed.secret)).json;
  t.deepEqual(names(await smb(third, "ls")), ["beans.txt", "beds"]);
  const { status } = await client.call(
    "DELETE",
    `/api/shares/${reads.share.id}`,
  );
  t.is(status, 204);
  t.regex(await smb(bob, "ls"), /LOGON_FAILURE/);
  const after = await client.ok("DELETE", "/api/doors/drive");
  t.deepEqual(after.people, []);
  const state = join(services.folder, "state");
  for (const secret of [reads, writes, renewed].map((one) => one.secret))
    t.false(await holds(state, secret), "no secret outlives the drive");
});

test("SMB: the accounts are those that the image makes", async (t) => {
  const image = await readFile(
    new URL(
      "../../../rootfs-overlay/usr/lib/sysusers.d/coppice.conf",
      import.meta.url,
    ),
    "utf8",
  );
  t.deepEqual(
    [...image.matchAll(/^u (coppice-(?:smb|drive-\d+)) (\d+) /gm)].map(
      ([, name, uid]) => ({ name, uid: Number(uid) }),
    ),
    [ownerAccount, ...otherAccounts],
  );
});

/** Whether a file beneath a folder holds some text. */
async function holds(folder: string, wanted: string): Promise<boolean> {
  for (const entry of await readdir(folder, {
    recursive: true,
    withFileTypes: true,
  }))
    if (
      entry.isFile() &&
      (await readFile(join(entry.parentPath, entry.name))).includes(wanted)
    )
      return true;
  return false;
}

/** A port that leads to another one of this machine, and keeps what goes through. */
async function listenIn(
  port: number,
): Promise<AsyncDisposable & { port: number; heard(): Buffer }> {
  const parts: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect({ host: "127.0.0.1", port });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (part: Buffer) => parts.push(part));
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: own } = server.address() as AddressInfo;
  return {
    port: own,
    heard: () => Buffer.concat(parts),
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

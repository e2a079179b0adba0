/** The network drive: smbd and smbclient, from Debian. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import { freePort } from "../../../scripts/local-services.ts";
import { smbclient } from "../../network-drive.ts";
import { startServices } from "../../services.ts";

const sha256 = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

test("SMB: closed until it is opened, encrypted, by its own password; what a client does is in the tree, and the other way round", async (t) => {
  t.timeout(120_000);
  const port = await freePort();
  await using box = await startServices({
    env: { COPPICE_SMB_PORT: String(port) },
  });
  const { client, services, code } = box;
  await client.claim(code, "birch", {
    name: "Ada",
    password: "correct horse battery",
  });
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

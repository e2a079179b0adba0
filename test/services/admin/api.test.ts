import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { promisify } from "node:util";
import test from "ava";
import fc from "fast-check";
import { RootKey } from "../../../services/node/tree/rootkey.ts";
import { BoxClient } from "../../box-client.ts";
import { temporaryFolder } from "../../folder.ts";
import { home as servicesHome } from "../../home.ts";
import { startServices } from "../../services.ts";

const owner = { name: "Ada", password: "correct horse battery" };
const sha256 = (bytes: Buffer): string =>
  createHash("sha256").update(bytes).digest("hex");

test("an unclaimed box lets nobody in without the code", async (t) => {
  await using box = await startServices();
  for (const [method, path] of [
    ["GET", "/api/setup"],
    ["GET", "/api/setup/disks"],
    ["POST", "/api/setup/finish"],
    ["GET", "/api/files"],
    ["GET", "/api/status"],
    ["PUT", "/api/files/content?path=/a"],
    ["POST", "/api/power"],
    ["GET", "/api/diagnostics"],
    ["GET", "/api/tokens"],
  ] as const) {
    const answer = await box.client.call(method, path);
    t.is(answer.status, 401, `${method} ${path}`);
    t.is(
      answer.headers["content-type"],
      "application/problem+json; charset=utf-8",
    );
    t.true(answer.json.detail.length > 10);
  }
  t.deepEqual(await box.client.ok("GET", "/api/session"), {
    claimed: false,
    access: "none",
    passkeys: false,
  });
  t.is(
    (await box.client.call("POST", "/api/session", owner)).json.type,
    "not-set-up",
  );
  for (let tries = 0; tries < 5; tries++)
    t.is(
      (await box.client.call("POST", "/api/setup/code", { code: "AAAA-AAAA" }))
        .status,
      403,
    );
  const early = await box.client.call("POST", "/api/setup/code", {
    code: box.code,
  });
  t.is(early.status, 429);
  t.true(Number(early.headers["retry-after"]) > 0);
});

test("the setup: steps in order, two browsers, crashes between the steps, and a restart", async (t) => {
  await using box = await startServices();
  const { client, services } = box;
  await client.ok("POST", "/api/setup/code", { code: box.code.toLowerCase() });
  t.is(
    (await client.call("POST", "/api/setup/finish")).json.type,
    "wrong-step",
  );
  t.is(
    (
      await client.call("POST", "/api/setup/root-key", {
        passphrase: "long enough for it",
      })
    ).status,
    409,
  );
  t.is(
    (
      await client.call("POST", "/api/setup/owner", {
        name: "Ada",
        password: "short",
      })
    ).status,
    400,
  );
  t.is(
    (
      await client.call("POST", "/api/setup/owner", {
        ...owner,
        zone: "Europe/Atlantis",
      })
    ).json.type,
    "no-zone",
  );
  await client.ok("POST", "/api/setup/owner", {
    ...owner,
    zone: "Europe/Berlin",
  });

  await using second = new BoxClient(services.url);
  await second.ok("POST", "/api/setup/code", { code: box.code });
  t.is(
    (await client.call("GET", "/api/setup")).json.type,
    "code-needed",
    "the other browser took over",
  );
  t.is((await second.ok("GET", "/api/setup")).step, "network");

  await writeFile(join(services.folder, "disks/rowan/photo.jpg"), "old");
  const disks = await second.ok("GET", "/api/setup/disks");
  t.deepEqual(
    disks.map(({ name, contents }: { name: string; contents: string[] }) => [
      name,
      contents,
    ]),
    [
      ["birch", []],
      ["rowan", ["1 files"]],
    ],
  );
  t.is(
    (
      await second.call("POST", "/api/setup/disk", {
        id: "birch",
        name: "wrong",
      })
    ).json.type,
    "name-mismatch",
  );
  t.is(
    (await second.call("POST", "/api/setup/disk", { id: "gone", name: "gone" }))
      .json.type,
    "no-such-disk",
  );
  await second.prepareDisk("birch");

  await services.stopService("admin", "SIGKILL");
  services.startService("admin");
  await services.ready();
  await second.ok("POST", "/api/setup/code", { code: box.code });
  t.is(
    (await second.ok("GET", "/api/setup")).step,
    "recovery",
    "what was done is kept",
  );
  const { group } = await second.ok("POST", "/api/setup/recovery-key");
  t.true(group >= 1 && group <= 8);
  t.is(
    (
      await second.call("POST", "/api/setup/recovery-key/confirm", {
        group: "wrong",
      })
    ).json.type,
    "wrong-group",
  );
  await second.confirmRecoveryKey();

  const { backup } = await second.ok("POST", "/api/setup/root-key", {
    passphrase: "a long passphrase",
  });
  const { rootKey } = await second
    .ok("POST", "/api/setup/restart")
    .then(() => ({ rootKey: null }));
  t.is(rootKey, null);
  t.is(
    (await second.ok("GET", "/api/setup")).step,
    "owner",
    "start over forgets all",
  );
  await second.ok("POST", "/api/setup/owner", owner);
  await second.prepareDisk("rowan");
  await second.confirmRecoveryKey();
  t.is(
    (
      await second.call("POST", "/api/setup/root-key/restore", {
        backup,
        passphrase: "another passphrase",
      })
    ).json.type,
    "backup-not-opened",
  );
  await second.ok("POST", "/api/setup/root-key/restore", {
    backup,
    passphrase: "a long passphrase",
  });
  t.is(
    (await second.call("GET", "/api/status")).status,
    403,
    "the setup session is not the owner's",
  );
  await second.ok("POST", "/api/setup/finish");
  t.deepEqual(await second.ok("GET", "/api/session"), {
    claimed: true,
    access: "owner",
    name: "Ada",
    passkeys: false,
  });
  t.like(await second.ok("GET", "/api/clock"), {
    settings: { zone: "Europe/Berlin", servers: [] },
    set: null,
  });
  t.is(
    (await client.call("POST", "/api/setup/code", { code: box.code })).json
      .type,
    "already-claimed",
  );
  t.is(await services.setupCode(), undefined);
});

test("files: streamed both ways, bad input refused, nothing half stored", async (t) => {
  await using box = await startServices();
  const { client, services } = box;
  await client.claim(box.code, "birch", owner);
  const body = randomBytes(9_000_000);
  const info = await client.ok(
    "PUT",
    "/api/files/content?path=/gr%C3%BC%C3%9Fe%20%26%20more.bin",
    body,
  );
  t.like(info, {
    name: "grüße & more.bin",
    size: body.length,
    version: 1,
  });
  t.like(
    await client.ok(
      "GET",
      "/api/files/entry?path=/gr%C3%BC%C3%9Fe%20%26%20more.bin",
    ),
    {
      fragments: 6,
      needed: 4,
    },
  );
  const got = await client.call(
    "GET",
    "/api/files/content?path=/gr%C3%BC%C3%9Fe%20%26%20more.bin",
  );
  t.is(sha256(got.bytes), sha256(body));
  t.regex(
    String(got.headers["content-disposition"]),
    /filename\*=UTF-8''gr%C3%BC%C3%9Fe%20%26%20more.bin/,
  );
  await client.ok("PUT", "/api/files/content?path=/empty", Buffer.alloc(0));
  t.is(
    (await client.call("GET", "/api/files/content?path=/empty")).bytes.length,
    0,
  );

  const refusals: [
    string,
    number,
    () => Promise<{ status: number; json: { type: string } }>,
  ][] = [
    [
      "a folder that is not there",
      404,
      () =>
        client.call("PUT", "/api/files/content?path=/..%2Fetc%2Fpasswd", body),
    ],
    [
      "two dots",
      400,
      () => client.call("PUT", "/api/files/content?path=/%2E%2E%5Cx", body),
    ],
    [
      "a NUL",
      400,
      () => client.call("PUT", "/api/files/content?path=/a%00b", body),
    ],
    [
      "a name that is too long",
      400,
      () =>
        client.call("PUT", `/api/files/content?path=/${"x".repeat(256)}`, body),
    ],
    [
      "JSON in place of a file",
      415,
      () => client.call("PUT", "/api/files/content?path=/a", { a: 1 }),
    ],
    [
      "no such file",
      404,
      () => client.call("GET", "/api/files/content?path=/nothing"),
    ],
    [
      "deleting nothing",
      404,
      () =>
        client.call("POST", "/api/files/act", {
          act: "remove",
          at: "/nothing",
        }),
    ],
    ["no such route", 404, () => client.call("GET", "/api/nothing")],
    ["a wrong type", 400, () => client.call("POST", "/api/power", { act: 5 })],
    [
      "a wrong act",
      400,
      () => client.call("POST", "/api/power", { act: "explode" }),
    ],
    [
      "a body that is too large",
      413,
      () => client.call("POST", "/api/tokens", { name: "x".repeat(100_000) }),
    ],
    [
      "a foreign page",
      403,
      () =>
        client.call(
          "POST",
          "/api/files/act",
          { act: "remove", at: "/empty" },
          { origin: "https://evil.example" },
        ),
    ],
    [
      "a cross-site request",
      403,
      () =>
        client.call(
          "POST",
          "/api/power",
          { act: "reboot" },
          { "sec-fetch-site": "cross-site" },
        ),
    ],
  ];
  for (const [what, status, call] of refusals) {
    const answer = await call();
    t.is(answer.status, status, `${what}: ${JSON.stringify(answer.json)}`);
    t.truthy(answer.json.type, what);
  }

  await client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/",
    name: "shared",
  });
  const { secret } = await client.ok("POST", "/api/shares", {
    path: "/shared",
    name: "Bob",
    write: true,
    expires: Date.now() + 60_000,
  });
  const session = await client.call("POST", "/api/shared/session", { secret });
  const [guest = ""] = String(session.headers["set-cookie"]).split(";");
  t.is(
    (
      await client.call(
        "PUT",
        "/api/shared/content?path=/shared/a",
        { a: 1 },
        { cookie: guest },
      )
    ).status,
    415,
    "a guest's JSON in place of a file",
  );
  await client.ok("POST", "/api/files/act", { act: "remove", at: "/shared" });

  const power = await client.call("POST", "/api/power", { act: "reboot" });
  t.is(power.json.type, "not-a-box", "a developer's machine is not rebooted");

  const cookie = client.cookie;
  const cut = connect({
    port: Number(new URL(services.url).port),
    rejectUnauthorized: false,
  });
  await once(cut, "secureConnect");
  cut.write(
    `PUT /api/files/content?path=/cut HTTP/1.1\r\nhost: localhost\r\ncookie: ${cookie}\r\ncontent-type: application/octet-stream\r\ncontent-length: 9000000\r\n\r\n`,
  );
  await new Promise((resolve) =>
    cut.write(body.subarray(0, 6_000_000), resolve),
  );
  cut.destroy();
  const full = await client.call(
    "PUT",
    "/api/files/content?path=/huge",
    undefined,
    {
      "content-type": "application/octet-stream",
      "content-length": "0",
    },
  );
  t.is(full.status, 200);
  await client.ok("POST", "/api/files/act", { act: "remove", at: "/huge" });
  t.deepEqual(
    (await client.ok("GET", "/api/files")).entries.map(
      ({ name }: { name: string }) => name,
    ),
    ["empty", "grüße & more.bin"],
  );

  await services.stopService("node", "SIGKILL");
  const down = await client.call("GET", "/api/files");
  t.is(down.status, 503);
  t.is(down.json.type, "service-down");
  services.startService("node");
  while ((await client.call("GET", "/api/files")).status !== 200);
  t.is(
    sha256(
      (
        await client.call(
          "GET",
          "/api/files/content?path=/gr%C3%BC%C3%9Fe%20%26%20more.bin",
        )
      ).bytes,
    ),
    sha256(body),
  );
});

test("sign-in, sessions, tokens and the command line", async (t) => {
  await using box = await startServices();
  await using home = await temporaryFolder();
  const { client, services } = box;
  await client.claim(box.code, "birch", owner);
  await using guest = new BoxClient(services.url);
  t.is(
    (
      await guest.call("POST", "/api/session", {
        name: "Ada",
        password: "not the password",
      })
    ).status,
    401,
  );
  t.is(
    (
      await guest.call("POST", "/api/session", {
        name: "Eve",
        password: owner.password,
      })
    ).status,
    401,
  );
  const answer = await guest.call("POST", "/api/session", owner);
  t.is(answer.status, 204);
  t.regex(
    String(answer.headers["set-cookie"]),
    /^__Host-coppice=[\w-]{43}; .*HttpOnly; Secure; SameSite=Strict/,
  );
  await guest.ok("GET", "/api/files");
  await guest.ok("DELETE", "/api/session");
  t.is((await guest.call("GET", "/api/files")).status, 401);
  t.is(
    (await client.call("POST", "/api/terminal", { password: "wrong password" }))
      .status,
    401,
  );

  const recover = async (proof: unknown, password: string): Promise<number> =>
    (await guest.call("POST", "/api/session/recover", { proof, password }))
      .status;
  const passphrase = "a passphrase of the setup";
  const words = RootKey.create().words;
  t.is(await recover({ words: "one two" }, owner.password), 400);
  t.is(await recover({ words }, owner.password), 401);
  t.is(await recover({ words }, "short"), 400);
  t.is(
    await recover(
      {
        backup: await RootKey.create().backup(passphrase),
        passphrase: `${passphrase}!`,
      },
      owner.password,
    ),
    400,
  );
  t.is((await client.call("GET", "/api/files")).status, 200);

  const { secret, token } = await client.ok("POST", "/api/tokens", {
    name: "a script",
  });
  const bearer = { authorization: `Bearer ${secret}` };
  t.is((await guest.call("GET", "/api/files", undefined, bearer)).status, 200);
  t.is(
    (await guest.call("GET", "/api/tokens", undefined, bearer)).status,
    403,
    "a token makes no tokens",
  );

  const fingerprint = /Certificate SHA-256: (\S+)/.exec(
    await readConsole(services.folder),
  )?.[1];
  const config = join(home.path, "coppice.json");
  await writeFile(
    config,
    JSON.stringify({ url: services.url, fingerprint, token: secret }),
    { mode: 0o600 },
  );
  const file = join(home.path, "notes.txt");
  await writeFile(file, randomBytes(100_000));
  const cli = async (
    ...args: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> =>
    await promisify(execFile)(
      process.execPath,
      [
        "--disable-warning=ExperimentalWarning",
        join(servicesHome, "services/cli/main.ts"),
        "--config",
        config,
        ...args,
      ],
      { cwd: home.path },
    ).then(
      (output) => ({ code: 0, ...output }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  t.like(JSON.parse((await cli("--json", "file", "put", file)).stdout), {
    name: "notes.txt",
    size: 100_000,
  });
  const listed = await cli("file", "ls");
  t.regex(listed.stdout, /100.0 kB .* notes.txt\n/, listed.stderr);
  t.is((await cli("file", "get", "notes.txt", "copy.txt")).code, 0);
  t.is((await stat(join(home.path, "copy.txt"))).size, 100_000);
  t.truthy(JSON.parse((await cli("status", "--json")).stdout).storage);
  t.is((await cli("file", "find", "NOTES")).stdout, "/notes.txt\n");
  t.is((await cli("file", "find", "diary")).stdout, "Nothing is called so.\n");
  t.is((await cli("notices")).stdout, "Nothing needs you.\n");
  const how = { mail: null, hook: null, silenced: [] };
  t.is(
    (await guest.call("PUT", "/api/notices/settings", how, bearer)).status,
    403,
    "a token does not say where to tell of troubles",
  );
  t.regex((await cli("network", "now")).stdout, /^Internet: /);
  t.regex(
    (await cli("diagnostics")).stdout,
    /^Diagnostics of a Coppice box[\s\S]*\n== Kernel \(cat\)\n\nLinux version/,
  );
  t.regex(
    (await cli("network", "speed")).stderr,
    /No friend's box can be reached|cannot speak with others yet/,
  );
  const shared = await cli("share", "add", "notes.txt", "--for", "Bob");
  t.regex(shared.stdout, /^https:\/\/coppice\.local\/shared#[\w-]{43}\n$/);
  const bobs = async (): Promise<string> =>
    /^([0-9a-f]{32}) {2}reads.*Bob.*\d$/m.exec(
      (await cli("share", "ls")).stdout,
    )?.[1] ?? "none";
  const renewed = await cli("share", "renew", await bobs());
  t.regex(renewed.stdout, /^https:\/\/coppice\.local\/shared#[\w-]{43}\n$/);
  t.not(renewed.stdout, shared.stdout);
  const id = await bobs();
  t.is((await cli("share", "revoke", id)).code, 0);
  t.regex((await cli("share", "ls")).stdout, /revoked/);
  for (;;) {
    const boxes = (await cli("box", "ls")).stdout;
    if (/^[0-9a-f]{64} {2}since .* this one$/m.test(boxes)) break;
  }
  t.is((await cli("file", "rm", "notes.txt")).code, 0);
  for (const [args, code] of [
    [["file", "get", "notes.txt"], 1],
    [["file", "put"], 2],
    [["nonsense"], 2],
    [["file", "put", "/nowhere"], 2],
    [["file", "rm", "../x"], 2],
    [["--nonsense", "status"], 2],
  ] as const) {
    const { code: found, stderr } = await cli(...args);
    t.is(found, code, args.join(" "));
    t.regex(stderr, /^coppice: [^\n]+\n$/, args.join(" "));
  }
  await writeFile(
    config,
    JSON.stringify({
      url: services.url,
      fingerprint: fingerprint?.replace(
        /^../,
        fingerprint.startsWith("00") ? "11" : "00",
      ),
      token: secret,
    }),
  );
  t.regex((await cli("status")).stderr, /this is another machine/);
  await client.ok("DELETE", `/api/tokens/${token.id}`);
  t.is((await guest.call("GET", "/api/files", undefined, bearer)).status, 401);
});

test("any JSON on any route is answered with less than 500", async (t) => {
  await using box = await startServices();
  const { client } = box;
  await client.claim(box.code, "birch", owner);
  await client.canSpeak();
  const { paths } = await client.ok("GET", "/api/openapi.json");
  const routes = Object.entries(
    paths as Record<string, Record<string, unknown>>,
  ).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
  );
  t.true(routes.length > 20);
  const safe = routes.filter(
    ([, path]) => !/events|power|session|terminal/.test(path),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...safe),
      fc.json(),
      fc.string({ minLength: 1, maxLength: 40 }),
      async ([method, path], body, word) => {
        const name = encodeURIComponent(word.toWellFormed());
        const answer = await client.call(
          method as "GET",
          path.replace(/\{\w+\}/, name),
          method === "GET" ? undefined : JSON.parse(body),
        );
        t.true(
          answer.status < 500,
          `${method} ${path} ${body}: ${answer.status} ${answer.bytes}`,
        );
      },
    ),
    { numRuns: 150 },
  );
  t.is((await client.call("GET", "/api/docs/")).status, 200);
});

test("a disk that is taken away, and one that is full, are said so", async (t) => {
  await using box = await startServices();
  const { client, services } = box;
  await client.claim(box.code, "birch", owner);
  const full = await client
    .call(
      "PUT",
      "/api/files/content?path=/endless",
      (async function* () {})(),
      {
        "content-length": String(2 ** 45),
      },
    )
    .catch((error: Error) => error);
  if (!(full instanceof Error)) t.like(full, { status: 507 });
  const [uuid = ""] = await readdir(join(services.folder, "mounts"));
  await services.stopService("node");
  await rm(join(services.folder, "mounts", uuid), { recursive: true });
  await mkdir(join(services.folder, "mounts", uuid));
  services.startService("node");
  while ((await client.call("GET", "/api/status")).json.storage === null);
  const gone = await client.call("GET", "/api/files");
  t.is(gone.json.type, "disk-failed");
  t.is((await client.ok("GET", "/api/status")).storage.disk, null);
  t.is(
    (await client.call("PUT", "/api/files/content?path=/a", Buffer.from("a")))
      .json.type,
    "disk-failed",
  );
});

async function readConsole(folder: string): Promise<string> {
  for (;;) {
    const text = await readFile(join(folder, "console"), "utf8");
    if (text.includes("Certificate")) return text;
  }
}

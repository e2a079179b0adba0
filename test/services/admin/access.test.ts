/** Who comes in and how: browsers that are signed in, a code beside the password, and what is kept of who did what. */
import { join } from "node:path";
import test from "ava";
import { run } from "../../../scripts/process.ts";
import type { ActivityPart } from "../../../services/admin/activity/api.ts";
import type { SignedIn } from "../../../services/admin/api/session-routes.ts";
import { BoxClient } from "../../box-client.ts";
import { home } from "../../home.ts";
import { until } from "../../network/until.ts";
import { startServices } from "../../services.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
const phone =
  "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0";

/** A browser's sign-in. */
async function signIn(
  client: BoxClient,
  more: { code?: string; password?: string } = {},
): Promise<{ status: number; type: string | undefined }> {
  const { status, json } = await client.call(
    "POST",
    "/api/session",
    { ...owner, ...more },
    { "user-agent": phone },
  );
  return { status, type: json?.type };
}

test("browsers that are signed in are listed, and signed out from another one: streams and terminals end with them", async (t) => {
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  await using other = new BoxClient(services.url);
  t.is((await signIn(other)).status, 204);
  const list = (await client.ok("GET", "/api/sessions")) as SignedIn[];
  t.deepEqual(
    list.map(({ here, agent, address }) => ({ here, agent, address })),
    [
      { here: true, agent: "", address: "127.0.0.1" },
      { here: false, agent: phone, address: "127.0.0.1" },
    ],
  );
  const events = other.events("/api/status/events");
  t.truthy((await events.next()).value.host);
  await using terminal = await other.terminal(owner.password);
  t.is((await terminal.run("echo $((6 * 7))")).output, "42\n");
  const { id } = list.find(({ here }) => !here) as SignedIn;
  await client.ok("DELETE", `/api/sessions/${id}`);
  t.is((await client.call("DELETE", `/api/sessions/${id}`)).status, 404);
  await t.throwsAsync(terminal.run("echo still here"), {
    message: /the terminal closed \(signed out\)/,
  });
  // What was sent before is read; then the stream is at its end.
  for await (const _ of events);
  t.is((await other.call("GET", "/api/status")).status, 401);

  t.is((await signIn(other)).status, 204);
  await client.ok("DELETE", "/api/sessions");
  t.is((await other.call("GET", "/api/status")).status, 401);
  t.is((await client.ok("GET", "/api/sessions")).length, 1);
  // A script is no browser.
  const { secret } = await client.ok("POST", "/api/tokens", { name: "cron" });
  const { status } = await other.call("GET", "/api/sessions", undefined, {
    authorization: `Bearer ${secret}`,
  });
  t.is(status, 403);
});

test("a code beside the password, as a stock program shows it; each is taken once, and ten codes stand in for a lost phone", async (t) => {
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  const factor = "/api/owner/second-factor";
  t.deepEqual(await client.ok("GET", factor), { on: false, codes: 0 });
  const { password } = owner;
  t.is(
    (await client.call("POST", `${factor}/enrolment`, { password: "x" }))
      .status,
    401,
  );
  t.is((await client.call("PUT", factor, { code: "123456" })).status, 409);
  const { secret, uri } = await client.ok("POST", `${factor}/enrolment`, {
    password,
  });
  t.regex(
    uri,
    new RegExp(
      `^otpauth://totp/Coppice%20[^:]+:Ada\\?issuer=Coppice%20[^&]+&secret=${secret}&algorithm=SHA1&digits=6&period=30$`,
    ),
  );
  /** What the app shows so many half minutes from now. */
  const shown = async (later = 0): Promise<string> =>
    (
      await run("oathtool", [
        ...["--totp", "--base32"],
        `--now=@${Math.floor(Date.now() / 1000) + later * 30}`,
        secret,
      ])
    ).trim();
  const wrong = String((Number(await shown()) + 1) % 1_000_000).padStart(
    6,
    "0",
  );
  t.is((await client.call("PUT", factor, { code: wrong })).status, 400);
  t.deepEqual(await client.ok("GET", factor), { on: false, codes: 0 });

  await using other = new BoxClient(services.url);
  t.is((await signIn(other)).status, 204, "nothing is asked for yet");
  const { codes } = await client.ok("PUT", factor, { code: await shown() });
  t.is(codes.length, 10);
  t.is(new Set(codes).size, 10);
  t.is((await other.call("GET", "/api/status")).status, 401);
  t.is((await client.call("GET", "/api/status")).status, 200);

  t.deepEqual(await signIn(other), { status: 401, type: "second-factor" });
  t.deepEqual(await signIn(other, { code: wrong }), {
    status: 401,
    type: "wrong-code",
  });
  t.deepEqual(await signIn(other, { code: wrong, password: "not the one" }), {
    status: 401,
    type: "wrong-password",
  });
  const next = await shown(1);
  t.is((await signIn(other, { code: next })).status, 204);
  t.is((await other.call("GET", "/api/status")).status, 200);
  t.deepEqual(await signIn(other, { code: next }), {
    status: 401,
    type: "wrong-code",
  });
  const [first = "", second = ""] = codes as string[];
  t.is((await signIn(other, { code: first.toUpperCase() })).status, 204);
  t.is((await signIn(other, { code: first })).status, 401);
  t.deepEqual(await client.ok("GET", factor), { on: true, codes: 9 });

  // Nothing of it is forgotten by a restart, and no secret is in the answers.
  await services.stopService("admin");
  services.startService("admin");
  await services.ready();
  t.deepEqual(await signIn(other), { status: 401, type: "second-factor" });
  t.is((await signIn(other, { code: second.replaceAll("-", "") })).status, 204);
  const fresh = await other.ok("POST", `${factor}/codes`, { password });
  t.is(fresh.codes.length, 10);
  t.deepEqual(await other.ok("GET", factor), { on: true, codes: 10 });
  t.is((await signIn(client, { code: codes[2] })).status, 401, "it is void");

  // Guesses are as slow as guesses of the password, also for whoever knows that.
  let answer = await signIn(client, { code: wrong });
  for (let tries = 0; tries < 10 && answer.status === 401; tries++)
    answer = await signIn(client, { code: wrong });
  t.deepEqual(answer, { status: 429, type: "too-many-tries" });
  t.is((await other.call("DELETE", factor, { password })).status, 429);
});

test("whoever proves by the root key to be the owner needs no code any more; nor does who asks for none", async (t) => {
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  const { backup } = await client.claim(code, "birch", owner);
  const factor = "/api/owner/second-factor";
  const { password } = owner;
  const turnOn = async (from: BoxClient, password: string): Promise<void> => {
    const { secret } = await from.ok("POST", `${factor}/enrolment`, {
      password,
    });
    const shown = await run("oathtool", ["--totp", "--base32", secret]);
    await from.ok("PUT", factor, { code: shown.trim() });
  };
  await turnOn(client, password);
  t.deepEqual(await client.ok("DELETE", factor, { password }), {
    on: false,
    codes: 0,
  });
  await using other = new BoxClient(services.url);
  t.is((await signIn(other)).status, 204);
  await turnOn(other, password);
  t.deepEqual(await signIn(client), { status: 401, type: "second-factor" });
  await client.ok("POST", "/api/session/recover", {
    proof: { backup, passphrase: "a passphrase for tests" },
    password: "another password by far",
  });
  t.deepEqual(await client.ok("GET", factor), { on: false, codes: 0 });
  t.is(
    (await signIn(other, { password: "another password by far" })).status,
    204,
  );
});

test("who did what is kept in the tree: by browsers, scripts and root, what was refused too; it is found, and saved", async (t) => {
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  await using other = new BoxClient(services.url);
  t.is((await signIn(other, { password: "not the one" })).status, 401);
  t.is((await other.call("DELETE", "/api/session")).status, 204);
  t.is((await signIn(other)).status, 204);
  const { secret } = await other.ok(
    "POST",
    "/api/tokens",
    { name: "cron" },
    { "user-agent": phone },
  );
  await other.ok(
    "PUT",
    "/api/files/content?path=%2Fnote.txt",
    Buffer.from("x"),
  );
  await client.ok(
    "POST",
    "/api/shares",
    {
      path: "/note.txt",
      name: "Bob",
      write: false,
      expires: Date.now() + 86_400_000,
    },
    { authorization: `Bearer ${secret}` },
  );
  const cli = [join(home, "services/cli/main.ts"), "--json"];
  const command = async (...args: string[]): Promise<string> =>
    await run(process.execPath, [...cli, ...args], {
      env: { ...process.env, COPPICE_RUNTIME: join(services.folder, "run") },
    });
  const read = async (query = ""): Promise<ActivityPart> =>
    await client.ok("GET", `/api/activity${query}`);
  const told = (part: ActivityPart): string[] =>
    part.acts.map(
      ({ who, by, act, about, refused }) =>
        `${refused ? "refused: " : ""}${who} ${act} ${about ?? "-"} ${by.kind}${by.kind === "token" ? ` ${by.name}` : ""}`,
    );
  const all = [
    "Ada shared something /note.txt token cron",
    "Ada made an API token cron browser",
    "Ada signed in - browser",
    "refused: null sign in - browser",
    "Ada became the owner of this box - browser",
  ];
  t.deepEqual(told(await read()), all);
  const { acts } = await read("?search=API%20TOKEN");
  t.is(acts.length, 1);
  t.like(acts[0], { by: { agent: phone, address: "127.0.0.1" } });
  t.true(Math.abs((acts[0]?.at ?? 0) - Date.now()) < 600_000);

  // Page by page, each act once.
  const paged: string[] = [];
  let before: number | undefined;
  for (;;) {
    const part = await read(
      `?count=2${before === undefined ? "" : `&before=${before}`}`,
    );
    paged.push(...told(part));
    before = part.acts.at(-1)?.at;
    if (!part.more) break;
  }
  t.deepEqual(paged, all);

  // It is in the tree, and so it outlives the services; nothing secret is in it.
  await services.stopService("admin");
  await services.stopService("node");
  services.startService("node");
  services.startService("admin");
  await services.ready();
  t.is((await signIn(client)).status, 204);
  await until(
    "the tree is open",
    async () => (await client.call("GET", "/api/activity")).status === 200,
  );
  t.deepEqual(told(await read()).slice(1), all);
  const saved = (await client.call("GET", "/api/activity/export")).bytes;
  const lines = saved.toString().trim().split("\n");
  t.is(lines.length, all.length + 1);
  t.is(JSON.parse(lines[0] ?? "").act, "became the owner of this box");
  for (const word of [owner.password, "not the one", secret])
    t.false(saved.includes(word));

  const listed = JSON.parse(
    await command("activity", "--search", "shared something"),
  ) as ActivityPart;
  t.deepEqual(told(listed), [all[0]]);
});

/** WebDAV under litmus and cadaver, from Debian, and curl. */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { promisify } from "node:util";
import test from "ava";
import { startServices } from "../../services.ts";

const execute = promisify(execFile);
const owner = { name: "Ada", password: "correct horse battery" };

/** A port that speaks plainly what the box speaks over TLS: litmus takes no certificate that nobody signed. */
async function plainDoor(
  url: string,
): Promise<AsyncDisposable & { url: string }> {
  const { hostname, port } = new URL(url);
  const server: Server = createServer((plain) => {
    const secure = connect({
      host: hostname,
      port: Number(port),
      rejectUnauthorized: false,
    });
    plain.pipe(secure).pipe(plain);
    const end = (): void => {
      plain.destroy();
      secure.destroy();
    };
    for (const socket of [plain, secure]) {
      socket.on("error", end);
      socket.on("close", end);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.unref();
    },
  };
}

/** Runs one group of litmus's tests. @returns all that it said, and how it ended where that was not well */
async function litmus(
  group: string,
  cwd: string,
  url: string,
  ...login: [name: string, secret: string]
): Promise<string> {
  const { stdout, stderr, ...ended } = await execute(
    "litmus",
    [`${url}/dav/`, ...login],
    { cwd, env: { ...process.env, TESTS: group } },
  ).catch(
    (error: {
      stdout: string;
      stderr: string;
      code?: number;
      signal?: string;
    }) => error,
  );
  return `${stdout}${stderr}${"code" in ended ? `${ended.code} ${ended.signal}` : ""}`;
}

test("litmus: basic, copymove, props and http pass; cadaver puts, lists and gets; the door is closed until it is opened", async (t) => {
  t.timeout(150_000);
  await using box = await startServices();
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  const { secret } = await client.ok("POST", "/api/tokens", { name: "phone" });
  await using door = await plainDoor(services.url);
  const curl = async (...args: string[]): Promise<string> =>
    (
      await execute("curl", [
        "-sk",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        ...args,
      ])
    ).stdout;
  const files = `${services.url}/dav/`;
  t.is(await curl("-u", `Ada:${secret}`, files), "404", "closed");
  await client.ok("PUT", "/api/doors", { webdav: true });
  t.is(await curl(files), "401");
  t.is(await curl("-u", `Ada:${owner.password}`, files), "401");
  for (const group of ["basic", "copymove", "props", "http"]) {
    const said = await litmus(group, services.folder, door.url, "Ada", secret);
    t.regex(said, /100\.0%/, `${group}:\n${said}`);
    t.notRegex(said, /FAIL/, group);
  }
  const body = randomBytes(300_000);
  await writeFile(join(services.folder, "sea ä.jpg"), body);
  await writeFile(
    join(services.folder, ".netrc"),
    `machine 127.0.0.1 login Ada password ${secret}\n`,
    { mode: 0o600 },
  );
  const cadaver = spawn("cadaver", [`${door.url}/dav/`], {
    cwd: services.folder,
    env: { ...process.env, HOME: services.folder, LC_ALL: "C.UTF-8" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  cadaver.stdin.end(
    'mkcol photos\ncd photos\nput "sea ä.jpg"\nls\nlock "sea ä.jpg"\nquit\n',
  );
  let output = "";
  cadaver.stdout.on("data", (text) => {
    output += text;
  });
  await once(cadaver, "exit");
  t.regex(output, /succeeded/, output);
  const got = await client.call(
    "GET",
    `/api/files/content?path=${encodeURIComponent("/photos/sea ä.jpg")}`,
  );
  t.true(got.bytes.equals(body), output);
  t.is(
    await curl(
      "-u",
      `Ada:${secret}`,
      "-r",
      "5-9",
      `${files}photos/sea%20%C3%A4.jpg`,
    ),
    "206",
  );
});

test("whoever was given a link has the shared folder as WebDAV, by his own keys, for as long as the share lasts", async (t) => {
  t.timeout(150_000);
  await using box = await startServices();
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  await client.ok("PUT", "/api/doors", { webdav: true });
  await client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/",
    name: "choir",
  });
  await client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/",
    name: "taxes",
  });
  const share = async (
    write: boolean,
  ): Promise<{ share: { id: string }; secret: string }> =>
    await client.ok("POST", "/api/shares", {
      path: "/choir",
      name: "Bea",
      write,
      delegate: false,
      expires: Date.now() + 3_600_000,
    });
  const [writer, reader] = [await share(true), await share(false)];
  await using door = await plainDoor(services.url);
  for (const group of ["basic", "copymove", "props", "http"]) {
    const said = await litmus(
      ...([group, services.folder, door.url, "Bea", writer.secret] as const),
    );
    t.regex(said, /100\.0%/, `${group}:\n${said}`);
  }
  const song = join(services.folder, "song");
  await writeFile(song, "la");
  const curl = async (secret: string, ...args: string[]): Promise<string> =>
    (
      await execute("curl", [
        ...["-sk", "--path-as-is", "-w", "\n%{http_code}"],
        ...["-u", `Bea:${secret}`, ...args],
      ])
    ).stdout;
  const at = (path: string): string => `${services.url}/dav/${path}`;
  t.regex(await curl(writer.secret, "-T", song, at("song")), /\n201$/);
  t.regex(await curl(reader.secret, at("song")), /^la\n200$/);
  t.regex(await curl(reader.secret, "-T", song, at("other")), /\n403$/);
  const list = await curl(
    ...([reader.secret, "-X", "PROPFIND", "-H", "Depth: 1", at("")] as const),
  );
  t.regex(list, /<D:href>\/dav\/song</);
  t.notRegex(list, /href>[^<]*choir|taxes/);
  t.regex(await curl(writer.secret, at("../taxes")), /\n4\d\d$/);
  t.regex(await curl(writer.secret, at("%2e%2e/taxes")), /\n4\d\d$/);
  const seen = await client.call("GET", "/api/files/content?path=/choir/song");
  t.is(seen.bytes.toString(), "la", "the owner sees it at its own place");
  await client.ok("DELETE", `/api/shares/${writer.share.id}`);
  t.regex(await curl(writer.secret, at("song")), /\n40[13]$/);
  t.regex(await curl(reader.secret, at("song")), /\n200$/);
});

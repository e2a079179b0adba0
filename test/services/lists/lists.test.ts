/** Block lists: fetched over TLS by the process that the box runs, and read by dnsmasq. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import fc from "fast-check";
import { killWithParent } from "../../../scripts/board.ts";
import { freePort } from "../../../scripts/local-services.ts";
import type { BlockListStates } from "../../../services/host/client.ts";
import { namesIn, topmost } from "../../../services/lists/block-list.ts";
import { selfSigned } from "../../certificate.ts";
import { temporaryFolder } from "../../folder.ts";
import { home } from "../../home.ts";
import { until } from "../../network/until.ts";

const run = promisify(execFile);
const main = join(home, "services/lists/main.ts");

test("every usual form of a line, and nothing else", (t) => {
  for (const [line, ...names] of [
    ["0.0.0.0 ads.example.com", "ads.example.com"],
    [
      "127.0.0.1\tads.example.com  b.example.com # two",
      "ads.example.com",
      "b.example.com",
    ],
    ["::1 localhost"],
    ["0.0.0.0 0.0.0.0"],
    ["Ads.Example.COM", "ads.example.com"],
    ["*.ads.example.com", "ads.example.com"],
    ["||ads.example.com^", "ads.example.com"],
    ["||ads.example.com^$important", "ads.example.com"],
    ["||ads.example.com^$third-party"],
    ["||ads.example.com/banner"],
    ["@@||good.example.com^"],
    ["local=/ads.example.com/", "ads.example.com"],
    ["address=/ads.example.com/0.0.0.0", "ads.example.com"],
    ["address=/bank.example.com/6.6.6.6"],
    ["! a comment.example.com"],
    ["# another.example.com"],
    ["com"],
    ["192.168.1.1"],
    ["a.example.com/b\nserver=1.1.1.1"],
    ["<html><body>sign in</body>"],
  ])
    t.deepEqual(namesIn(line as string), names, line);
});

test("what a list holds never becomes another line of dnsmasq's file", (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc.string({ unit: "grapheme-ascii" }).map((text) => `0.0.0.0 ${text}`),
        fc.string({ unit: "grapheme-ascii" }).map((text) => `||${text}^`),
      ),
      (line) => {
        for (const name of namesIn(line))
          t.regex(name, /^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/);
      },
    ),
    { numRuns: 5000 },
  );
  t.deepEqual(
    topmost(
      new Set(["a.b.example", "b.example", "ab.example", "c.a.b.example"]),
    ),
    ["ab.example", "b.example"],
  );
});

test("lists come over TLS, block for dnsmasq's clients, and stay when they do not come", async (t) => {
  t.timeout(60_000);
  await using folder = await temporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  const { key, certificate } = await selfSigned(folder.path, "DNS:localhost");
  let works = true;
  const asked: string[] = [];
  const server = createServer(
    {
      key: await readFile(key),
      cert: await readFile(certificate),
    },
    ({ url, headers }, response) => {
      asked.push(`${url} ${headers["if-none-match"] ?? ""}`.trim());
      if (url === "/endless") {
        const more = (): void => {
          while (response.write("#".repeat(65_536))) {}
          response.once("drain", more);
        };
        response.on("error", () => {});
        more();
      } else if (!works) response.writeHead(503).end();
      else if (headers["if-none-match"] === '"one"')
        response.writeHead(304).end();
      else
        response
          .writeHead(200, { etag: '"one"' })
          .end("0.0.0.0 ads.example\n0.0.0.0 tracker.example\n");
    },
  ).listen(0, "localhost");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const at = (path: string): string => `https://localhost:${port}/${path}`;
  /** Runs the process; resolves to its exit code and what the page is told. */
  const fetched = async (
    ...lists: { name: string; url: string }[]
  ): Promise<[number, BlockListStates]> => {
    await writeFile(file("lists.conf"), JSON.stringify(lists));
    const child = spawn(process.execPath, [main, file("lists.conf")], {
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: certificate,
        STATE_DIRECTORY: folder.path,
      },
    });
    const [code] = (await once(child, "exit")) as [number];
    return [code, JSON.parse(await readFile(file("lists.json"), "utf8"))];
  };

  const one = { name: "One", url: at("one") };
  t.like(await fetched(one), [0, [{ names: 2, problem: null }]]);
  t.is(
    await readFile(file("blocked.conf"), "utf8"),
    "server=/ads.example/\nserver=/tracker.example/\n",
  );

  const dns = await freePort();
  const dnsmasq = spawn(
    "setpriv",
    [
      ...killWithParent,
      ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null"],
      ...["--user=root", "--pid-file=", "--no-hosts", "--no-resolv"],
      ...[`--port=${dns}`, "--listen-address=127.0.0.1", "--bind-interfaces"],
      `--servers-file=${file("blocked.conf")}`,
      ...["--address=/good.example/93.184.0.9", "--server=/fine.ads.example/#"],
    ],
    { stdio: "inherit" },
  );
  t.teardown(() => dnsmasq.kill());
  const dig = async (name: string): Promise<string> =>
    (
      await run("dig", [
        "-p",
        String(dns),
        "@127.0.0.1",
        "+tries=3",
        name,
      ]).catch(({ stdout }: { stdout: string }) => ({ stdout }))
    ).stdout;
  await until("dnsmasq answers", async () =>
    (await dig("good.example")).includes("93.184.0.9"),
  );
  t.regex(await dig("www.ads.example"), /NXDOMAIN/);
  t.notRegex(await dig("fine.ads.example"), /NXDOMAIN/, "what is allowed");

  t.log("as it was: nothing is sent twice");
  t.like(await fetched(one), [0, [{ names: 2, problem: null }]]);
  t.is(asked.at(-1), '/one "one"');

  t.log("a server that fails, one that never ends, one without a certificate");
  works = false;
  const [code, states] = await fetched(
    one,
    { name: "Endless", url: at("endless") },
    { name: "Other", url: at("one").replace("localhost", "127.0.0.1") },
  );
  t.is(code, 1, "so that it is tried again");
  t.like(states, [
    { names: 2, problem: "The server says 503." },
    { names: 0, problem: "It is larger than 32 MiB.", at: null },
    { names: 0, at: null },
  ]);
  t.regex(states[2]?.problem ?? "", /does not come: .*(altnames|certificate)/i);
  t.regex(await readFile(file("blocked.conf"), "utf8"), /ads\.example/);

  t.log("a list that the owner took away");
  await fetched();
  t.is(await readFile(file("blocked.conf"), "utf8"), "");
});

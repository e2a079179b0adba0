/** What the box finds out about its line: real ping, traceroute and name servers, and a portal that answers in a page's stead. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import test from "ava";
import { Check } from "typebox/value";
import { Look } from "../../../services/node/line/api.ts";
import { look } from "../../../services/node/line/look.ts";
import { watchPortal } from "../../../services/node/line/portal.ts";
import { BadRequestError } from "../../../services/shared/errors.ts";

const { signal } = new AbortController();

test("ping and the path, to this machine itself", async (t) => {
  const pinged = await look({ tool: "ping", target: "127.0.0.1" }, signal);
  if (pinged.tool !== "ping") throw new Error("another tool answered");
  t.is(pinged.address, "127.0.0.1");
  t.is(pinged.sent, 5);
  t.is(pinged.answers.length, 5);
  t.true(pinged.answers.every((time) => time > 0 && time < 2000));
  const path = await look({ tool: "path", target: "127.0.0.1" }, signal);
  if (path.tool !== "path") throw new Error("another tool answered");
  t.is(path.hops.length, 1);
  t.is(path.hops[0]?.address, "127.0.0.1");
});

test("an address that nobody has: pings stay unanswered, and that is an answer", async (t) => {
  // RFC 6666: packets to it go nowhere; a machine without IPv6 cannot even ask.
  const found = await look({ tool: "ping", target: "100::1" }, signal).catch(
    (error: unknown) => error,
  );
  if (found instanceof Error) t.true(found instanceof BadRequestError);
  else t.like(found, { tool: "ping", answers: [] });
});

test("a name that cannot be is refused in words, and what a tool would read as an option by the schema", async (t) => {
  for (const tool of ["ping", "names"] as const) {
    const error = await t.throwsAsync(
      look({ tool, target: "nobody.invalid" }, signal),
      { instanceOf: BadRequestError },
    );
    t.regex(error.type, /^no-(such-name|look)$/);
  }
  for (const target of [
    "-f",
    "",
    "a b",
    "a;b",
    "a\nb",
    "x".repeat(300),
    "$(x)",
  ])
    t.false(Check(Look, { tool: "ping", target }), target);
  for (const target of ["::1", "9.9.9.9", "example.org", "_dmarc.example.org"])
    t.true(Check(Look, { tool: "names", target }), target);
});

const answers: [
  words: string,
  handler: RequestListener,
  portal: RegExp | null,
][] = [
  [
    "the page itself",
    (_, response) => response.end("NetworkManager is online\n"),
    null,
  ],
  [
    "a way to somewhere else",
    (_, response) =>
      response.writeHead(302, { location: "http://login.example/in" }).end(),
    /^http:\/\/login\.example\/in$/,
  ],
  [
    "another page in its stead",
    (_, response) => response.end(`<html>${"Welcome ".repeat(100_000)}`),
    /^http:\/\/127\.0\.0\.1:\d+\/nm$/,
  ],
  [
    "RFC 6585's answer",
    (_, response) => response.writeHead(511).end("sign in"),
    /\/nm$/,
  ],
  [
    "a server that has trouble of its own",
    (_, response) => response.writeHead(503).end(),
    null,
  ],
  ["a broken answer", (request) => request.socket.destroy(), null],
];
for (const [words, handler, portal] of answers)
  test(`a captive portal is told from the Internet: ${words}`, async (t) => {
    let asked = 0;
    const server = createServer((request, response) => {
      asked++;
      handler(request, response);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const portalNow = watchPortal(signal, `http://127.0.0.1:${port}/nm`);
    const { portal: found } = await portalNow();
    if (portal === null) t.is(found, null);
    else t.regex(found ?? "", portal);
    await portalNow();
    t.is(asked, 1, "it is not asked again within the minute");
  });

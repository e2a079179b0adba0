/** What other people's pages, names and programs try on the box's pages. */
import { once } from "node:events";
import { connect } from "node:tls";
import test from "ava";
import { WebSocket } from "ws";
import { startServices } from "../../services.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };

/** Sends a request as it is written, and resolves to all of the answer. */
async function raw(url: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({
    host: hostname,
    port: Number(port),
    rejectUnauthorized: false,
  });
  await once(socket, "secureConnect");
  socket.setEncoding("latin1").write(`${lines.join("\r\n")}\r\n\r\n`);
  let answer = "";
  for await (const text of socket) answer += text;
  return answer;
}

test("other pages, paths, names and bodies that mean harm do none", async (t) => {
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  const { url } = services;
  const { host } = new URL(url);

  // Out of the folder of the pages, and to somebody else's.
  for (const path of [
    "/../../../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%2f..%2f..%2f..%2f..%2fetc/passwd",
    "/assets/..%5c..%5cetc/passwd",
    "/assets/%00../../../../etc/passwd",
    "//example.org/",
    "/\\example.org",
    "/files//example.org/%2e%2e",
  ]) {
    const answer = await raw(url, [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}`,
      "Connection: close",
    ]);
    t.regex(answer, /^HTTP\/1\.1 4\d\d /, path);
    t.false(answer.includes("root:"), path);
    t.notRegex(answer, /^location:/im, path);
  }

  // From another page in the same browser.
  const tokens = { name: "theirs" };
  for (const headers of [
    { origin: "https://example.org" },
    { origin: "null" },
    { origin: `http://${host}` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ]) {
    const refused = await client.call("POST", "/api/tokens", tokens, headers);
    t.is(refused.json.type, "foreign-page", JSON.stringify(headers));
  }
  const form = await client.call("POST", "/api/tokens", undefined, {
    "content-type": "application/x-www-form-urlencoded",
  });
  t.is(form.status, 415);
  const plain = await client.call(
    "POST",
    "/api/tokens",
    Buffer.from(JSON.stringify(tokens)),
    { "content-type": "text/plain" },
  );
  t.is(plain.status, 400, "a text is no document");
  t.deepEqual(await client.ok("GET", "/api/tokens"), []);
  await client.ok("POST", "/api/terminal", { password: owner.password });
  const socket = new WebSocket(`wss://${host}/api/terminal`, {
    rejectUnauthorized: false,
    headers: { cookie: client.cookie, origin: "https://example.org" },
  });
  const [status] = await once(socket, "close");
  t.is(status, 1008, "no shell for another page");

  // In a frame, or as what they are not.
  for (const path of [
    "/",
    "/shared",
    "/system/access",
    "/api/docs/static/index.html",
    "/api/session",
  ]) {
    const { headers } = await client.call("GET", path);
    t.regex(
      String(headers["content-security-policy"]),
      /frame-ancestors 'none'/,
      path,
    );
    t.is(headers["x-content-type-options"], "nosniff", path);
  }

  // By the name of a file.
  const name =
    'a"\r\nset-cookie: stolen=1\r\n\r\n<script>alert(1)</script>.html';
  const put = await client.call(
    "PUT",
    `/api/files/content?${new URLSearchParams({ path: `/${name.replaceAll("/", "∕")}` })}`,
    Buffer.from("<script>alert(1)</script>"),
  );
  t.true(put.status === 200 || put.status === 400, `${put.status}`);
  for (const entry of (await client.ok("GET", "/api/files?path=/")).entries) {
    const query = new URLSearchParams({ path: `/${entry.name}`, show: "true" });
    const { headers } = await client.call("GET", `/api/files/content?${query}`);
    t.is(headers["set-cookie"], undefined);
    t.regex(String(headers["content-disposition"]), /^attachment/);
    t.notRegex(String(headers["content-type"]), /html/);
  }

  // By its size, or its depth.
  const large = { name: "x".repeat(2 ** 20), password: "x" };
  t.is((await client.call("POST", "/api/session", large)).status, 413);
  const deep = Buffer.from(`${"[".repeat(30_000)}${"]".repeat(30_000)}`);
  const nested = await client.call("POST", "/api/session", deep, {
    "content-type": "application/json",
  });
  t.is(nested.status, 400);
  const packed = await client.call("POST", "/api/session", Buffer.alloc(100), {
    "content-type": "application/json",
    "content-encoding": "gzip",
  });
  t.true(packed.status >= 400 && packed.status < 500, "nothing is unpacked");

  // A session that somebody else chose, or that is over.
  const before = client.cookie;
  const signedIn = await client.call("POST", "/api/session", owner);
  t.regex(
    String(signedIn.headers["set-cookie"]),
    /^__Host-coppice=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  t.not(client.cookie, before, "each sign-in has a secret of its own");
  for (const cookie of [before, "__Host-coppice=chosen"]) {
    const asked = await client.call("GET", "/api/status", undefined, {
      cookie,
    });
    t.is(asked.status, 401);
  }
});

/** E-mails and calls of programs, with a real mail server and a real web server at the other end. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { setDefaultCACertificates } from "node:tls";
import test from "ava";
import type { MailServer } from "../../../services/node/line/api.ts";
import {
  callHook,
  DeliveryError,
  sendMail,
} from "../../../services/node/line/deliver.ts";
import { startMailServer } from "../../mail-server.ts";

const { signal } = new AbortController();
const letter = { subject: "Über: all is well", text: "A line.\n.\nAnother." };
const server = (port: number, other: Partial<MailServer>): MailServer => ({
  host: "localhost",
  port,
  security: "tls",
  user: "ada",
  password: "let me in",
  from: "box@example.org",
  to: "ada@example.org",
  ...other,
});

test.serial(
  "mail goes out over TLS and STARTTLS to servers whose certificate is trusted, with user and password",
  async (t) => {
    for (const security of ["tls", "starttls"] as const) {
      await using stand = await startMailServer({
        secure: security === "tls",
        starttls: security === "starttls",
        password: "let me in",
      });
      const good = server(stand.port, { security });
      setDefaultCACertificates([]);
      await t.throwsAsync(sendMail({ server: good, ...letter }, signal), {
        instanceOf: DeliveryError,
        message: /certificate/,
      });
      setDefaultCACertificates([stand.certificate]);
      await sendMail({ server: good, ...letter }, signal);
      const [mail] = stand.taken;
      t.like(mail, {
        from: "box@example.org",
        to: ["ada@example.org"],
        user: "ada",
      });
      t.regex(mail?.text ?? "", /^Subject: =\?UTF-8\?/m);
      t.regex(mail?.text ?? "", /^From: Coppice <box@example\.org>/m);
      t.regex(mail?.text ?? "", /^Auto-Submitted: auto-generated/m);
      t.regex(mail?.text ?? "", /\r\nA line\.\r\n\.\r\nAnother\./);
      await t.throwsAsync(
        sendMail({ server: { ...good, password: "guess" }, ...letter }, signal),
        { instanceOf: DeliveryError, message: /user and password/ },
      );
      await t.throwsAsync(
        sendMail(
          { server: { ...good, to: "nobody@example.org" }, ...letter },
          signal,
        ),
        { instanceOf: DeliveryError, message: /no such mailbox/ },
      );
      t.is(stand.taken.length, 1);
    }
  },
);

test.serial(
  "a password goes over no line that is not encrypted, and nothing waits for ever",
  async (t) => {
    await using plain = await startMailServer({});
    await t.throwsAsync(
      sendMail(
        { server: server(plain.port, { security: "none" }), ...letter },
        signal,
      ),
      { message: /anybody on the way reads the password/ },
    );
    await t.throwsAsync(
      sendMail(
        { server: server(plain.port, { security: "starttls" }), ...letter },
        signal,
      ),
      { instanceOf: DeliveryError },
    );
    await sendMail(
      {
        server: server(plain.port, { security: "none", user: null }),
        ...letter,
        subject: "one\r\nBcc: everybody@example.org",
      },
      signal,
    );
    t.is(plain.taken.length, 1);
    t.deepEqual(plain.taken[0]?.to, ["ada@example.org"]);
    t.notRegex(plain.taken[0]?.text ?? "", /^Bcc:/m);

    const silent = createTcpServer(() => {}).listen(0, "localhost");
    await once(silent, "listening");
    t.teardown(() => silent.close());
    const ending = new AbortController();
    const sending = sendMail(
      {
        server: server((silent.address() as AddressInfo).port, {
          security: "none",
          user: null,
        }),
        ...letter,
      },
      ending.signal,
    );
    silent.once("connection", (socket) => {
      t.teardown(() => socket.destroy());
      ending.abort();
    });
    await t.throwsAsync(sending, { name: "AbortError" });
  },
);

test("a program is called with a signed body, and what it answers counts", async (t) => {
  const calls: { url: string | undefined; signature: unknown; body: string }[] =
    [];
  const web = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { url, headers } = request;
    calls.push({ url, signature: headers["x-coppice-signature"], body });
    if (url === "/moved") response.writeHead(302, { location: "/" });
    else response.writeHead(url === "/broken" ? 500 : 200);
    response.end();
  }).listen(0, "localhost");
  await once(web, "listening");
  t.teardown(() => web.close());
  const base = `http://localhost:${(web.address() as AddressInfo).port}`;
  const body = '{"words":"all is well"}';
  await callHook({ address: { url: `${base}/a`, secret: "s" }, body }, signal);
  t.deepEqual(calls, [
    {
      url: "/a",
      signature: `sha256=${createHmac("sha256", "s").update(body).digest("hex")}`,
      body,
    },
  ]);
  for (const [path, message] of [
    ["/broken", /500/],
    ["/moved", /302/],
  ] as const)
    await t.throwsAsync(
      callHook({ address: { url: base + path, secret: null }, body }, signal),
      { instanceOf: DeliveryError, message },
    );
  await t.throwsAsync(
    callHook(
      { address: { url: "http://localhost:1/", secret: null }, body },
      signal,
    ),
    { instanceOf: DeliveryError, message: /cannot be reached/ },
  );
});

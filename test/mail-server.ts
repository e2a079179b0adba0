import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { selfSigned } from "./certificate.ts";
import { temporaryFolder } from "./folder.ts";

/** What a server took. */
export interface TakenMail {
  from: string;
  to: string[];
  user: string | undefined;
  text: string;
}

/** A mail server on this machine, as providers have them. */
export interface MailServerStand extends AsyncDisposable {
  port: number;
  taken: TakenMail[];
  /** In PEM: whom to trust. */
  certificate: string;
}

/** Starts one. @param port 0: any. @param password that user `ada` needs; without one nobody is asked */
export async function startMailServer({
  secure = false,
  starttls = false,
  password,
  port = 0,
}: {
  secure?: boolean;
  starttls?: boolean;
  password?: string;
  port?: number;
}): Promise<MailServerStand> {
  await using folder = await temporaryFolder();
  const files = await selfSigned(folder.path, "DNS:localhost");
  const certificate = await readFile(files.certificate, "utf8");
  const taken: TakenMail[] = [];
  const server = new SMTPServer({
    secure,
    key: await readFile(files.key, "utf8"),
    cert: certificate,
    disabledCommands: [
      ...(starttls ? [] : ["STARTTLS"]),
      ...(password === undefined ? ["AUTH"] : []),
    ],
    ...(password === undefined ? { authOptional: true } : {}),
    onAuth: (auth, _session, done) =>
      auth.username === "ada" && auth.password === password
        ? done(null, { user: "ada" })
        : done(new Error("wrong user or password")),
    onRcptTo: ({ address }, _session, done) =>
      done(address.startsWith("nobody@") ? new Error("no such mailbox") : null),
    onData: async (stream, { envelope, user }, done) => {
      let text = "";
      for await (const chunk of stream) text += String(chunk);
      taken.push({
        from: envelope.mailFrom ? envelope.mailFrom.address : "",
        to: envelope.rcptTo.map(({ address }) => address),
        user: typeof user === "string" ? user : undefined,
        text,
      });
      done();
    },
  });
  // A client that hangs up is its own affair.
  server.on("error", () => {});
  const listening = server.listen(port, "localhost");
  await once(listening, "listening");
  return {
    port: (listening.address() as AddressInfo).port,
    taken,
    certificate,
    async [Symbol.asyncDispose]() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      await promise;
    },
  };
}

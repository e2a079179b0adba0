import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { fetch } from "undici";
import { BadRequestError, CoppiceError } from "../../shared/errors.ts";
import { badAddress, type HookCall, type Mail } from "./api.ts";

/** Milliseconds after which a server is taken for one that does not answer. */
const patience = 15_000;
/** Milliseconds that an e-mail may take. */
const longest = 60_000;

/** A message was not taken. */
export class DeliveryError extends CoppiceError {
  override name = "DeliveryError";
  constructor(message: string, cause: unknown) {
    super(502, "not-delivered", message, { cause });
  }
}

/** Sends an e-mail. @throws DeliveryError, BadRequestError: unsafe where a password would go without encryption */
export async function sendMail(
  { server, subject, text }: Mail,
  signal: AbortSignal,
): Promise<void> {
  const { host, port, security, user, password, from, to } = server;
  if (security === "none" && user !== null)
    throw new BadRequestError(
      "Without encryption anybody on the way reads the password. Choose TLS or STARTTLS, or leave the user out.",
      "unsafe",
    );
  const until = AbortSignal.any([signal, AbortSignal.timeout(longest)]);
  // Few boxes send any: the others need not load it at their start.
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    ...{ host, port },
    // A socket of ours is one that can be taken away.
    getSocket: (_options, done) => {
      const connection = connect({ host, port, signal: until });
      connection.once("error", done);
      connection.once("connect", () => {
        connection.off("error", done);
        done(null, { connection });
      });
    },
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(user === null ? {} : { auth: { user, pass: password ?? "" } }),
    tls: { minVersion: "TLSv1.2" },
    greetingTimeout: patience,
    socketTimeout: patience,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      ...{ from: { name: "Coppice", address: from }, to, subject, text },
      // RFC 3834: nobody's absence is to answer it.
      headers: { "Auto-Submitted": "auto-generated" },
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new DeliveryError(`${host} ${wordsFor(error)}`, error);
  }
}

function wordsFor(error: unknown): string {
  const { code, response, message } = error as {
    code?: string;
    response?: string;
    message: string;
  };
  const said = response ? `: ${response.slice(0, 200)}` : "";
  switch (code) {
    case "EAUTH":
      return `does not take this user and password${said}. Some providers want a password of its own for programs.`;
    case "EENVELOPE":
      return `does not take mail from or to these addresses${said}.`;
    case "ENOTFOUND":
      return "is not found. Check its name.";
    case "ETLS":
      return "does not offer the encryption that is asked for. Check port and encryption.";
    case "ABORT_ERR":
    case "ETIMEDOUT":
      return "does not answer. Check its name and port.";
    case "ECONNREFUSED":
    case "ECONNECTION":
    case "ESOCKET":
      return `cannot be reached, or shows a certificate that is not trusted (${message.slice(0, 200)}). Check its name, port and encryption.`;
    default:
      return `did not take the message${said || `: ${message.slice(0, 200)}`}.`;
  }
}

/** Tells a program. @throws DeliveryError where it does not answer with a status of 2xx, BadRequestError: bad-address */
export async function callHook(
  { address: { url, secret }, body }: HookCall,
  signal: AbortSignal,
): Promise<void> {
  const to = URL.parse(url);
  if (!to) throw badAddress();
  const signature =
    secret === null
      ? {}
      : {
          "x-coppice-signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
        };
  let status: number;
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...signature },
      body,
      // Elsewhere it was not sent to.
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    });
    status = answer.status;
    await answer.body?.cancel();
  } catch (error) {
    signal.throwIfAborted();
    const { message, cause } = error as Error;
    throw new DeliveryError(
      `${to.host} cannot be reached (${(cause instanceof Error ? cause.message : message).slice(0, 200)}). Check the address.`,
      error,
    );
  }
  if (status < 200 || status > 299)
    throw new DeliveryError(
      `${to.host} answered with ${status}. Check the address, and what its owner expects.`,
      undefined,
    );
}

import type { FastifyReply, FastifyRequest } from "fastify";
import { CoppiceError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";
import type { Access, Origin, Session, Sessions, Ticket } from "./sessions.ts";
import type { Token, Tokens } from "./tokens.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may call this route; the owner in any way, unless said otherwise. */
    access?: "anyone" | "setup" | "owner" | "browser";
  }
  interface FastifyRequest {
    /** Who calls. */
    access: Access | undefined;
    /** The browser that calls, where it is one that is signed in. */
    session: Session | undefined;
    /** The token of the script that calls, where it is one. */
    token: Token | undefined;
  }
}

/** The caller has to sign in, or may not do this. */
export class AccessError extends CoppiceError {
  override name = "AccessError";
}

/** The session cookie's name; the prefix makes browsers refuse it without Secure, and from other hosts. */
export const cookieName = "__Host-coppice";

const allowed: Record<
  "anyone" | "setup" | "owner" | "browser",
  readonly Access[]
> = {
  anyone: ["owner", "setup", "token", "local"],
  setup: ["setup", "local"],
  owner: ["owner", "token", "local"],
  browser: ["owner"],
};

/** Characters of a User-Agent that are kept. */
const longestAgent = 300;

/** Where the browser that calls is, as it tells. */
export function originOf({ ip, headers }: FastifyRequest): Origin {
  return {
    address: ip,
    agent: (headers["user-agent"] ?? "").slice(0, longestAgent),
  };
}

/** Signs the browser that calls in, by a cookie. */
export function enter(
  sessions: Sessions,
  access: "owner" | "setup",
  reply: FastifyReply,
): void {
  giveTicket(sessions.open(access, originOf(reply.request)), reply);
}

function giveTicket({ secret, seconds }: Ticket, reply: FastifyReply): void {
  reply.setCookie(cookieName, secret, {
    path: "/",
    httpOnly: true,
    secure: true,
    sameSite: "strict",
    maxAge: seconds,
  });
}

/**
 * Checks each call before its body is read: who it is from, and, where a cookie says so, that the page it comes from is ours.
 * @param local whether callers are root by the socket they use.
 */
export function guardRoutes(
  app: Server,
  sessions: Sessions,
  tokens: Tokens,
  local: boolean,
): void {
  for (const name of ["access", "session", "token"])
    app.decorateRequest(name, undefined);
  app.addHook("onRequest", async (request, reply) => {
    if (local) request.access = "local";
    else recognize(request, reply, sessions, tokens);
    const wanted =
      request.routeOptions.config.access ??
      (request.url.startsWith("/api/") ? "owner" : "anyone");
    const byCookie = request.access === "owner" || request.access === "setup";
    if (byCookie && !["GET", "HEAD"].includes(request.method))
      refuseForeignPages(request);
    if (wanted === "anyone") return;
    if (request.access === undefined)
      throw new AccessError(
        401,
        wanted === "setup" ? "code-needed" : "sign-in",
        wanted === "setup"
          ? "Enter the setup code first. If another browser took over the setup, enter it again here."
          : "Sign in, or send an API token.",
      );
    if (!allowed[wanted].includes(request.access))
      throw new AccessError(
        403,
        "not-allowed",
        wanted === "browser"
          ? "Only the owner in a browser may do this."
          : "This is not for you to do.",
      );
  });
}

/** Takes note in the request of who calls, and gives a browser another secret from time to time. @throws AccessError */
function recognize(
  request: FastifyRequest,
  reply: FastifyReply,
  sessions: Sessions,
  tokens: Tokens,
): void {
  const bearer = /^Bearer (\S{20,200})$/.exec(
    request.headers.authorization ?? "",
  )?.[1];
  if (bearer !== undefined) {
    request.token = tokens.find(bearer);
    request.access = "token";
    if (request.token) return;
    throw new AccessError(
      401,
      "bad-token",
      "This API token is not known. Make one on the page Access.",
    );
  }
  // Not with files, which caches may keep.
  const found = sessions.find(
    request.cookies[cookieName],
    request.url.startsWith("/api/"),
  );
  request.session = found?.session;
  request.access = found?.session.access;
  if (found?.ticket) giveTicket(found.ticket, reply);
}

/** SameSite=Strict keeps other sites' requests without our cookie; this holds where a browser does not. @throws AccessError */
export function refuseForeignPages(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (
    (origin !== undefined && origin !== `https://${host}`) ||
    (site !== undefined && site !== "same-origin" && site !== "none")
  ) {
    throw new AccessError(
      403,
      "foreign-page",
      "This request came from another web page. Use the box's own pages.",
    );
  }
}

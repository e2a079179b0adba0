/** What faces the household: HTTPS, the pages, and what every answer says to browsers. */
import type { Server as HttpsServer } from "node:https";
import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import serveStatic from "@fastify/static";
import type { FastifyBaseLogger } from "fastify";
import { CoppiceError } from "../../shared/errors.ts";
import { createServer, leastTls, type Server } from "../../shared/server.ts";
import type { Certificate } from "../certificates.ts";

const everywhere = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
];

/** What the pages may load and do, and who may show them. */
const contentSecurityPolicy = [
  ...everywhere,
  // No text becomes markup or code.
  "require-trusted-types-for 'script'",
  // The one policy names the service worker (web/src/offline.ts).
  "trusted-types worker",
].join("; ");

/** The same of the API's own pages, which are somebody else's. */
export const documentsPolicy = [
  ...everywhere,
  "style-src 'self' 'unsafe-inline'",
].join("; ");

/** A server for browsers; a route says how often it may be asked. */
export async function createHttpsServer(
  log: FastifyBaseLogger,
  { key, cert }: Certificate,
): Promise<Server> {
  const app = createServer(log, { key, cert });
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: (_request, { ttl }) =>
      new CoppiceError(
        429,
        "too-many-requests",
        `Too many tries. Wait ${Math.ceil(ttl / 1000)} seconds.`,
        { retryAfter: ttl / 1000 },
      ),
  });
  return app;
}

/** Shows another certificate to whoever connects from now on. */
export function showCertificate(app: Server, { key, cert }: Certificate): void {
  const { server } = app as unknown as { server: HttpsServer };
  server.setSecureContext({ key, cert, minVersion: leastTls });
}

/** Adds cookies, and the headers that every answer has. */
export async function secureAnswers(app: Server): Promise<void> {
  app.addHook("onSend", async (request, reply) => {
    reply.headers({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "strict-transport-security": "max-age=31536000",
    });
    if (!request.url.startsWith("/api/docs"))
      reply.header("content-security-policy", contentSecurityPolicy);
    if (request.url.startsWith("/api/") && !reply.hasHeader("cache-control"))
      reply.header("cache-control", "no-store");
  });
  await app.register(cookie);
}

/** The pages find their way by the address: each of them is the same document. */
const addresses = [
  "/setup",
  "/shared",
  "/sign-in",
  "/files",
  "/friends",
  "/storage",
  "/identity",
  "/network",
  "/notices",
  "/terminal",
  "/system",
  "/system/access",
  "/system/log",
  "/system/past",
];

/** Serves the pages. @param folder that holds them as they were built */
export async function servePages(app: Server, folder: string): Promise<void> {
  await app.register(serveStatic, {
    root: folder,
    cacheControl: false,
    // The build laid them beside.
    preCompressed: true,
    setHeaders: (reply, path) =>
      void reply.header(
        "cache-control",
        path.includes("/assets/")
          ? "public, max-age=31536000, immutable"
          : "no-cache",
      ),
  });
  for (const address of addresses)
    app.get(address, { schema: { hide: true } }, async (_request, reply) =>
      reply.sendFile("index.html"),
    );
}

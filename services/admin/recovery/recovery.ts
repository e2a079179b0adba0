/** The admin's part of the recovery: a page at the box's address with the few acts that help it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { addressOf, defaultNetwork, HostClient } from "../../host/client.ts";
import type { Server } from "../../shared/server.ts";
import { places } from "../../shared/service.ts";
import { guardRoutes } from "../api/access.ts";
import { createHttpsServer, secureAnswers, servePages } from "../api/https.ts";
import { Sessions } from "../api/sessions.ts";
import { Tokens } from "../api/tokens.ts";
import { Certificates } from "../certificates.ts";
import { whenUp } from "../when-up.ts";
import { Presence } from "./presence.ts";
import { addRecoveryRoutes } from "./recovery-routes.ts";

/** Milliseconds that the recovery waits for somebody with its code. */
const patience = 15 * 60_000;

/** Serves the recovery's page until it is closed. @param listen opens it to the household. @param ending aborts when the service ends */
export async function serveRecovery(
  log: Logger,
  pages: string,
  listen: (app: Server) => Promise<void>,
  ending: AbortSignal,
): Promise<AsyncDisposable> {
  // In memory: the box's own certificate is in the state, which may not open.
  const { state } = places("admin");
  await mkdir(state, { recursive: true });
  const { current: certificate } = await Certificates.open(
    join(state, "tls"),
    defaultNetwork.lans.map(addressOf),
  );
  const host = new HostClient();
  const presence = new Presence();
  const sessions = new Sessions();
  const app = await createHttpsServer(log, certificate);
  await secureAnswers(app);
  guardRoutes(app, sessions, await Tokens.load(state), false);
  // Where it came by itself and nobody is at home, the box may do what it should after another start.
  const leaving = setTimeout(() => {
    log.warn("nobody came: the box restarts as always");
    host
      .power("reboot", ending)
      .catch((error: unknown) => log.error({ err: error }, "no restart"));
  }, patience);
  addRecoveryRoutes(app, host, presence, sessions, () => clearTimeout(leaving));
  await servePages(app, pages);
  await listen(app);
  const { code } = presence;
  const { fingerprint } = certificate;
  const show = (): Promise<void> =>
    host.showRecovery({ code, fingerprint }, ending);
  whenUp(show, ending).catch((error: unknown) => {
    if (!ending.aborted)
      log.error({ err: error }, "the console does not take the recovery code");
  });
  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(leaving);
      await app.close();
      await host[Symbol.asyncDispose]();
    },
  };
}

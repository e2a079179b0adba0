import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  addressOf,
  type Configuration,
  defaultNetwork,
  HostClient,
} from "../host/client.ts";
import { IdentityClient } from "../identity/client.ts";
import { NodeClient } from "../node/client.ts";
import { inRecovery } from "../shared/recovery.ts";
import {
  listenOnPassedSocket,
  listenOnSocket,
  type Server,
} from "../shared/server.ts";
import { places, runService, socketPath } from "../shared/service.ts";
import { Activity } from "./activity/activity.ts";
import { createHttpsApp, createLocalApp } from "./api/app.ts";
import { Doors } from "./api/doors.ts";
import { Guests } from "./api/guests.ts";
import { showCertificate } from "./api/https.ts";
import { OwnerAccount } from "./api/owner.ts";
import { People } from "./api/people.ts";
import { Sessions } from "./api/sessions.ts";
import { Tokens } from "./api/tokens.ts";
import { Certificates } from "./certificates.ts";
import { Claim } from "./claim.ts";
import { Configurations } from "./configurations.ts";
import { DiskWorker } from "./disk-work.ts";
import { adoptPassword, forgetHandover } from "./handover.ts";
import { keepCertificate } from "./keep-certificate.ts";
import { NoticeWatch } from "./notices/watch.ts";
import { serveRecovery } from "./recovery/recovery.ts";
import { SmartHome } from "./smart-home/smart-home.ts";
import { whenUp } from "./when-up.ts";

await runService("admin", async (log, ending) => {
  const { state } = places("admin");
  const pages = process.env.COPPICE_PAGES ?? join(import.meta.dirname, "web");
  const listen = async (app: Server): Promise<void> => {
    if (process.env.LISTEN_FDS === undefined)
      await app.listen({
        host: "127.0.0.1",
        port: Number(process.env.COPPICE_PORT ?? 8443),
      });
    else await listenOnPassedSocket(app);
  };
  if (inRecovery()) return await serveRecovery(log, pages, listen, ending);
  await mkdir(state, { recursive: true });
  const certificates = await Certificates.open(
    join(state, "tls"),
    defaultNetwork.lans.map(addressOf),
  );
  const identity = new IdentityClient();
  const host = new HostClient();
  const node = new NodeClient();
  const account = await OwnerAccount.load(state);
  const left = await adoptPassword(state, account).catch(
    async (error: unknown) => {
      log.error({ err: error }, "what the recovery left cannot be read");
      await forgetHandover(state);
    },
  );
  const claim = await Claim.load(state, account, { identity, host, node });
  const activity = new Activity(node, ending, (error) =>
    log.warn(
      { err: error },
      "what was done cannot be written down yet; it is tried again",
    ),
  );
  const guests = new Guests();
  const smartHome = await SmartHome.load(state, host, node);
  const parts = {
    log,
    account,
    claim,
    sessions: new Sessions(),
    tokens: await Tokens.load(state),
    doors: await Doors.load(state),
    notices: await NoticeWatch.load(state, {
      ...{ host, node, identity, activity, smartHome },
    }),
    smartHome,
    activity,
    certificates,
    guests,
    people: await People.load(state, guests),
    host,
    node,
    identity,
    diskWorker: new DiskWorker(host, node),
    ending,
  };
  const app = await createHttpsApp(parts, pages);
  const local = await createLocalApp(parts);
  await listen(app);
  await listenOnSocket(local, socketPath("admin"));
  const restore = async (left: Configuration): Promise<void> => {
    const settings = new Configurations(host, node);
    try {
      const { trial } = await whenUp(
        async () => await settings.take(left, "the recovery"),
        ending,
      );
      // Whoever restored them stood before the box, and has the recovery again where they were wrong.
      if (trial) await host.confirmNetwork(trial.token);
    } finally {
      if (!ending.aborted) await forgetHandover(state);
    }
  };
  const showLabel = async (): Promise<void> =>
    await whenUp(
      async () =>
        await host.showLabel(certificates.current.fingerprint, ending),
      ending,
    );
  // A claim that lost power before its end is finished now; the services may need a moment yet.
  const settle = async (): Promise<void> => {
    // The label shows the setup code, which the identity service has written when it answers.
    await whenUp(async () => void (await identity.tpm(ending)), ending);
    await whenUp(async () => await claim.settle(), ending);
    await showLabel();
    await whenUp(async () => await claim.introduceOwner(), ending);
    if (left) await restore(left);
  };
  settle().catch((error: unknown) => {
    if (!ending.aborted)
      log.warn(
        { err: error },
        "the console shows no label, or a finished setup could not be tidied; the next start tries again",
      );
  });
  const certified = keepCertificate(
    certificates,
    host,
    async () => {
      showCertificate(app, certificates.current);
      await showLabel();
    },
    (error) =>
      log.error(
        { err: error },
        "the box's certificate was not brought up to date",
      ),
    ending,
  );
  const watching = parts.notices.run(() => claim.claimed, log, ending);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([watching, certified]);
      await Promise.all([app.close(), local.close()]);
      // What was done a moment ago; without the node, or a tree, it is lost.
      await parts.activity.write().catch(() => {});
      for (const client of [identity, host, node])
        await client[Symbol.asyncDispose]();
    },
  };
});

import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { imageAnchors } from "../shared/image.ts";
import { inRecovery } from "../shared/recovery.ts";
import {
  createServer,
  listenOnPassedSocket,
  listenOnSocket,
} from "../shared/server.ts";
import { places, runService, socketPath } from "../shared/service.ts";
import { BootSources } from "./boot-sources.ts";
import { NodeIdentity } from "./node-identity.ts";
import {
  addIdentityRoutes,
  addPeerRoutes,
  addSetupCodeRoutes,
  addTpmRoutes,
} from "./routes.ts";
import { SetupCode } from "./setupcode.ts";
import { Tpm } from "./tpm/tpm.ts";

await runService("identity", async (log) => {
  const { state } = places("identity");
  const socket = socketPath("identity");
  await mkdir(dirname(socket), { recursive: true });
  const tpm = await Tpm.open(process.env.COPPICE_TPM ?? "device:/dev/tpmrm0");
  const app = createServer(log);
  addTpmRoutes(app, tpm);
  // Without its state it would make other keys in the place of those that it has.
  if (inRecovery()) {
    await listenOnSocket(app, socket);
    return {
      async [Symbol.asyncDispose]() {
        await app.close();
        await tpm[Symbol.asyncDispose]();
      },
    };
  }
  const setupCode = await SetupCode.load(
    tpm,
    state,
    join(dirname(socket), "setup-code"),
  );
  const opening = NodeIdentity.open({
    tpm,
    folder: state,
    boot: process.env.COPPICE_BOOT_LOGS
      ? BootSources.folder(process.env.COPPICE_BOOT_LOGS)
      : BootSources.credentials(),
    shipped: imageAnchors,
  });
  opening.then(
    (identity) => identity.keepRenewed(log),
    (error: unknown) =>
      log.error(
        { err: error },
        "the identity cannot be opened; the setup code works all the same",
      ),
  );
  addSetupCodeRoutes(app, setupCode);
  addIdentityRoutes(app, async () => await opening);
  const peers = createServer(log);
  addPeerRoutes(peers, async () => await opening);
  await listenOnSocket(app, socket);
  if (process.env.LISTEN_FDS === undefined)
    await listenOnSocket(peers, socketPath("identity-peer"));
  else await listenOnPassedSocket(peers);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([app.close(), peers.close()]);
      await (await opening.catch(() => undefined))?.[Symbol.asyncDispose]();
      await tpm[Symbol.asyncDispose]();
    },
  };
});

import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Type } from "typebox";
import { createServer, listenOnSocket } from "../shared/server.ts";
import { places, runService, socketPath } from "../shared/service.ts";
import { TpmState } from "./client.ts";
import { SetupCode } from "./setupcode.ts";
import { Tpm } from "./tpm.ts";

await runService("identity", async (log) => {
  const { state } = places("identity");
  const socket = socketPath("identity");
  await mkdir(dirname(socket), { recursive: true });
  const tpm = await Tpm.open(process.env.COPPICE_TPM ?? "device:/dev/tpmrm0");
  const setupCode = await SetupCode.load(
    tpm,
    state,
    join(dirname(socket), "setup-code"),
  );
  const properties = await tpm.properties();
  const app = createServer(log);
  app.get("/tpm", { schema: { response: { 200: TpmState } } }, async () => ({
    present: true,
    ...properties,
  }));
  app.post(
    "/setup-code/verify",
    { schema: { body: Type.Object({ code: Type.String({ maxLength: 64 }) }) } },
    async (request, reply) => {
      await setupCode.verify(request.body.code);
      return reply.status(204).send();
    },
  );
  app.post("/setup-code/retire", async (_request, reply) => {
    await setupCode.retire();
    return reply.status(204).send();
  });
  await listenOnSocket(app, socket);
  return {
    async [Symbol.asyncDispose]() {
      await app.close();
      await tpm[Symbol.asyncDispose]();
    },
  };
});

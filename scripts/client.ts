/** Writes `client/coppice.ts` anew: run it when the API has changed. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { apiClient, apiClientFile } from "./api-client.ts";
import { buildFolder, repository } from "./builder.ts";
import { runCommandLine } from "./command-line.ts";
import { ensureHostTools } from "./debian.ts";
import { buildWebPages } from "./image.ts";
import { freePort, LocalServices } from "./local-services.ts";
import { withProgress } from "./progress.ts";

/** @throws CommandError, MissingToolError */
async function writeClient(): Promise<void> {
  await ensureHostTools("services");
  const pages = join(buildFolder, "web");
  await withProgress("building the pages", () => buildWebPages(pages));
  const folder = await mkdtemp(join(tmpdir(), "coppice-client-"));
  try {
    await using services = await LocalServices.start({
      home: repository,
      folder,
      port: await freePort(),
      pages,
      disks: [],
      tpm: true,
    });
    const { body } = await request(`${services.url}/api/openapi.json`, {
      // Services that this has just started itself.
      dispatcher: new Agent({ connect: { rejectUnauthorized: false } }),
    });
    await writeFile(apiClientFile, await apiClient(await body.json()));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  console.log(apiClientFile);
}

await runCommandLine(writeClient);

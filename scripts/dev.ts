import { rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildFolder, repository } from "./builder.ts";
import { runCommandLine } from "./command-line.ts";
import { ensureHostTools } from "./debian.ts";
import { buildWebPages } from "./image.ts";
import { LocalServices } from "./local-services.ts";
import { withProgress } from "./progress.ts";

/** @throws CommandError, MissingToolError */
async function dev(): Promise<void> {
  const { values } = parseArgs({
    options: {
      fresh: { type: "boolean" },
      recovery: { type: "boolean" },
      port: { type: "string", default: "8443" },
    },
  });
  await ensureHostTools("services");
  const folder = join(repository, ".run/dev");
  if (values.fresh) await rm(folder, { recursive: true, force: true });
  const pages = join(buildFolder, "web");
  await withProgress("building the pages", () => buildWebPages(pages));
  await using services = await LocalServices.start({
    home: repository,
    folder,
    port: Number(values.port),
    pages,
    disks: ["birch", "rowan"],
    tpm: true,
    recovery: values.recovery === true,
    onLine: (service, line) => console.log(`[${service}] ${line}`),
  });
  const code = await services.setupCode();
  console.log(`Admin: ${services.url}`);
  console.log(
    values.recovery
      ? `The recovery's code is in ${join(folder, "console")}.`
      : code === undefined
        ? "This box has an owner; --fresh begins anew."
        : `Setup code: ${code}`,
  );
  console.log("Folders stand for disks and are not encrypted. Ctrl-C ends.");
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => resolve());
  await promise;
}

await runCommandLine(dev);

import { join } from "node:path";
import type { ExecutionContext } from "ava";
import {
  freePort,
  type LocalOptions,
  LocalServices,
} from "../scripts/local-services.ts";
import { BoxClient } from "./box-client.ts";
import { temporaryFolder } from "./folder.ts";
import { home } from "./home.ts";

/**
 * The services of a test's own on this machine, unclaimed, with empty folders as disks.
 * @param t where a failure is to be reported with the last that the services said
 */
export async function startServices(
  options: Partial<LocalOptions> = {},
  t?: ExecutionContext,
): Promise<
  AsyncDisposable & {
    services: LocalServices;
    client: BoxClient;
    code: string;
    /** TCP port of the network drive, where it is opened. */
    drivePort: number;
  }
> {
  const folder = await temporaryFolder();
  const lines: string[] = [];
  t?.teardown(() => {
    if (!t.passed)
      t.log(["what the services said:", ...lines.slice(-60)].join("\n"));
  });
  const pages = join(import.meta.dirname, "../.build/web");
  const drivePort = await freePort();
  const services = await LocalServices.start({
    home,
    folder: folder.path,
    port: await freePort(),
    pages,
    disks: ["birch", "rowan"],
    tpm: true,
    onLine: (service, line) => lines.push(`${service}: ${line}`),
    ...options,
    env: { COPPICE_SMB_PORT: String(drivePort), ...options.env },
  }).catch((error: unknown) => {
    throw new Error(
      `the services did not start:\n${lines.slice(-20).join("\n")}`,
      { cause: error },
    );
  });
  const client = new BoxClient(services.url);
  return {
    services,
    client,
    code: (await services.setupCode()) ?? "",
    drivePort,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await services[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

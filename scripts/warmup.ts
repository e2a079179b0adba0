/** Runs in the builder: starts the services once to see what they load, and compiles that for the image's compile cache. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { markFolder } from "../services/node/store/data-disk.ts";
import { RootKey } from "../services/node/tree/rootkey.ts";
import { ServiceClient } from "../services/shared/client.ts";
import { socketPath } from "../services/shared/service.ts";
import { freePort, LocalServices } from "./local-services.ts";
import { probe } from "./probe.ts";
import { run } from "./process.ts";

const home = "/usr/lib/coppice";
const folder = await mkdtemp("/tmp/warmup-");
const list = join(folder, "modules");
const env = {
  COPPICE_MODULES: list,
  NODE_OPTIONS: `--import=${join(import.meta.dirname, "module-list.ts")}`,
};
{
  const options = {
    home,
    folder,
    port: await freePort(),
    pages: join(home, "services/admin/web"),
    disks: ["one"],
    tpm: true,
    env,
  };
  await using services = await LocalServices.start({
    ...options,
    onLine: (service, line) => console.error(service, line),
  });
  for (const path of ["/", "/api/session", "/api/status", "/api/openapi.json"])
    await probe(services.url + path);
  // An attestation loads what a start leaves for later.
  await using identity = new ServiceClient(
    "identity",
    socketPath("identity", join(folder, "run")),
  );
  for (const path of ["/identity", "/trust"])
    await (await identity.raw("GET", path)).body.dump();
  await (await identity.raw("POST", "/attest", { body: {} })).body.dump();
  // With an owner and a disk the node goes among its friends, for which it loads libp2p.
  await using node = new ServiceClient(
    "node",
    socketPath("node", join(folder, "run")),
  );
  await markFolder(join(folder, "mounts/one"));
  const { words } = RootKey.create();
  await (
    await node.raw("POST", "/root-key/words", { body: { words } })
  ).body.dump();
  await (await node.raw("POST", "/rescan", { body: {} })).body.dump();
  for (let tries = 0; tries < 100; tries++) {
    const there = await node.raw("GET", "/friends").then(
      async ({ body }) => {
        await body.dump();
        return true;
      },
      () => false,
    );
    if (there) break;
    await sleep(200);
  }
}
for (const [file, ...args] of [["services/cli/main.ts", "--help"]]) {
  await run(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(home, file ?? ""), ...args],
    { env: { ...process.env, ...env } },
  );
}
const loaded = new Set((await readFile(list, "utf8")).trim().split("\n"));
// Programs would begin; JSON is not compiled.
const modules = [...loaded]
  .filter((url) => !url.endsWith("/main.ts") && !url.endsWith(".json"))
  .filter((url) => url.startsWith(pathToFileURL(home).href))
  .sort();
// What ran would leave what it had compiled by then: another set each time. V8 does without chance where it is told to.
await run(
  process.execPath,
  [
    ...["--random-seed=1", "--predictable"],
    // V8 refuses code that was cached under other flags than the units'.
    "--max-semi-space-size=2",
    // Padding that V8 leaves as it is shows in what is cached; memory that was never used before holds zeros, and no other after a collection.
    "--initial-old-space-size=1024",
    "--disable-warning=ExperimentalWarning",
    join(import.meta.dirname, "compile-cache.ts"),
    join(home, "cache"),
  ],
  {
    input: modules.join("\n"),
    cwd: home,
    // Not with a cache of somebody else's.
    env: {},
  },
);
await rm(folder, { recursive: true });

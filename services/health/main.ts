/** Proves the version that was just started, from a computer of the household's own; ends with 0 where it is to be kept. */
import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import type { Health, HealthCheck } from "../host/client.ts";
import { writeDurable } from "../shared/durable.ts";
import { createLogger, places } from "../shared/service.ts";
import { checkFromLan, deadUnits, type Lease } from "./checks.ts";

const run = promisify(execFile);
/** Milliseconds that a version has from the start of this. */
const patience = 8 * 60_000;
const units = ["admin", "host", "identity", "node", "lan"].map(
  (name) => `coppice-${name}.service`,
);

const log = createLogger("health");
const {
  values: { interface: device = "lan", version = "0" },
} = parseArgs({
  options: { interface: { type: "string" }, version: { type: "string" } },
});
// A check that hangs has failed.
const signal = AbortSignal.timeout(patience + 60_000);
// A box that is switched off meanwhile has said nothing against this version.
process.once("SIGTERM", () => process.exit(0));
const { runtime, state } = places("health");
const leaseFile = join(runtime, "health/lease");

// It keeps its address as long as it runs, and gives it back.
const dhcp = spawn(
  "busybox",
  [
    ...["udhcpc", "-f", "-R", "-i", device, "-x", "hostname:coppice-health"],
    ...["-t", "100", "-T", "3", "-s", "/usr/libexec/coppice/take-lease"],
  ],
  { stdio: "ignore", env: { ...process.env, LEASE: leaseFile } },
);
const health: Health = { version, at: 0, checks: [] };
try {
  const deadline = performance.now() + patience;
  for (;;) {
    health.checks = [
      ...(await services()),
      ...(await checkFromLan(await readLease(), signal)),
    ];
    const dead = health.checks.some(
      ({ name, good }) => name === "services" && !good,
    );
    const good = health.checks.every((one) => one.good);
    if (good || dead || performance.now() > deadline) break;
    await sleep(1000, undefined, { signal });
  }
} finally {
  dhcp.kill("SIGTERM");
}
health.at = Date.now();
await writeDurable(join(state, "health.json"), JSON.stringify(health));
const bad = health.checks.filter(({ good }) => !good);
if (bad.length > 0) log.error({ bad }, `version ${version} does not work`);
else log.info({ version }, "this version works");
process.exitCode = bad.length > 0 ? 1 : 0;

async function services(): Promise<HealthCheck[]> {
  const { stdout } = await run(
    "systemctl",
    ["show", "--property=Id,ActiveState,NRestarts", ...units],
    { signal },
  );
  const states = stdout
    .trim()
    .split("\n\n")
    .map((stanza) => {
      const get = (key: string): string =>
        new RegExp(`^${key}=(.*)$`, "m").exec(stanza)?.[1] ?? "";
      return {
        name: get("Id"),
        active: get("ActiveState"),
        restarts: Number(get("NRestarts")),
      };
    });
  const words = deadUnits(states);
  return [
    {
      name: "services",
      good: words.length === 0,
      words: words.join("; ") || "all run",
    },
  ];
}

async function readLease(): Promise<Lease | undefined> {
  const text = await readFile(leaseFile, "utf8").catch(() => "");
  const [address, router, names] = text.trim().split(" ");
  return address && router && names ? { address, router, names } : undefined;
}

import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { ensureImage } from "../../scripts/image.ts";
import { probe } from "../../scripts/probe.ts";
import type { BoxClient } from "../box-client.ts";
import { until } from "../network/until.ts";
import type { Machine } from "./machine.ts";
import { signIn } from "./owner.ts";
import type { Installation } from "./power-cuts.ts";
import { step } from "./step.ts";
import type { Shell } from "./tools.ts";
import {
  handedOn,
  install,
  lookFor,
  setOf,
  UpdateSource,
  updatesWhen,
} from "./update-source.ts";
import type { WriteLog } from "./write-log.ts";

/** Updates a box from 0.1.0 to 0.2.0, which is on a stick, while `log` takes down what its disk is told. @returns when that was */
export async function expectUpdated(
  t: ExecutionContext,
  machine: Machine,
  client: BoxClient,
  shell: Shell,
  { stick, log }: { stick: string; log: WriteLog },
): Promise<Pick<Installation, "from" | "to" | "blessed">> {
  const next = await ensureImage("qemu-x86-64", { version: "0.2.0" });
  step(t, "updates that are refused, and one that is good");
  await using source = await UpdateSource.create(
    join(machine.folder, "releases"),
  );
  await client.ok("PUT", "/api/updates/settings", {
    source: source.url,
    friends: false,
    automatic: false,
    quiet: { from: 0, to: 60 },
  });
  await source.offerForeign(next, join(machine.folder, "foreign-keys"));
  t.is((await lookFor(client)).problem?.type, "bad-signature");
  const brought = await lookFor(client, "stick");
  t.like(brought, {
    phase: "ready",
    problem: null,
    found: { version: "0.2.0", notes: "It is greener." },
  });
  const { found, came } = brought;
  t.true(came < 0.05 * (found?.size ?? 0), `${came} bytes came`);
  t.is(
    await shell(
      "for try in $(seq 120); do grep -q coppice-sticks /proc/self/mountinfo || break; sleep 1; done; grep coppice-sticks /proc/self/mountinfo | cat",
    ),
    "",
    "the stick can be taken out",
  );
  const node = (await client.ok("GET", "/api/identity")).node;
  const from = (await log.read()).length;
  await install(client);
  await shell("sync");
  const to = (await log.read()).length;
  await client.ok("POST", "/api/updates/restart");
  const answers = async (): Promise<boolean> =>
    (await probe(`${client.url}/api/session`)) === 200;
  await until("the box goes down", async () => !(await answers()));
  await until("the box comes back", answers, 1200);
  await signIn(client);
  const proven = await updatesWhen(client, ({ history }) => history.length > 0);
  t.like(proven, { version: "0.2.0", phase: "idle" });
  t.like(proven.history[0], { version: "0.2.0", good: true });
  t.true(proven.health?.checks.every(({ good }) => good));
  await shell("sync");
  const blessed = (await log.read()).length;
  t.deepEqual(
    (await shell("ls -A1 /efi/EFI/Linux")).trim().split("\n"),
    ["coppice_0.1.0.efi", "coppice_0.2.0.efi"],
    "nothing is left of the installation that was cut off",
  );
  t.is((await client.ok("GET", "/api/identity")).node, node);
  const { accepted } = await client.ok("POST", "/api/identity/attest", {});
  t.true(accepted, "by the new version's reference values");
  await until("what runs is found by its links", async () =>
    /\bverity\b/.test(await shell("ls /run/coppice/updates")),
  );
  const { got, wanted } = await handedOn(shell, setOf(stick));
  t.is(wanted.length, 6);
  t.deepEqual(got, wanted, "what runs, for friends' boxes");
  return { from, to, blessed };
}

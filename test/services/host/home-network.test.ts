/** A change of the network that cannot be put into force, or not taken back at once. */
import { join } from "node:path";
import test from "ava";
import { CommandError } from "../../../services/host/command.ts";
import { checkRendered } from "../../../services/host/network/board-network.ts";
import {
  defaultNetwork,
  type Network,
} from "../../../services/host/network/document.ts";
import {
  HomeNetwork,
  type NetworkRunner,
} from "../../../services/host/network/home-network.ts";
import { renderNetwork } from "../../../services/host/network/rendering.ts";
import { temporaryFolder } from "../../folder.ts";

/** Daemons that fail as often as they are told to, and keep what they were given last. */
class Failing implements NetworkRunner {
  failures = 0;
  inForce = new Map<string, string>();
  kept = new Map<string, string>();

  async check(files: ReadonlyMap<string, string>): Promise<void> {
    await checkRendered(files);
  }

  async apply(files: ReadonlyMap<string, string>): Promise<void> {
    this.inForce = new Map(files);
    if (this.failures-- > 0)
      throw new CommandError("networkctl", "1", "no such daemon");
  }

  async keep(files: ReadonlyMap<string, string>): Promise<void> {
    this.kept = new Map(files);
  }
}

function withName(name: string): Network {
  const network = structuredClone(defaultNetwork);
  network.dns.names.push({ name, address: "192.168.77.9" });
  return network;
}

test("what a daemon does not take is taken back at once, and what is not taken back is tried again", async (t) => {
  t.timeout(60_000);
  await using folder = await temporaryFolder();
  const runner = new Failing();
  const heard: unknown[] = [];
  await using network = await HomeNetwork.open(
    folder.path,
    runner,
    join(folder.path, "key"),
    (error) => heard.push(error),
  );
  const before = renderNetwork(defaultNetwork);
  runner.failures = 1;
  await t.throwsAsync(
    network.try({ document: withName("nas"), who: "Ada", seconds: 60 }),
    { instanceOf: CommandError },
  );
  t.deepEqual(runner.inForce, before);
  t.is((await network.state()).trial, null);

  await network.try({ document: withName("nas"), who: "Ada", seconds: 1 });
  t.notDeepEqual(runner.inForce, before);
  t.deepEqual(runner.kept, before, "the next boot knows nothing of it");
  runner.failures = 1;
  while (heard.length === 0)
    await new Promise((resolve) => setImmediate(resolve));
  while (runner.failures >= 0)
    await new Promise((resolve) => setImmediate(resolve));
  t.is((await network.state()).trial, null);
  t.deepEqual(runner.inForce, before);
  t.is(heard.length, 1);
});

/** A change of the network that cannot be put into force, or not taken back at once. */
import { readdir, readFile } from "node:fs/promises";
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
import { drawKey } from "../../../services/host/network/wireguard.ts";
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

test("a key that comes with other settings is the box's own once they are kept, and not before", async (t) => {
  await using folder = await temporaryFolder();
  const runner = new Failing();
  const open = async (): Promise<HomeNetwork> =>
    await HomeNetwork.open(
      folder.path,
      runner,
      join(folder.path, "keys/private-key"),
      (error) => {
        throw error;
      },
    );
  const document = structuredClone(defaultNetwork);
  document.vpn = {
    port: 51820,
    address: "10.99.0.1/24",
    endpoint: "home.example",
    phones: [],
    sites: [],
  };
  const said = { document, who: "Ada", seconds: 60 };
  /** The private key that systemd-networkd is told of. */
  const told = async (files: ReadonlyMap<string, string>): Promise<string> => {
    const netdev = files.get("networkd/50-vpn.netdev") ?? "";
    const file = /^PrivateKeyFile=(.*)$/m.exec(netdev)?.[1] ?? "";
    return (await readFile(file, "utf8")).trim();
  };
  const other = drawKey();
  {
    await using network = await open();
    await network.confirm((await network.try(said)).token);
    const own = await network.secretKey();
    t.is(await told(runner.inForce), own ?? "");
    t.truthy(await network.take(said, other.privateKey));
    t.is(await told(runner.inForce), other.privateKey);
    t.is(
      await told(runner.kept),
      own ?? "",
      "the next boot knows nothing of it",
    );
    await network.revert();
    t.is(await told(runner.inForce), own ?? "");
    t.is(await network.secretKey(), own);
    const trial = await network.take(said, other.privateKey);
    await network.confirm(trial?.token ?? "");
    t.deepEqual((await network.state()).history[0]?.what, [
      "The box's own key",
    ]);
  }
  await using again = await open();
  t.is(await again.ownKey(), other.publicKey);
  t.is(await told(runner.kept), other.privateKey);
  t.is(await again.take(said, other.privateKey), null, "it is this already");
  t.is((await readdir(join(folder.path, "keys"))).length, 1);
});

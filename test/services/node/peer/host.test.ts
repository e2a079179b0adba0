/** Two libp2p hosts that connect to each other. */
import { generateKeyPair } from "@libp2p/crypto/keys";
import test from "ava";
import { startHost } from "../../../../services/node/peer/host.ts";
import { LmdbIndex } from "../../../../services/node/store/ordered-index.ts";
import { temporaryFolder } from "../../../folder.ts";

test("a connection outlives that its monitor and the gauge of the lines ping at the same moment", async (t) => {
  await using folder = await temporaryFolder();
  await using ends = new AsyncDisposableStack();
  const open = async (name: string): ReturnType<typeof startHost> => {
    const index = ends.use(
      await LmdbIndex.open(`${folder.path}/${name}`, ["libp2p"]),
    );
    const host = await startHost({
      privateKey: await generateKeyPair("Ed25519"),
      index,
      listen: ["/ip4/127.0.0.1/tcp/0"],
      isFriend: () => true,
      protocols: {},
    });
    ends.defer(async () => await host.stop());
    return host;
  };
  const ada = await open("ada");
  const bob = await open("bob");
  const [address] = bob.getMultiaddrs();
  if (!address) throw new Error("it listens nowhere");
  const connection = await ada.dial(address);
  const trips = await Promise.all(
    Array.from({ length: 4 }, () => ada.services.ping.ping(bob.peerId)),
  );
  t.true(trips.every((milliseconds) => milliseconds >= 0));
  t.is(connection.status, "open");
});

/** Two boxes that agree on more than nothing. */
import test from "ava";
import { readContract } from "../../services/node/peer/contract.ts";
import { until } from "./until.ts";
import { befriend, Village } from "./village.ts";

const day = 86_400_000;

test("who asks a price gets no contract from whoever does not pay it, and one by these terms from whoever does", async (t) => {
  t.timeout(15 * 60_000);
  await using village = await Village.create(t);
  const [ada, bob] = await Promise.all([
    village.home("ada"),
    village.home("bob"),
  ]);
  await befriend(ada, bob);
  const bobs = await ada.friend("bob");
  const adas = await bob.friend("ada");
  t.like(adas.mine, { price: 0, currency: "" });
  const asks = { price: 2e6, currency: "EUR", days: 60, bandwidth: 125_000 };
  await ada.friends.change(bobs.id, { asks });
  // What was agreed on stands; whoever wants another contract is asked the new price.
  t.like((await bob.friend("ada")).mine, { price: 0, space: 2e9 });
  await bob.friends.change(adas.id, { wish: 1e9 });
  await until("bob hears the price", async () =>
    /asks 2 EUR .* you pay 0/.test((await bob.friend("ada")).trouble),
  );
  t.like((await bob.friend("ada")).mine, { price: 0, space: 2e9 });
  await bob.friends.change(adas.id, {
    pays: { price: 2_500_000, currency: "EUR" },
  });
  await until("they agree", async () => {
    const { mine, trouble } = await bob.friend("ada");
    return mine?.price === 2e6 && trouble === "";
  });
  const { mine, ended } = await bob.friends.contracts(adas.id);
  const { contract, signatures } = readContract(
    Buffer.from(mine ?? "", "base64"),
  );
  t.like(contract, { ...asks, days: undefined, space: 1e9, version: 2 });
  t.is(contract.until - contract.from, 60 * day);
  t.is(signatures.size, 2, "both have signed");
  t.is(ended.length, 1, "and the one before is kept");
  t.like((await ada.friend("bob")).theirs, { price: 2e6, space: 1e9 });
});

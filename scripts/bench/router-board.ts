import { Household } from "../../test/board/household.ts";
import { Machine } from "../../test/board/machine.ts";
import { owner } from "../../test/board/owner.ts";
import { Provider } from "../../test/board/provider.ts";
import { BoxClient } from "../../test/box-client.ts";

/** A claimed box in the emulated board, and who is at its two ports. */
export interface RouterBoard {
  client: BoxClient;
  household: Household;
  provider: Provider;
}

/** Starts a box between a household and a provider with iperf3, lets its owner claim it, and takes it apart after the work. */
export async function withRouterBoard(
  work: (board: RouterBoard) => Promise<void>,
): Promise<void> {
  await using machine = await Machine.create(() => {});
  await using household = await Household.create();
  await using provider = await Provider.create(household, machine.folder);
  await using box = await machine.boot({
    lan: household,
    wanTap: provider.tap,
  });
  await household.lease();
  await using client = new BoxClient(
    "https://192.168.77.1",
    await household.relay(machine.folder),
  );
  await client.claim(box.code(), "BIRCH1", owner);
  provider.serve({}, "iperf3", "--server");
  await work({ client, household, provider });
}

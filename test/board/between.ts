import type { BoxClient } from "../box-client.ts";
import type { Household } from "./household.ts";
import type { Provider } from "./provider.ts";
import type { Shell } from "./tools.ts";

/** A claimed box between a household, which has a computer, and a provider. */
export interface Between {
  client: BoxClient;
  household: Household;
  provider: Provider;
  /** The computer's first address. */
  first: string;
  /** Runs a command on the box. */
  shell: Shell;
  /** For files of this machine. */
  folder: string;
}

/** Whether a command of the computer works. */
export async function succeeds(
  { household }: Between,
  ...command: [string, ...string[]]
): Promise<boolean> {
  return await household.run(...command).then(
    () => true,
    () => false,
  );
}

/** How the computer asks a box for a name, but for the box and the name. */
export const ask = ["dig", "+short", "+tries=9"] as const;

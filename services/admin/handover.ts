/** What the recovery leaves for the next start: whoever stands before a box cannot change its state while nothing of it runs. */
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { Configuration } from "../host/client.ts";
import { readJson, removeDurable, writeDurable } from "../shared/durable.ts";
import { adminFiles } from "../shared/recovery.ts";
import type { OwnerAccount } from "./api/owner.ts";
import { PasswordHash } from "./api/password.ts";

/** A new password for the owner, and settings in place of those that are there. */
export const Handover = Type.Object({
  password: Type.Optional(PasswordHash),
  configuration: Type.Optional(Configuration),
});
export type Handover = Static<typeof Handover>;

/**
 * Gives the owner the password that was left. @param folder the admin's state
 * @returns the settings that were left: they wait until the other services are there. @throws where what was left cannot be read
 */
export async function adoptPassword(
  folder: string,
  account: OwnerAccount,
): Promise<Configuration | undefined> {
  const file = join(folder, adminFiles.handover);
  const left = await readJson(Handover, file);
  if (!left) return undefined;
  const { password, configuration } = left as Handover;
  if (password && account.name !== undefined) await account.replace(password);
  if (configuration)
    await writeDurable(file, JSON.stringify({ configuration }));
  else await removeDurable(file);
  return configuration;
}

/** Forgets what was left. @param folder the admin's state */
export async function forgetHandover(folder: string): Promise<void> {
  await removeDurable(join(folder, adminFiles.handover));
}

import type { ExecutionContext } from "ava";
import type { Running } from "./machine.ts";

/** What GET /api/recovery answers, as far as boards are asked for it. */
interface Found {
  opens: boolean;
  claimed: boolean;
  locked: boolean;
  dataDisks: number;
  hostname: string;
}

/** Waits for a box's recovery, and opens its page with the code that its console shows. @returns what the recovery finds */
export async function openRecovery(
  t: ExecutionContext,
  { guest, client }: Running,
): Promise<Found> {
  const [, code] = await guest.line(
    /^Recovery code: (\S+)/,
    AbortSignal.timeout(800_000),
  );
  const enter = async (typed: string | undefined): Promise<number> =>
    (await client.call("POST", "/api/recovery/code", { code: typed })).status;
  t.is((await client.call("GET", "/api/recovery")).status, 401);
  t.is(await enter("AAAA-AAAA"), 403);
  t.is(await enter(code), 204);
  return await client.ok("GET", "/api/recovery");
}

/** Starts the recovery of a box whose owner is signed in, has it set another password, and switches it off there. */
export async function resetPassword(
  t: ExecutionContext,
  box: Running,
  password: string,
): Promise<void> {
  const { guest, client } = box;
  await client.ok("POST", "/api/power", { act: "recovery" });
  t.like(await openRecovery(t, box), {
    opens: true,
    claimed: true,
    locked: false,
    dataDisks: 1,
  });
  const told = await client.call("GET", "/api/recovery/diagnostics");
  t.regex(
    told.bytes.toString(),
    /^== Log of the boots before[\s\S]*Started coppice-node/m,
    "what went on before the recovery",
  );
  await client.ok("POST", "/api/recovery/password", { password });
  await client.ok("POST", "/api/recovery/power", { act: "power-off" });
  await guest.ended;
}

import { setTimeout as sleep } from "node:timers/promises";
import { addressOf, type HostClient } from "../host/client.ts";
import type { Certificates } from "./certificates.ts";
import { whenUp } from "./when-up.ts";

/** Milliseconds between two looks at the box's addresses and the day. */
const period = 60_000;

/**
 * Has the certificate say the addresses that the box has, and be good, until `ending`.
 * @param shown is called where there is a new one. @param onError hears why it could not be; it is tried again
 */
export async function keepCertificate(
  certificates: Certificates,
  host: HostClient,
  shown: () => Promise<void>,
  onError: (error: unknown) => void,
  ending: AbortSignal,
): Promise<void> {
  while (!ending.aborted) {
    try {
      const { document } = await whenUp(
        async () => await host.network(ending),
        ending,
      );
      if (await certificates.renew(document.lans.map(addressOf), new Date()))
        await shown();
    } catch (error) {
      if (!ending.aborted) onError(error);
    }
    await sleep(period, undefined, { signal: ending }).catch(() => {});
  }
}

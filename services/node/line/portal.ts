// Node's own dies of a server that hangs up while its answer waits to be read (nodejs/undici#5360).
import { fetch } from "undici";
import { remembered } from "../../shared/remembered.ts";
import type { Portal } from "./api.ts";

/** Debian's own page for this question, which each Debian machine with NetworkManager asks. */
const page = "http://network-test.debian.org/nm";
const expected = "NetworkManager is online";
/** Milliseconds for which an answer counts. */
const fresh = 60_000;

/**
 * Finds out whether a captive portal stands before the Internet, no more than once a minute.
 * @param address of a page that says "NetworkManager is online" where nothing is in the way
 */
export function watchPortal(
  signal: AbortSignal,
  address = page,
): () => Promise<Portal> {
  return remembered(fresh, async () => await ask(address, signal));
}

async function ask(address: string, signal: AbortSignal): Promise<Portal> {
  try {
    const answer = await fetch(address, {
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    });
    const { status, headers, body } = answer;
    const reader = body?.getReader();
    const start = await reader?.read();
    // The rest is never fetched.
    await reader?.cancel();
    if (status >= 300 && status < 400)
      return { portal: new URL(headers.get("location") ?? "", address).href };
    const text = Buffer.from(start?.value ?? []).toString("utf8");
    const through = status === 200 && text.startsWith(expected);
    // RFC 6585, 6: "network authentication required"; others answer in the page's stead.
    return {
      portal: through || (status >= 400 && status !== 511) ? null : address,
    };
  } catch {
    // Without any answer there is no line at all, which others say.
    return { portal: null };
  }
}

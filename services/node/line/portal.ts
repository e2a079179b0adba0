import type { Portal } from "./api.ts";

/** Debian's own page for this question, which each Debian machine with NetworkManager asks. */
const page = "http://network-test.debian.org/nm";
const expected = "NetworkManager is online";
/** Milliseconds for which an answer counts. */
const fresh = 60_000;

/** Finds out whether a captive portal stands before the Internet, no more than once a minute. */
export class PortalWatch {
  readonly #page: string;
  #last: { at: number; found: Promise<Portal> } | undefined;

  /** @param address of a page that says "NetworkManager is online" where nothing is in the way */
  constructor(address = page) {
    this.#page = address;
  }

  async read(signal: AbortSignal): Promise<Portal> {
    const now = performance.now();
    if (!this.#last || now > this.#last.at + fresh)
      this.#last = { at: now, found: ask(this.#page, signal) };
    return await this.#last.found;
  }
}

async function ask(address: string, signal: AbortSignal): Promise<Portal> {
  try {
    const answer = await fetch(address, {
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    });
    const { status, headers, body } = answer;
    const start = await body?.getReader().read();
    await body?.cancel().catch(() => {});
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

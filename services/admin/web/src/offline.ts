/** The pages without the box: kept by a service worker, where the browser trusts the box's certificate. */

const path = "/worker.js";

/** Browsers with Trusted Types take a script's address from a policy alone. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

/** Has the worker installed, once the page has what it needs itself. */
export function keepPages(): void {
  if (!("serviceWorker" in navigator)) return;
  addEventListener("load", () => {
    const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
    const policy = trustedTypes?.createPolicy("worker", {
      createScriptURL: () => path,
    });
    // Refused where the browser was told to go on in spite of the certificate; the pages do without.
    navigator.serviceWorker
      .register(policy?.createScriptURL(path) ?? path)
      .catch(() => {});
  });
}

/** Whether this browser trusts the box: it keeps no pages of others. */
export async function isTrusted(): Promise<boolean> {
  return (
    "serviceWorker" in navigator &&
    (await navigator.serviceWorker.getRegistration()) !== undefined
  );
}

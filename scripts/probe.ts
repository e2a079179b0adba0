import { get } from "node:https";

/**
 * Asks for a page over HTTPS without checking the certificate, which a new box makes itself.
 * @returns the status, and 0 where nobody answers within 5 s.
 */
export async function probe(url: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const call = get(
    url,
    { rejectUnauthorized: false, agent: false, timeout: 5000 },
    (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode ?? 0));
      answer.once("error", () => resolve(0));
    },
  );
  call.once("error", () => resolve(0));
  call.once("timeout", () => call.destroy());
  return await promise;
}

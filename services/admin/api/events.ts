import type { FastifyReply } from "fastify";

/**
 * Answers with server-sent events until the client goes, it is signed out, or `ending` aborts.
 * @param subscribe is given a function that sends one event, and returns what ends the subscription.
 */
export function sendEvents(
  reply: FastifyReply,
  ending: AbortSignal,
  subscribe: (send: (data: unknown) => void) => () => void,
): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": "text/event-stream",
    "cache-control": "no-store",
  });
  raw.write("retry: 2000\n\n");
  const ends = [ending, reply.request.session?.ended];
  // A client that does not read must not fill our memory: it misses events instead.
  const unsubscribe = subscribe(
    (data) =>
      void (
        raw.writableLength < 2 ** 18 &&
        raw.write(`data: ${JSON.stringify(data)}\n\n`)
      ),
  );
  const end = (): void => void raw.end();
  for (const one of ends) one?.addEventListener("abort", end, { once: true });
  raw.once("close", () => {
    unsubscribe();
    for (const one of ends) one?.removeEventListener("abort", end);
  });
}

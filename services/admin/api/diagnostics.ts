import type { FastifyReply } from "fastify";
import type { HostClient } from "../../host/client.ts";
import { whenGone } from "../../shared/server.ts";

/** Answers with what the machine says of itself, as a file. */
export async function sendDiagnostics(
  host: HostClient,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return reply
    .type("text/plain; charset=utf-8")
    .header(
      "content-disposition",
      'attachment; filename="coppice-diagnostics.txt"',
    )
    .send(await host.diagnostics(whenGone(reply)));
}

import {
  type HostClient,
  LogPart,
  LogQuestion,
  LogServices,
  LogSubscription,
} from "../../host/client.ts";
import { type Server, whenGone } from "../../shared/server.ts";
import { sendEvents } from "./events.ts";

/** The box's log. */
export function addLogRoutes(
  app: Server,
  host: HostClient,
  ending: AbortSignal,
): void {
  const tags = ["system"];
  app.get(
    "/api/log",
    {
      schema: {
        tags,
        summary:
          "Lines of the log: the newest, or the newest before one, that a service wrote, that are as bad, or that have something in them",
        querystring: LogQuestion,
        response: { 200: LogPart },
      },
    },
    async ({ query }, reply) => await host.log(query, whenGone(reply)),
  );
  app.get(
    "/api/log/services",
    {
      schema: {
        tags,
        summary: "What has written into the log",
        response: { 200: LogServices },
      },
    },
    async () => await host.logServices(),
  );
  app.get(
    "/api/log/events",
    {
      schema: {
        tags,
        summary: "Lines as they are written, as server-sent events",
        querystring: LogSubscription,
      },
    },
    async ({ query }, reply) => {
      sendEvents(reply, ending, (send) => {
        const stop = new AbortController();
        const follow = async (): Promise<void> => {
          for await (const line of host.followLog(query, stop.signal))
            send(line);
        };
        // Where the host goes, the stream ends, and the browser asks again.
        follow().then(
          () => reply.raw.end(),
          () => reply.raw.end(),
        );
        return () => stop.abort();
      });
    },
  );
}

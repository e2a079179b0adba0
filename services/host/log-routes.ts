import { Readable } from "node:stream";
import { type Server, whenGone } from "../shared/server.ts";
import type { Journal } from "./log.ts";
import {
  LogPart,
  LogQuestion,
  LogServices,
  LogSubscription,
} from "./log-lines.ts";

/** The machine's log. */
export function addLogRoutes(app: Server, journal: Journal): void {
  app.post(
    "/log",
    { schema: { body: LogQuestion, response: { 200: LogPart } } },
    async ({ body }, reply) => await journal.read(body, whenGone(reply)),
  );
  app.get(
    "/log/services",
    { schema: { response: { 200: LogServices } } },
    async (_request, reply) => await journal.services(whenGone(reply)),
  );
  app.post(
    "/log/follow",
    { schema: { body: LogSubscription } },
    async ({ body }, reply) => {
      const lines = journal.follow(body, whenGone(reply));
      return reply.type("application/jsonl").send(
        Readable.from(
          (async function* () {
            for await (const line of lines) yield `${JSON.stringify(line)}\n`;
          })(),
        ),
      );
    },
  );
}

import { Readable } from "node:stream";
import type { Server } from "../../shared/server.ts";
import type { Activity } from "./activity.ts";
import { ActivityPart, ActivityQuestion } from "./api.ts";

const tags = ["activity"];

/** Who did what to the box. */
export function addActivityRoutes(app: Server, activity: Activity): void {
  app.get(
    "/api/activity",
    {
      schema: {
        tags,
        summary: "Who did what to the box, newest first",
        querystring: ActivityQuestion,
        response: { 200: ActivityPart },
      },
    },
    async ({ query }) => await activity.read(query),
  );
  app.get(
    "/api/activity/export",
    {
      schema: {
        tags,
        summary: "All of it as lines of JSON, oldest first",
        produces: ["application/jsonl"],
      },
    },
    async (_request, reply) =>
      reply
        .type("application/jsonl")
        .header(
          "content-disposition",
          'attachment; filename="coppice-activity.jsonl"',
        )
        .send(Readable.from(activity.lines())),
  );
}

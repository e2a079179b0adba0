import { Type } from "typebox";
import type { Server } from "../../shared/server.ts";
import { Channel, NoticeSettings, NoticesState } from "../notices/api.ts";
import type { NoticeWatch } from "../notices/watch.ts";

/** What the box tells its owner without being asked, and how. */
export function addNoticeRoutes(
  app: Server,
  notices: NoticeWatch,
  ending: AbortSignal,
): void {
  const tags = ["notices"];
  const response = { 200: NoticesState };
  app.get(
    "/api/notices",
    {
      schema: {
        tags,
        summary:
          "What is wrong with the box and what was, and how its owner is told; without passwords and secrets",
        response,
      },
    },
    async () => notices.state,
  );
  app.get(
    "/api/notices/unseen",
    {
      schema: {
        tags,
        summary: "How much of it the owner has not seen",
        response: { 200: Type.Pick(NoticesState, ["unseen"]) },
      },
    },
    async () => notices.state,
  );
  app.post(
    "/api/notices/seen",
    { schema: { tags, summary: "Say that all was seen", response } },
    async () => {
      await notices.see();
      return notices.state;
    },
  );
  app.post(
    "/api/notices/look",
    {
      config: { rateLimit: { max: 30, timeWindow: "1 minute" } },
      schema: {
        tags,
        summary:
          "Look now what is wrong, and send what waits; else it is looked once a minute",
        response,
      },
    },
    async () => {
      await notices.look(true, ending);
      return notices.state;
    },
  );
  app.put(
    "/api/notices/settings",
    {
      config: {
        noted: "set how the box tells what is wrong",
        access: "browser",
      },
      schema: {
        tags,
        summary:
          "Say how to tell: by e-mail, to a program, and of what not. A password or secret that is null stays, for the same server",
        body: NoticeSettings,
        response,
      },
    },
    async ({ body }) => {
      await notices.set(body);
      return notices.state;
    },
  );
  app.post(
    "/api/notices/test",
    {
      config: {
        access: "browser",
        rateLimit: { max: 10, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary: "Send a message that says nothing else",
        body: Type.Object({ channel: Channel }),
        response,
      },
    },
    async ({ body }) => {
      await notices.try(body.channel, ending);
      return notices.state;
    },
  );
}

import { Type } from "typebox";
import type { HostClient } from "../../host/client.ts";
import type { Server } from "../../shared/server.ts";
import type { OwnerAccount } from "./owner.ts";
import { Enrolment, SecondFactorState } from "./second-factor.ts";
import type { Sessions } from "./sessions.ts";

const tags = ["session"];
const browser = { access: "browser" } as const;
const seldom = { max: 10, timeWindow: "1 minute" };
const password = Type.String({ minLength: 1, maxLength: 1024 });
const code = Type.String({ minLength: 1, maxLength: 64 });
/** Recovery codes; they are told once. */
const Codes = Type.Object({ codes: Type.Array(Type.String()) });

/** Whether a code is asked for beside the password, and which. */
export function addSecondFactorRoutes(
  app: Server,
  account: OwnerAccount,
  sessions: Sessions,
  host: HostClient,
): void {
  const factor = "/api/owner/second-factor";
  const state = { 200: SecondFactorState };
  app.get(
    factor,
    {
      schema: {
        tags,
        summary: "Whether a code is asked for beside the password",
        response: state,
      },
    },
    async () => account.second.state,
  );
  app.post(
    `${factor}/enrolment`,
    {
      config: { ...browser, rateLimit: seldom },
      schema: {
        tags,
        summary:
          "Draw a secret for an app that shows codes (TOTP, RFC 6238); nothing is asked for until one of its codes is typed",
        body: Type.Object({ password }),
        response: { 200: Enrolment },
      },
    },
    async ({ body }) => {
      await account.confirm(body.password);
      const { hostname } = await host.status();
      return account.second.enrol(hostname, account.name ?? "");
    },
  );
  app.put(
    factor,
    {
      config: {
        ...browser,
        rateLimit: seldom,
        noted: "had a code asked for beside the password",
      },
      schema: {
        tags,
        summary:
          "Ask for codes from now on, by a first one; tells ten recovery codes, once, and signs all other browsers out",
        body: Type.Object({ code }),
        response: { 200: Codes },
      },
    },
    async ({ body, session }) => {
      const codes = await account.second.confirm(body.code);
      sessions.endAll("owner", session?.id);
      return { codes };
    },
  );
  app.post(
    `${factor}/codes`,
    {
      config: {
        ...browser,
        rateLimit: seldom,
        noted: "drew new recovery codes",
        refused: "draw new recovery codes",
      },
      schema: {
        tags,
        summary: "Draw ten other recovery codes; those before are void",
        body: Type.Object({ password }),
        response: { 200: Codes },
      },
    },
    async ({ body }) => {
      await account.confirm(body.password);
      return { codes: await account.second.renew() };
    },
  );
  app.delete(
    factor,
    {
      config: {
        ...browser,
        rateLimit: seldom,
        noted: "had no code asked for any more",
        refused: "have no code asked for any more",
      },
      schema: {
        tags,
        summary: "Ask for the password alone",
        body: Type.Object({ password }),
        response: state,
      },
    },
    async ({ body }) => {
      await account.confirm(body.password);
      await account.second.remove();
      return account.second.state;
    },
  );
}

import { type Static, Type } from "typebox";
import { BadRequestError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";
import { cookieName, enter } from "./access.ts";
import type { OwnerAccount } from "./owner.ts";
import { MadePasskey, Passkey, UsedPasskey } from "./passkeys.ts";
import type { Sessions } from "./sessions.ts";

/** A question for a browser's authenticator, as Web Authentication writes it in JSON. */
export const PasskeyQuestion = Type.Object(
  { challenge: Type.String() },
  { additionalProperties: true },
);
export type PasskeyQuestion = Static<typeof PasskeyQuestion>;

/** The owner's passkeys, and signing in by one. */
export function addPasskeyRoutes(
  app: Server,
  account: OwnerAccount,
  sessions: Sessions,
): void {
  const tags = ["session"];
  const browser = { access: "browser" } as const;
  const anyone = { access: "anyone" } as const;
  const often = { max: 30, timeWindow: "1 minute" };
  const seldom = { max: 10, timeWindow: "1 minute" };
  const passkeys = "/api/owner/passkeys";
  app.get(
    passkeys,
    {
      config: browser,
      schema: {
        tags,
        summary: "The owner's passkeys, the newest first",
        response: { 200: Type.Array(Passkey) },
      },
    },
    async () => account.passkeys.list(),
  );
  app.post(
    `${passkeys}/challenge`,
    {
      config: {
        ...browser,
        rateLimit: seldom,
        refused: "begin with a passkey",
      },
      schema: {
        tags,
        summary:
          "Begin to make a passkey; what comes is for navigator.credentials.create",
        body: Type.Object({
          password: Type.String({ minLength: 1, maxLength: 1024 }),
        }),
        response: { 200: PasskeyQuestion },
      },
    },
    async ({ body, headers }) => {
      await account.confirm(body.password);
      return {
        ...(await account.passkeys.offer(
          hostOf(headers.host),
          account.name ?? "",
        )),
      };
    },
  );
  app.post(
    passkeys,
    {
      config: {
        ...browser,
        rateLimit: seldom,
        noted: "added a passkey",
        about: "name",
      },
      schema: {
        tags,
        summary: "Keep a passkey that the browser has made",
        body: Type.Object({ name: Passkey.properties.name, made: MadePasskey }),
        response: { 200: Type.Array(Passkey) },
      },
    },
    async ({ body, headers }) => {
      await account.passkeys.add(hostOf(headers.host), body.made, body.name);
      return account.passkeys.list();
    },
  );
  app.delete(
    `${passkeys}/:id`,
    {
      config: { ...browser, noted: "removed a passkey" },
      schema: {
        tags,
        summary: "Forget a passkey; it lets nobody in any more",
        params: Type.Pick(Passkey, ["id"]),
        response: { 200: Type.Array(Passkey) },
      },
    },
    async (request) => {
      request.about = await account.passkeys.remove(request.params.id);
      return account.passkeys.list();
    },
  );
  app.post(
    "/api/session/passkey/challenge",
    {
      config: { ...anyone, rateLimit: often },
      schema: {
        tags,
        summary:
          "Begin to sign in by a passkey; what comes is for navigator.credentials.get",
        response: { 200: PasskeyQuestion },
      },
    },
    async ({ headers }) => ({
      ...(await account.passkeys.ask(hostOf(headers.host))),
    }),
  );
  app.post(
    "/api/session/passkey",
    {
      config: {
        ...anyone,
        rateLimit: often,
        noted: "signed in by a passkey",
        proves: true,
        refused: "sign in by a passkey",
      },
      schema: { tags, summary: "Sign in by a passkey", body: UsedPasskey },
    },
    async ({ body, headers, cookies }, reply) => {
      await account.checkPasskey(hostOf(headers.host), body);
      sessions.end(cookies[cookieName]);
      enter(sessions, "owner", reply);
      return reply.status(204).send();
    },
  );
}

/** The Host header. @throws BadRequestError where there is none */
function hostOf(host: string | undefined): string {
  if (host !== undefined) return host;
  throw new BadRequestError("The request names no host.", "no-host");
}

import type { FastifyRequest } from "fastify";
import type { Server } from "../../shared/server.ts";
import { originOf } from "../api/access.ts";
import type { OwnerAccount } from "../api/owner.ts";
import type { Activity } from "./activity.ts";
import type { Act } from "./api.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What whoever calls this has done then, as in: Ada made an API token. It is kept who did so, and when. */
    noted?: string;
    /** What it was done to: the name of a field of the question or its path. */
    about?: string;
    /** What somebody has tried who is refused by 401. */
    refused?: string;
    /** Whoever is answered well has proven to be the owner, or the request's person. */
    proves?: boolean;
  }
  interface FastifyRequest {
    /** What it was done to, where only the answer knows. */
    about: string | undefined;
    /** The name of who did it, where that is not the owner. */
    person: string | undefined;
  }
}

/** Characters of what something was done to. */
const longest = 300;

/** Takes note of what is done by the routes that say so. */
export function noteActs(
  app: Server,
  activity: Activity,
  account: OwnerAccount,
): void {
  app.decorateRequest("about", undefined);
  app.decorateRequest("person", undefined);
  app.addHook("onResponse", async (request, { statusCode }) => {
    const { noted, refused, about, proves } = request.routeOptions.config;
    const isDone = statusCode < 300;
    // What anybody may do, such as to sign out without being signed in, nobody has done.
    const { access, person } = request;
    if (isDone && access === undefined && !proves) return;
    const act = isDone ? noted : statusCode === 401 ? refused : undefined;
    if (act === undefined) return;
    const to = request.about ?? (about ? fieldOf(request, about) : undefined);
    activity.note({
      who: isDone ? (person ?? account.name ?? null) : null,
      by: callerOf(request),
      act,
      ...(isDone && to ? { about: to.slice(0, longest) } : {}),
      ...(isDone ? {} : { refused: true }),
    });
  });
}

function fieldOf(request: FastifyRequest, name: string): string | undefined {
  for (const part of [request.body, request.params]) {
    const value = (part as Record<string, unknown> | null | undefined)?.[name];
    if (value !== undefined) return String(value);
  }
  return undefined;
}

function callerOf(request: FastifyRequest): Act["by"] {
  if (request.access === "local") return { kind: "box" };
  if (request.token) return { kind: "token", name: request.token.name };
  return { kind: "browser", ...originOf(request) };
}

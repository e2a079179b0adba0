import { Type } from "typebox";
import type { HostClient } from "../../host/client.ts";
import type { NodeClient } from "../../node/client.ts";
import { ConflictError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";
import type { Guests } from "./guests.ts";
import type { OwnerAccount } from "./owner.ts";
import { type People, Person } from "./people.ts";
import { dismissGuest, guestSecret } from "./share-routes.ts";

const tags = ["people"];
const password = Type.String({ minLength: 1, maxLength: 1024 });
const fresh = Type.String({ minLength: 10, maxLength: 1024 });

/** Those who sign in beside the owner: by their own doing, with a link of his. */
export function addPeopleRoutes(
  app: Server,
  node: NodeClient,
  host: HostClient,
  guests: Guests,
  people: People,
  account: OwnerAccount,
): void {
  app.get(
    "/api/people",
    {
      schema: {
        tags,
        summary: "Who signs in beside the owner",
        response: { 200: Type.Array(Person) },
      },
    },
    async () => people.list(),
  );
  app.delete(
    "/api/people/:id",
    {
      config: { noted: "took somebody out who could sign in" },
      schema: {
        tags,
        summary:
          "Take somebody out: his name, his password, and what was shared with him",
        params: Type.Pick(Person, ["id"]),
        response: { 200: Type.Array(Person) },
      },
    },
    async (request) => {
      const person = people.list().find(({ id }) => id === request.params.id);
      request.about = await people.remove(request.params.id);
      if (person) {
        await node.revokeShare(person.share);
        await host.expelFromDrive([person.share]);
      }
      return people.list();
    },
  );
  const often = { max: 10, timeWindow: "1 minute" };
  app.post(
    "/api/shared/account",
    {
      config: {
        access: "anyone",
        rateLimit: often,
        noted: "took a name and a password",
        proves: true,
      },
      schema: {
        tags,
        summary:
          "Take a name and a password, to come back without the link that one came with",
        body: Type.Object({ name: Person.properties.name, password: fresh }),
        response: { 200: Person },
      },
    },
    async (request) => {
      const secret = guestSecret(guests, request);
      const { name, password: chosen } = request.body;
      if (name.trim().toLowerCase() === account.name?.toLowerCase())
        throw new ConflictError(
          "That is the owner's name. Take another one.",
          "name-taken",
        );
      const { id: share } = await node.openShare(secret);
      const person = await people.add(name, chosen, { share, secret });
      request.person = person.name;
      return person;
    },
  );
  app.put(
    "/api/shared/account/password",
    {
      config: {
        access: "anyone",
        rateLimit: often,
        noted: "changed the password",
        proves: true,
        refused: "change the password",
      },
      schema: {
        tags,
        summary: "Change one's own password",
        body: Type.Object({ name: Person.properties.name, password, fresh }),
      },
    },
    async (request, reply) => {
      guestSecret(guests, request);
      const { name, password: old, fresh: chosen } = request.body;
      request.person = await people.change(name, old, chosen);
      return reply.status(204).send();
    },
  );
  app.delete(
    "/api/shared/session",
    {
      config: { access: "anyone" },
      schema: { tags, summary: "Sign out" },
    },
    async (request, reply) => {
      guestSecret(guests, request);
      dismissGuest(guests, request, reply);
      return reply.status(204).send();
    },
  );
}

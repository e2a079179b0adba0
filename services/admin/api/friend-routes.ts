import { Type } from "typebox";
import {
  AuditResult,
  ContractExport,
  FolderPromise,
  FriendChange,
  FriendSettings,
  FriendsState,
  InvitationTerms,
  Joining,
  NewInvitation,
  type NodeClient,
  Recovery,
} from "../../node/client.ts";
import type { Server } from "../../shared/server.ts";

const tags = ["friends"];
const Id = Type.Object({ id: Type.String({ pattern: "^[0-9a-f]{64}$" }) });
const InvitationId = Type.Object({
  id: Type.String({ pattern: "^[0-9a-f]{16}$" }),
});

/** What the owner does about friends' boxes. */
export function addFriendRoutes(app: Server, { friends }: NodeClient): void {
  const nameOf = async (id: string): Promise<string | undefined> =>
    (await friends.state()).friends.find((one) => one.id === id)?.name;
  app.get(
    "/api/friends",
    {
      schema: {
        tags,
        summary:
          "Friends' boxes, what each keeps for the other, and how safe everything is",
        response: { 200: FriendsState },
      },
    },
    async () => await friends.state(),
  );
  app.post(
    "/api/friends/invitations",
    {
      config: { noted: "invited a friend", about: "name" },
      schema: {
        tags,
        summary: "Invite one friend; the words and the text are told this once",
        body: InvitationTerms,
        response: { 200: NewInvitation },
      },
    },
    async ({ body }) => await friends.invite(body),
  );
  app.delete(
    "/api/friends/invitations/:id",
    {
      config: { noted: "took an invitation back" },
      schema: {
        tags,
        summary: "Take an invitation back",
        params: InvitationId,
      },
    },
    async ({ params }, reply) => {
      await friends.withdraw(params.id);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/friends/join",
    {
      config: { noted: "followed a friend's invitation" },
      schema: {
        tags,
        summary: "Follow a friend's invitation, given as words or as text",
        body: Joining,
        response: { 200: Type.Object({ id: Type.String() }) },
      },
    },
    async ({ body }) => await friends.join(body),
  );
  app.patch(
    "/api/friends/:id",
    {
      config: { noted: "changed what is agreed with a friend" },
      schema: {
        tags,
        summary:
          "Change what is kept for whom, where a friend lives; let a friend leave, or declare the box lost",
        params: Id,
        body: FriendChange,
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      request.about = await nameOf(id);
      await friends.change(id, request.body);
      return reply.status(204).send();
    },
  );
  app.delete(
    "/api/friends/:id",
    {
      config: { noted: "forgot a friend" },
      schema: {
        tags,
        summary: "Forget a friend whose box keeps nothing any more",
        params: Id,
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      request.about = await nameOf(id);
      await friends.forget(id);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/friends/:id/audit",
    {
      schema: {
        tags,
        summary: "Ask a friend's box now for pieces of what it keeps",
        params: Id,
        response: { 200: AuditResult },
      },
    },
    async ({ params }) => await friends.audit(params.id),
  );
  app.get(
    "/api/friends/:id/contracts",
    {
      schema: {
        tags,
        summary:
          "The contracts with a friend, as COSE_Sign (RFC 9052) in base64",
        params: Id,
        response: { 200: ContractExport },
      },
    },
    async ({ params }) => await friends.contracts(params.id),
  );
  app.put(
    "/api/friends/settings",
    {
      config: { noted: "set what friends may have of the line" },
      schema: {
        tags,
        summary:
          "Set how friends see this box, and what they may have of the line",
        body: FriendSettings,
      },
    },
    async ({ body }, reply) => {
      await friends.configure(body);
      return reply.status(204).send();
    },
  );
  app.put(
    "/api/friends/protection",
    {
      config: { noted: "set what a folder survives", about: "path" },
      schema: {
        tags,
        summary: "Promise that a folder survives the loss of so many boxes",
        body: FolderPromise,
      },
    },
    async ({ body }, reply) => {
      await friends.promise(body.path, body.losses);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/friends/recover",
    {
      config: { noted: "brought the files back from a friend's box" },
      schema: {
        tags,
        summary:
          "On a new box with the old root key: bring the files back, from one friend's address",
        body: Type.Object({
          address: Type.String({ minLength: 3, maxLength: 256 }),
        }),
        response: { 200: Recovery },
      },
    },
    async ({ body }) => await friends.recover(body.address),
  );
}

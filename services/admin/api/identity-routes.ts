import { Type } from "typebox";
import {
  AcceptancePolicy,
  Blob,
  type IdentityClient,
  IdentityState,
  OpenQuestion,
  PeerState,
  QuoteFiles,
  QuoteQuestion,
  SealQuestion,
  TimedReport,
  TrustState,
} from "../../identity/client.ts";
import type { NodeClient } from "../../node/client.ts";
import type { Server } from "../../shared/server.ts";
import type { OwnerAccount } from "./owner.ts";

const tags = ["identity"];
const password = Type.String({ minLength: 1, maxLength: 1024 });
const AnchorKind = Type.Union([Type.Literal("root"), Type.Literal("signer")], {
  description:
    "root: a TPM maker's certificate; signer: a key that signs images' reference values",
});
// Changing keys costs TPM time and writes; nobody does it often.
const rare = { max: 10, timeWindow: "1 minute" };
const evidenceLimit = 4 * 2 ** 20;

/** Who this box is, proofs of it, and whom it accepts. */
export function addIdentityRoutes(
  app: Server,
  identity: IdentityClient,
  node: NodeClient,
  account: OwnerAccount,
): void {
  app.get(
    "/api/identity",
    {
      schema: {
        tags,
        summary: "Who this box is: keys, certificates, TPM",
        response: { 200: IdentityState },
      },
    },
    async () => await identity.state(),
  );
  app.post(
    "/api/identity/attest",
    {
      schema: {
        tags,
        summary:
          "Attest this box to itself, by the same exchange as between two boxes",
        response: { 200: TimedReport },
      },
    },
    async () => await identity.attest(),
  );
  app.post(
    "/api/identity/quote",
    {
      schema: {
        tags,
        summary: "A TPM quote with its logs; bytes in base64",
        body: QuoteQuestion,
        response: { 200: QuoteFiles },
      },
    },
    async (request) => await identity.quote(request.body),
  );
  app.get(
    "/api/identity/certificate",
    {
      schema: {
        tags,
        summary:
          "What this box shows its peers: libp2p key, device certificate, key links and revocations; bytes in base64",
        response: { 200: PeerState },
      },
    },
    async () => await identity.certificate(),
  );
  const steps = {
    introduce: "This box's introduction to a verifier",
    challenge: "A challenge for a box that introduced itself",
    answer: "This box's evidence for a verifier's challenge",
    activate: "The secret in a credential file for this box",
  } as const;
  for (const [step, summary] of Object.entries(steps))
    app.post(
      `/api/identity/${step}`,
      {
        schema: {
          tags,
          summary: `${summary}; bytes in base64`,
          body: Blob,
          response: { 200: Blob },
        },
      },
      async (request) => ({
        bytes: await identity.exchange(
          step as keyof typeof steps,
          request.body.bytes,
        ),
      }),
    );
  app.post(
    "/api/identity/examine",
    {
      bodyLimit: evidenceLimit,
      schema: {
        tags,
        summary: "Judge another box's evidence",
        body: Blob,
        response: { 200: TimedReport },
      },
    },
    async (request) => await identity.examine(request.body.bytes),
  );
  app.post(
    "/api/identity/seal",
    {
      schema: {
        tags,
        summary: "Seal up to 128 bytes so that only this box's TPM opens them",
        body: SealQuestion,
        response: { 200: Blob },
      },
    },
    async (request) => ({ bytes: await identity.seal(request.body) }),
  );
  app.post(
    "/api/identity/unseal",
    {
      config: { rateLimit: rare },
      schema: {
        tags,
        summary: "Open what was sealed",
        body: OpenQuestion,
        response: { 200: Blob },
      },
    },
    async (request) => ({ bytes: await identity.unseal(request.body) }),
  );
  app.get(
    "/api/identity/trust",
    {
      schema: {
        tags,
        summary: "Which TPMs and images this box accepts",
        response: { 200: TrustState },
      },
    },
    async () => await identity.trust(),
  );
  app.put(
    "/api/identity/trust/policy",
    {
      config: { noted: "changed what boxes this one accepts" },
      schema: {
        tags,
        summary: "Change what this box accepts",
        body: AcceptancePolicy,
        response: { 200: TrustState },
      },
    },
    async (request) => await identity.setPolicy(request.body),
  );
  app.post(
    "/api/identity/trust/:kind",
    {
      config: {
        noted: "trusted a maker of TPMs, or a signer of images",
        about: "kind",
      },
      schema: {
        tags,
        summary: "Trust a TPM maker's root or a signer of images",
        params: Type.Object({ kind: AnchorKind }),
        body: Type.Object({ pem: Type.String({ maxLength: 16384 }) }),
        response: { 200: TrustState },
      },
    },
    async (request) =>
      await identity.addAnchor(request.params.kind, request.body.pem),
  );
  app.delete(
    "/api/identity/trust/:kind/:id",
    {
      config: {
        noted: "trusted a maker of TPMs, or a signer of images, no more",
        about: "kind",
      },
      schema: {
        tags,
        summary: "Trust it no more",
        params: Type.Object({
          kind: AnchorKind,
          id: Type.String({ pattern: "^[0-9a-f]{64}$" }),
        }),
        response: { 200: TrustState },
      },
    },
    async (request) =>
      await identity.removeAnchor(request.params.kind, request.params.id),
  );
  app.post(
    "/api/identity/rotate",
    {
      config: {
        noted: "changed a key of the box",
        access: "browser",
        rateLimit: rare,
      },
      schema: {
        tags,
        summary: "Change the attestation key or the node key",
        body: Type.Object({
          key: Type.Union([Type.Literal("attestation"), Type.Literal("node")]),
          password,
        }),
        response: { 200: IdentityState },
      },
    },
    async (request) => {
      await account.confirm(request.body.password);
      return await identity.rotate(request.body.key);
    },
  );
  app.post(
    "/api/identity/revoke",
    {
      config: {
        noted: "took the device certificate back",
        access: "browser",
        rateLimit: rare,
      },
      schema: {
        tags,
        summary:
          "Take the device certificate back; a new libp2p key follows, sealed or in the TPM",
        body: Type.Object({
          peer: Type.Union([Type.Literal("sealed"), Type.Literal("tpm")]),
          password,
        }),
        response: { 200: IdentityState },
      },
    },
    async (request) => {
      await account.confirm(request.body.password);
      return await identity.revoke(request.body.peer);
    },
  );
  app.post(
    "/api/identity/re-enrol",
    {
      config: {
        noted: "went on in another TPM",
        access: "browser",
        rateLimit: rare,
      },
      schema: {
        tags,
        summary:
          "After the TPM was cleared or replaced: go on in the new one, by the owner's root key",
        body: Type.Object({ password }),
        response: { 200: IdentityState },
      },
    },
    async (request) => {
      await account.confirm(request.body.password);
      const question = await identity.beginReEnrolment();
      return await identity.enrolAgain(await node.signReEnrolment(question));
    },
  );
}

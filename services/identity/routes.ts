import { Type } from "typebox";
import type { Server } from "../shared/server.ts";
import {
  AcceptancePolicy,
  Blob,
  IdentityState,
  OpenQuestion,
  QuoteFiles,
  QuoteQuestion,
  ReEnrolmentQuestion,
  SealQuestion,
  SecurityFloor,
  TimedReport,
  TpmState,
  TrustState,
} from "./client.ts";
import type { NodeIdentity } from "./node-identity.ts";
import { PeerState, SignQuestion } from "./peer-state.ts";
import { raiseSecurityFloor, securityFloor } from "./security-floor.ts";
import type { SetupCode } from "./setupcode.ts";
import type { Tpm } from "./tpm/tpm.ts";
import { describeTpm } from "./tpm-state.ts";

const AnchorKind = Type.Union([Type.Literal("root"), Type.Literal("signer")]);
const AnchorParams = Type.Object({ kind: AnchorKind });
const evidenceLimit = 4 * 2 ** 20;

/** Routes about the TPM alone: they need nothing of this service's state. */
export function addTpmRoutes(app: Server, tpm: Tpm): void {
  app.get(
    "/tpm",
    { schema: { response: { 200: TpmState } } },
    async () => await describeTpm(tpm),
  );
  app.get(
    "/security-floor",
    { schema: { response: { 200: SecurityFloor } } },
    async () => ({ securityVersion: await securityFloor(tpm) }),
  );
  app.put(
    "/security-floor",
    { schema: { body: SecurityFloor, response: { 200: SecurityFloor } } },
    async ({ body }) => ({
      securityVersion: await raiseSecurityFloor(tpm, body.securityVersion),
    }),
  );
}

/** Routes about the setup code: they answer before the identity is opened. */
export function addSetupCodeRoutes(app: Server, setupCode: SetupCode): void {
  app.post(
    "/setup-code/verify",
    { schema: { body: Type.Object({ code: Type.String({ maxLength: 64 }) }) } },
    async (request, reply) => {
      await setupCode.verify(request.body.code);
      return reply.status(204).send();
    },
  );
  app.post("/setup-code/retire", async (_request, reply) => {
    await setupCode.retire();
    return reply.status(204).send();
  });
}

/** Routes of the identity, for the admin. @param open resolves when the keys are there. */
export function addIdentityRoutes(
  app: Server,
  open: () => Promise<NodeIdentity>,
): void {
  app.get(
    "/identity",
    { schema: { response: { 200: IdentityState } } },
    async () => await (await open()).state(),
  );
  app.post(
    "/attest",
    { schema: { response: { 200: TimedReport } } },
    async () => await (await open()).attest(),
  );
  app.get(
    "/trust",
    { schema: { response: { 200: TrustState } } },
    async () => await (await open()).trust(),
  );
  app.put(
    "/trust/policy",
    { schema: { body: AcceptancePolicy, response: { 200: TrustState } } },
    async (request) => await (await open()).setPolicy(request.body),
  );
  app.post(
    "/trust/:kind",
    {
      schema: {
        params: AnchorParams,
        body: Type.Object({ pem: Type.String({ maxLength: 16384 }) }),
        response: { 200: TrustState },
      },
    },
    async (request) =>
      await (await open()).addAnchor(request.params.kind, request.body.pem),
  );
  app.delete(
    "/trust/:kind/:id",
    {
      schema: {
        params: Type.Object({
          kind: AnchorKind,
          id: Type.String({ pattern: "^[0-9a-f]{64}$" }),
        }),
        response: { 200: TrustState },
      },
    },
    async (request) =>
      await (await open()).removeAnchor(request.params.kind, request.params.id),
  );
  app.post(
    "/quote",
    { schema: { body: QuoteQuestion, response: { 200: QuoteFiles } } },
    async (request) => await (await open()).quote(request.body),
  );
  app.get(
    "/certificate",
    { schema: { response: { 200: PeerState } } },
    async () => (await open()).peer(),
  );
  addExchangeRoutes(app, open);
  app.post(
    "/seal",
    { schema: { body: SealQuestion, response: { 200: Blob } } },
    async (request) => ({ bytes: await (await open()).seal(request.body) }),
  );
  app.post(
    "/unseal",
    { schema: { body: OpenQuestion, response: { 200: Blob } } },
    async (request) => ({ bytes: await (await open()).unseal(request.body) }),
  );
  app.post(
    "/rotate",
    {
      schema: {
        body: Type.Object({
          key: Type.Union([Type.Literal("attestation"), Type.Literal("node")]),
        }),
        response: { 200: IdentityState },
      },
    },
    async (request) => await (await open()).rotate(request.body.key),
  );
  app.post(
    "/revoke",
    {
      schema: {
        body: Type.Object({
          peer: Type.Union([Type.Literal("sealed"), Type.Literal("tpm")]),
        }),
        response: { 200: IdentityState },
      },
    },
    async (request) => await (await open()).revoke(request.body.peer),
  );
  app.post(
    "/re-enrolment",
    { schema: { response: { 200: ReEnrolmentQuestion } } },
    async () => await (await open()).beginReEnrolment(),
  );
  app.put(
    "/re-enrolment",
    { schema: { body: Blob, response: { 200: IdentityState } } },
    async (request) => await (await open()).enrolAgain(request.body.bytes),
  );
  app.put(
    "/owner",
    {
      schema: {
        body: Type.Object({
          owner: Type.String({ pattern: "^[0-9a-f]{64}$" }),
        }),
      },
    },
    async (request, reply) => {
      await (await open()).setOwner(request.body.owner);
      return reply.status(204).send();
    },
  );
}

/** Routes of the attestation of two boxes, of which each asks the other. */
function addExchangeRoutes(
  app: Server,
  open: () => Promise<NodeIdentity>,
): void {
  for (const step of ["introduce", "challenge", "answer", "activate"] as const)
    app.post(
      `/exchange/${step}`,
      { schema: { body: Blob, response: { 200: Blob } } },
      async (request) => ({
        bytes: await (await open()).exchange(step, request.body.bytes),
      }),
    );
  app.post(
    "/exchange/examine",
    {
      bodyLimit: evidenceLimit,
      schema: { body: Blob, response: { 200: TimedReport } },
    },
    async (request) => await (await open()).examine(request.body.bytes),
  );
}

/** Routes of what the storage node does in this node's name; on a socket of their own, which the admin cannot open. */
export function addPeerRoutes(
  app: Server,
  open: () => Promise<NodeIdentity>,
): void {
  app.get("/peer", { schema: { response: { 200: PeerState } } }, async () =>
    (await open()).peer(),
  );
  app.post(
    "/peer/sign",
    {
      bodyLimit: 256 * 1024,
      schema: { body: SignQuestion, response: { 200: SignQuestion } },
    },
    async (request) => {
      const signature = await (await open()).signAsPeer(
        Buffer.from(request.body.bytes, "base64"),
      );
      return { bytes: signature.toString("base64") };
    },
  );
  app.post(
    "/peer/cap",
    {
      bodyLimit: 16 * 1024,
      schema: { body: SignQuestion, response: { 200: SignQuestion } },
    },
    async (request) => {
      const cap = await (await open()).signCap(
        Buffer.from(request.body.bytes, "base64"),
      );
      return { bytes: cap.toString("base64") };
    },
  );
  app.post(
    "/peer/contract",
    {
      bodyLimit: 16 * 1024,
      schema: { body: SignQuestion, response: { 200: SignQuestion } },
    },
    async (request) => {
      const signature = await (await open()).signContract(
        Buffer.from(request.body.bytes, "base64"),
      );
      return { bytes: signature.toString("base64") };
    },
  );
  addExchangeRoutes(app, open);
  app.post(
    "/unwrap",
    { schema: { body: SignQuestion, response: { 200: SignQuestion } } },
    async (request) => {
      const secret = await (await open()).unwrap(
        Buffer.from(request.body.bytes, "base64"),
      );
      return { bytes: secret.toString("base64") };
    },
  );
}

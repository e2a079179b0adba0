import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import websocket from "@fastify/websocket";
import type { FastifyBaseLogger } from "fastify";
import type { HostClient } from "../../host/client.ts";
import type { IdentityClient } from "../../identity/client.ts";
import type { NodeClient } from "../../node/client.ts";
import { Problem, problemMediaType } from "../../shared/problem.ts";
import { createServer, type Server } from "../../shared/server.ts";
import type { Activity } from "../activity/activity.ts";
import { noteActs } from "../activity/noting.ts";
import { addActivityRoutes } from "../activity/routes.ts";
import type { Certificates } from "../certificates.ts";
import type { Claim } from "../claim.ts";
import { Configurations } from "../configurations.ts";
import type { DiskWorker } from "../disk-work.ts";
import type { NoticeWatch } from "../notices/watch.ts";
import { SetupLine } from "../setup-line.ts";
import type { SmartHome } from "../smart-home/smart-home.ts";
import { addDavRoutes } from "../webdav/dav-routes.ts";
import { guardRoutes } from "./access.ts";
import { addCertificateRoutes } from "./certificate-routes.ts";
import { addClockRoutes } from "./clock-routes.ts";
import { addConfigurationRoutes } from "./configuration-routes.ts";
import { addDoorRoutes } from "./door-routes.ts";
import type { Doors } from "./doors.ts";
import { addFileRoutes } from "./file-routes.ts";
import { addFriendRoutes } from "./friend-routes.ts";
import type { Guests } from "./guests.ts";
import {
  createHttpsServer,
  documentsPolicy,
  secureAnswers,
  servePages,
} from "./https.ts";
import { addIdentityRoutes } from "./identity-routes.ts";
import { addLogRoutes } from "./log-routes.ts";
import { addNetworkRoutes } from "./network-routes.ts";
import { addNoticeRoutes } from "./notice-routes.ts";
import type { OwnerAccount } from "./owner.ts";
import { addOwnerRoutes } from "./owner-routes.ts";
import { addPasskeyRoutes } from "./passkey-routes.ts";
import type { People } from "./people.ts";
import { addResetRoutes } from "./reset-routes.ts";
import { addSecondFactorRoutes } from "./second-factor-routes.ts";
import { addSessionRoutes } from "./session-routes.ts";
import type { Sessions } from "./sessions.ts";
import { addSetupNetworkRoutes } from "./setup-network-routes.ts";
import { addSetupRoutes } from "./setup-routes.ts";
import { addShareRoutes } from "./share-routes.ts";
import { addSmartHomeRoutes } from "./smart-home-routes.ts";
import { StatusFeed } from "./status.ts";
import { addStoreRoutes } from "./store-routes.ts";
import { addTaskRoutes } from "./tasks.ts";
import type { Tokens } from "./tokens.ts";
import { addUpdateRoutes } from "./update-routes.ts";

/** What the admin is made of. */
export interface AdminParts {
  log: FastifyBaseLogger;
  account: OwnerAccount;
  claim: Claim;
  sessions: Sessions;
  tokens: Tokens;
  doors: Doors;
  notices: NoticeWatch;
  smartHome: SmartHome;
  activity: Activity;
  certificates: Certificates;
  guests: Guests;
  people: People;
  host: HostClient;
  node: NodeClient;
  identity: IdentityClient;
  diskWorker: DiskWorker;
  /** Aborts when the service ends: open event streams end with it. */
  ending: AbortSignal;
}

/** The API for browsers and scripts over HTTPS, with the pages. */
export async function createHttpsApp(
  parts: AdminParts,
  pages: string,
): Promise<Server> {
  const app = await createHttpsServer(parts.log, parts.certificates.current);
  await addRoutes(app, parts, false);
  const { node, tokens, doors } = parts;
  await app.register(
    async (dav) =>
      await addDavRoutes(
        dav as unknown as Server,
        node,
        tokens,
        () => doors.open.webdav,
      ),
  );
  await servePages(app, pages);
  return app;
}

/** The same API on a Unix socket that only root may open: for the `coppice` command on the box. */
export async function createLocalApp(parts: AdminParts): Promise<Server> {
  const app = createServer(parts.log);
  await addRoutes(app, parts, true);
  return app;
}

async function addRoutes(
  app: Server,
  parts: AdminParts,
  local: boolean,
): Promise<void> {
  const { account, claim, sessions, tokens, host, node, identity, ending } =
    parts;
  await secureAnswers(app);
  await app.register(websocket);
  guardRoutes(app, sessions, tokens, local);
  noteActs(app, parts.activity, account);
  if (!local) await addDocuments(app);
  addSetupRoutes(app, claim, sessions, identity, host, ending);
  const line = new SetupLine(claim, host, node);
  const configurations = new Configurations(host, node);
  addSetupNetworkRoutes(app, claim, line);
  addConfigurationRoutes(app, configurations, line, account);
  const { guests, people } = parts;
  addSessionRoutes(app, account, claim, sessions, node, guests, people);
  addSecondFactorRoutes(app, account, sessions, host);
  addPasskeyRoutes(app, account, sessions);
  addActivityRoutes(app, parts.activity);
  addTaskRoutes(app, parts.diskWorker, host, node);
  const feed = new StatusFeed(host, node, identity);
  addOwnerRoutes(app, account, tokens, feed, host, node, parts.notices, ending);
  addNetworkRoutes(app, host, node, account, configurations);
  addUpdateRoutes(app, host, node, identity, configurations);
  addClockRoutes(app, host, configurations);
  addCertificateRoutes(app, parts.certificates);
  addResetRoutes(app, host, account);
  addDoorRoutes(app, parts.doors, host, node);
  addLogRoutes(app, host, ending);
  addNoticeRoutes(app, parts.notices, ending);
  addSmartHomeRoutes(app, parts.smartHome, parts.notices, ending);
  addIdentityRoutes(app, identity, node, account);
  addFriendRoutes(app, node);
  // Uploads stream: their parser is for these routes alone.
  await app.register(async (uploads) => {
    addFileRoutes(uploads as unknown as Server, node, ending);
    addShareRoutes(
      uploads as unknown as Server,
      node,
      parts.doors,
      host,
      guests,
      people,
      account,
    );
    addStoreRoutes(
      uploads as unknown as Server,
      node,
      host,
      account,
      parts.diskWorker,
    );
  });
}

/** The API's description for programs and people. */
async function addDocuments(app: Server): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Coppice",
        version: "0",
        description:
          "Everything the pages do. Sign in with POST /api/session, or send an API token as a bearer token. Errors are problem documents (RFC 9457).",
      },
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer" },
          session: { type: "apiKey", in: "cookie", name: "__Host-coppice" },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    transformObject: (document) => {
      if (!("openapiObject" in document)) return document.swaggerObject;
      for (const path of Object.values(document.openapiObject.paths ?? {})) {
        for (const operation of Object.values(path ?? {})) {
          if (
            typeof operation !== "object" ||
            operation === null ||
            !("responses" in operation)
          )
            continue;
          (operation.responses as Record<string, unknown>).default = {
            description: "what went wrong, and what to do",
            content: { [problemMediaType]: { schema: Problem } },
          };
        }
      }
      return document.openapiObject;
    },
  });
  app.get(
    "/api/openapi.json",
    { config: { access: "anyone" }, schema: { hide: true } },
    async () => (app as unknown as { swagger(): unknown }).swagger(),
  );
  app.addHook("onRoute", (route) => {
    if (route.url.startsWith("/api/docs"))
      route.config = { ...route.config, access: "anyone" };
  });
  await app.register(swaggerUi, {
    routePrefix: "/api/docs",
    staticCSP: documentsPolicy,
    theme: { title: "Coppice API" },
  });
}

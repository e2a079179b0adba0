import { chmod, mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import {
  type RouteDefinition,
  SerializerSelector,
} from "@fastify/fast-json-stringify-compiler";
import {
  type TypeBoxTypeProvider,
  TypeBoxValidatorCompiler,
} from "@fastify/type-provider-typebox";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from "fastify";
import { withoutChoices } from "./answers.ts";
import { answerProblems } from "./problem.ts";

/** A Fastify instance whose routes take their types from TypeBox schemas. */
export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Older TLS is refused. */
export const leastTls = "TLSv1.2";

/** Aborts when whoever asked has the answer, or is gone. */
export function whenGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return gone.signal;
}

/**
 * A server that answers errors as problem documents, takes small bodies unless a route says otherwise, and logs no requests.
 * @param https key and certificate in PEM, for one that faces the network.
 */
export function createServer(
  logger: FastifyBaseLogger,
  https?: { key: string; cert: string },
): Server {
  const options = {
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 64 * 1024,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 2048 },
    // Services ask each other for what they want.
    exposeHeadRoutes: https !== undefined,
  } as const;
  const app = (https
    ? Fastify({ ...options, https: { ...https, minVersion: leastTls } })
    : Fastify(options)) as unknown as FastifyInstance;
  const compileSerializer = SerializerSelector()({}, {});
  app.setValidatorCompiler((part) =>
    whenCalled(() => TypeBoxValidatorCompiler(part)),
  );
  app.setSerializerCompiler((part) =>
    whenCalled(() =>
      compileSerializer({
        ...part,
        schema: withoutChoices(part.schema),
      } as RouteDefinition),
    ),
  );
  answerProblems(app);
  return app.withTypeProvider<TypeBoxTypeProvider>() as unknown as Server;
}

/** Makes a function when it is first called: to compile the schemas of all routes is a third of a service's start. */
function whenCalled<Value, Result>(
  make: () => (value: Value) => Result,
): (value: Value) => Result {
  let made: ((value: Value) => Result) | undefined;
  return (value) => {
    made ??= make();
    return made(value);
  };
}

/**
 * Listens on a Unix socket that its own group alone may open.
 * @param path of the socket; its folder is made. A socket left by a process that died is replaced.
 */
export async function listenOnSocket(app: Server, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await app.listen({ path });
  await chmod(path, 0o660);
}

/** The first socket that systemd passes (sd_listen_fds(3)). */
const passedSocket = 3;

/** Listens on the socket that systemd made and passed: its address or its group is one that this process may not take itself. */
export async function listenOnPassedSocket(app: Server): Promise<void> {
  await app.ready();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  app.server.once("error", reject);
  app.server.listen({ fd: passedSocket }, resolve);
  await promise;
}

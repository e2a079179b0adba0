import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import { CoppiceError } from "./errors.ts";
import { refusedInput } from "./refused-input.ts";

/** A problem document as RFC 9457 has it; `detail` says what to do. */
export const Problem = Type.Object(
  {
    type: Type.String({
      description: "a URI reference that names the kind of problem",
    }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    retryAfter: Type.Optional(Type.Number({ description: "seconds" })),
  },
  { description: "RFC 9457 problem document" },
);
export type Problem = Static<typeof Problem>;

/** The type of every error answer. */
export const problemMediaType = "application/problem+json";

const titles: Record<number, string> = {
  400: "That request cannot be read",
  401: "Please sign in",
  403: "Not allowed",
  404: "Not found",
  405: "Not possible here",
  409: "Not possible now",
  413: "Too large",
  415: "Wrong kind of content",
  422: "Not accepted",
  429: "Too many tries",
  503: "Not available",
  507: "The disk is full",
};

/** Makes every error of `app` a problem document; what is not ours to show is logged and answered without detail. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler(
    (
      error: Error & {
        statusCode?: number;
        validation?: unknown;
        validationContext?: "body" | "params" | "querystring" | "headers";
      },
      request,
      reply,
    ) => {
      const known = error instanceof CoppiceError;
      const status = known ? error.status : (error.statusCode ?? 500);
      const detail =
        known || status < 500
          ? (refusedInput(
              error.validation,
              request.routeOptions.schema?.[error.validationContext ?? "body"],
            ) ?? error.message)
          : "Something failed inside; the log of this service has the details. Try again.";
      if (status >= 500)
        request.log.error(
          { err: error },
          `${request.method} ${request.routeOptions.url ?? ""} failed`,
        );
      const retryAfter = known ? error.retryAfter : undefined;
      if (retryAfter !== undefined)
        reply.header("retry-after", String(Math.ceil(retryAfter)));
      if (reply.raw.headersSent) {
        reply.raw.destroy();
        return;
      }
      const type = known
        ? error.type
        : error.validation
          ? "invalid-input"
          : "about:blank";
      const problem: Problem = {
        type,
        title: titles[status] ?? "It did not work",
        status,
        detail,
        ...(retryAfter === undefined ? {} : { retryAfter }),
      };
      return reply.status(status).type(problemMediaType).send(problem);
    },
  );
  app.setNotFoundHandler((request, reply) => {
    const problem: Problem = {
      type: "no-such-route",
      title: "Not found",
      status: 404,
      detail: `There is nothing at ${request.method} ${request.url.split("?")[0]}; /api/docs lists what there is.`,
    };
    return reply.status(404).type(problemMediaType).send(problem);
  });
}

import { Type } from "typebox";
import { NotFoundError } from "./errors.ts";
import { type Server, whenGone } from "./server.ts";
import { FileName, largestFile } from "./update.ts";
import { largestPart, type VersionSource } from "./version-source.ts";

const Params = Type.Object({ name: FileName });
const Query = Type.Object({
  offset: Type.Integer({ minimum: 0, maximum: largestFile }),
  length: Type.Integer({ minimum: 1, maximum: largestPart }),
});

/** What `VersionClient` asks. @param path of the version, which may have parameters. @param source finds it for what those are @throws what `source` throws */
export function addVersionRoutes(
  app: Server,
  path: string,
  source: (parameters: Readonly<Record<string, string>>) => VersionSource,
): void {
  app.get(path, async (request, reply) => {
    const manifest = await source(
      request.params as Record<string, string>,
    ).manifest(whenGone(reply));
    if (!manifest)
      throw new NotFoundError("There is no version here that could be had.");
    return reply.type("application/octet-stream").send(manifest);
  });
  app.get(
    `${path}/:name`,
    { schema: { params: Params, querystring: Query } },
    async ({ params, query: { offset, length } }, reply) =>
      reply
        .type("application/octet-stream")
        .send(
          await source(params).part(
            params.name,
            offset,
            length,
            whenGone(reply),
          ),
        ),
  );
}

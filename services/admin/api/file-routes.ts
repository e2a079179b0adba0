import { PassThrough, type Readable } from "node:stream";
import { Type } from "typebox";
import { FileInfo, type NodeClient } from "../../node/client.ts";
import { CoppiceError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";

const tags = ["files"];
const Name = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 255 }),
});
const largest = 2 ** 46;

/** The owner's files, streamed through and never held. */
export function addFileRoutes(app: Server, node: NodeClient): void {
  app.addContentTypeParser(
    "application/octet-stream",
    (_request, payload, done) => done(null, payload),
  );
  app.get(
    "/api/files",
    {
      schema: {
        tags,
        summary: "All files",
        response: { 200: Type.Array(FileInfo) },
      },
    },
    async () => await node.files(),
  );
  app.get(
    "/api/files/:name/info",
    {
      schema: {
        tags,
        summary: "How a file is kept",
        params: Name,
        response: { 200: FileInfo },
      },
    },
    async (request) => await node.file(request.params.name),
  );
  app.get(
    "/api/files/:name",
    { schema: { tags, summary: "Download a file", params: Name } },
    async (request, reply) => {
      const { name } = request.params;
      const { size, stream } = await node.getFile(name);
      return reply
        .header("content-length", size)
        .header(
          "content-disposition",
          `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)}`,
        )
        .type("application/octet-stream")
        .send(stream);
    },
  );
  app.put(
    "/api/files/:name",
    {
      bodyLimit: largest,
      schema: {
        tags,
        summary:
          "Upload a file; one of the same name is replaced when the new one is safe",
        description:
          "The body is the file as application/octet-stream, with its Content-Length.",
        params: Name,
        response: { 200: FileInfo },
      },
    },
    async (request) => {
      const length = request.headers["content-length"];
      if (length === undefined)
        throw new CoppiceError(
          411,
          "length-needed",
          "Send the file's length as Content-Length.",
        );
      if (request.headers["content-type"] !== "application/octet-stream")
        throw new CoppiceError(
          415,
          "wrong-type",
          "Send the file as application/octet-stream.",
        );
      return await passOn(request.body as unknown as Readable, (body) =>
        node.putFile(request.params.name, Number(length), body),
      );
    },
  );
  app.delete(
    "/api/files/:name",
    { schema: { tags, summary: "Delete a file", params: Name } },
    async (request, reply) => {
      await node.removeFile(request.params.name);
      return reply.status(204).send();
    },
  );
}

/**
 * Gives an upload to `work`. Where that ends before the upload does, the rest is read and dropped: a browser looks at the
 * answer only after it has sent everything, and sees nothing but a broken connection otherwise.
 */
export async function passOn<T>(
  upload: Readable,
  work: (body: Readable) => Promise<T>,
): Promise<T> {
  const body = new PassThrough();
  upload.once("error", (error) => body.destroy(error));
  upload.once("close", () => {
    if (!upload.readableEnded) body.destroy(new Error("the upload was cut"));
  });
  body.on("error", () => {});
  upload.pipe(body);
  try {
    return await work(body);
  } finally {
    upload.unpipe(body);
    upload.resume();
  }
}

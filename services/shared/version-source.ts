/** A version that a box runs, as others may have it from there. */
import { buffer } from "node:stream/consumers";
import { ServiceClient } from "./client.ts";
import { CoppiceError } from "./errors.ts";
import { socketPath } from "./service.ts";

/** Bytes of a part that is asked for in one question, at most. */
export const largestPart = 2 ** 20;

/** The version that somebody runs: its signed manifest, and what that names. */
export interface VersionSource {
  /** The signed manifest; undefined where there is none. @throws CoppiceError */
  manifest(signal: AbortSignal): Promise<Buffer | undefined>;
  /** Bytes of one of its files, or of `<name>.blocks`; fewer where it ends. @param length at most `largestPart`. @throws CoppiceError */
  part(
    name: string,
    offset: number,
    length: number,
    signal: AbortSignal,
  ): Promise<Buffer>;
}

/** A version behind a Unix socket. */
export class VersionClient implements VersionSource, AsyncDisposable {
  readonly #client: ServiceClient;
  readonly #path: string;

  /** @param service whose socket it is. @param path of the version among its routes */
  constructor(service: string, path: string) {
    this.#client = new ServiceClient(service, socketPath(service));
    this.#path = path;
  }

  async manifest(signal: AbortSignal): Promise<Buffer | undefined> {
    const answer = await this.#client
      .raw("GET", this.#path, { signal })
      .catch((error: unknown) => {
        if (error instanceof CoppiceError && error.status === 404)
          return undefined;
        throw error;
      });
    return answer && (await buffer(answer.body));
  }

  async part(
    name: string,
    offset: number,
    length: number,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const { body } = await this.#client.raw(
      "GET",
      `${this.#path}/${encodeURIComponent(name)}?offset=${offset}&length=${length}`,
      { signal },
    );
    return await buffer(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

/** Friends' boxes as places where updates come from: each hands on the version that it runs. */
import { friendsThere, friendVersion } from "../node/version-client.ts";
import { CoppiceError } from "../shared/errors.ts";
import { newestManifest, UpdateError } from "../shared/update.ts";
import { largestPart, type VersionClient } from "../shared/version-source.ts";
import type { Source } from "./source.ts";

/** A source for each friend's box that is there now. They stay open as long as this. @throws UpdateError (no-friend) */
export class FriendSources implements AsyncDisposable {
  readonly all: readonly Source[];
  readonly #clients: readonly VersionClient[];

  private constructor(clients: readonly VersionClient[], all: Source[]) {
    this.#clients = clients;
    this.all = all;
  }

  static async open(signal: AbortSignal): Promise<FriendSources> {
    const there = await friendsThere(signal).catch((error: unknown) => {
      throw asUpdateError(error, signal);
    });
    if (there.length === 0)
      throw new UpdateError(
        "no-friend",
        "No friend's box can be asked now. Look again when one is there.",
      );
    const clients = there.map(({ id }) => friendVersion(id));
    return new FriendSources(
      clients,
      clients.map((client, index) =>
        friendSource(client, there[index]?.name ?? ""),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
  }
}

function friendSource(client: VersionClient, friend: string): Source {
  return {
    ranges: true,
    async *read(name, offset, length, signal) {
      try {
        if (name === newestManifest) {
          const manifest = await client.manifest(signal);
          if (!manifest)
            throw new UpdateError(
              "no-friend",
              `${friend}'s box cannot hand its version on.`,
            );
          yield manifest.subarray(offset, offset + length);
          return;
        }
        for (let at = offset; at < offset + length; ) {
          const bytes = await client.part(
            name,
            at,
            Math.min(largestPart, offset + length - at),
            signal,
          );
          if (bytes.length === 0) return;
          yield bytes;
          at += bytes.length;
        }
      } catch (error) {
        throw asUpdateError(error, signal);
      }
    },
  };
}

/** What a friend's box, or the way to it, answers for a refusal: it may be there again with the next try. */
function asUpdateError(error: unknown, signal: AbortSignal): unknown {
  signal.throwIfAborted();
  return error instanceof CoppiceError && !(error instanceof UpdateError)
    ? new UpdateError("no-friend", error.message, { cause: error })
    : error;
}

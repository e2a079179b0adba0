import type { VersionSource } from "../../shared/version-source.ts";
import { ownVersion } from "../../version/client.ts";
import { type Friend, friendId } from "./friend.ts";
import type { Friends } from "./friends.ts";
import type { Lines } from "./lines.ts";
import type { Shaper } from "./shaper.ts";

/** Versions of the image among friends: each box hands on what it runs itself, signed by who built it, so that no server is needed. */
export class Versions implements AsyncDisposable {
  /** What this box runs. */
  readonly own = ownVersion();
  readonly #friends: Friends;
  readonly #lines: Lines;
  readonly #download: Shaper;

  /** @param download keeps the owner's limit on what friends send. */
  constructor(friends: Friends, lines: Lines, download: Shaper) {
    this.#friends = friends;
    this.#lines = lines;
    this.#download = download;
  }

  /** Friends whose boxes could be asked now. */
  get there(): Friend[] {
    return this.#friends.all.filter(
      (friend) =>
        friend.phase === "active" && this.#lines.isOnline(friendId(friend)),
    );
  }

  /**
   * What a friend's box runs. Its answers may be anything: whoever asks compares them with what was signed.
   * @param id the friend's. Asking throws NotFoundError, RefusedError, LateError, UnreachableError, WireProtocolError
   */
  of(id: string): VersionSource {
    return {
      manifest: async (signal) => {
        const { manifest } = await this.#lines.ask(
          this.#known(id),
          "version",
          {},
          "interactive",
          signal,
        );
        return manifest === null ? undefined : Buffer.from(manifest);
      },
      part: async (name, offset, length, signal) => {
        const friend = this.#known(id);
        await this.#download.take(length, signal);
        const { bytes } = await this.#lines.ask(
          friend,
          "part",
          { name, offset, length },
          // Behind all that the household waits for.
          "scrub",
          signal,
          length,
        );
        return Buffer.from(bytes);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.own[Symbol.asyncDispose]();
  }

  #known(id: string): string {
    return friendId(this.#friends.require(id));
  }
}

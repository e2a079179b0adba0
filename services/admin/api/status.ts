import { type Static, Type } from "typebox";
import { type HostClient, HostStatus } from "../../host/client.ts";
import { type IdentityClient, TpmState } from "../../identity/client.ts";
import { type NodeClient, StorageState } from "../../node/client.ts";

/** All that the dashboard shows; a part is null while its service does not answer. */
export const Status = Type.Object({
  time: Type.Integer({ description: "milliseconds since 1970" }),
  host: Type.Union([HostStatus, Type.Null()]),
  storage: Type.Union([StorageState, Type.Null()]),
  tpm: Type.Union([TpmState, Type.Null()]),
});
export type Status = Static<typeof Status>;

const period = 2000;

/** Reads the status of all services, and tells it to whoever watches; nothing is measured while nobody does. */
export class StatusFeed {
  #host: HostClient;
  #node: NodeClient;
  #identity: IdentityClient;
  #watchers = new Set<(status: Status) => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(host: HostClient, node: NodeClient, identity: IdentityClient) {
    this.#host = host;
    this.#node = node;
    this.#identity = identity;
  }

  async read(): Promise<Status> {
    const [host, storage, tpm] = await Promise.all(
      [this.#host.status(), this.#node.state(), this.#identity.tpm()].map(
        (part) => part.catch(() => null),
      ),
    );
    return { time: Date.now(), host, storage, tpm } as Status;
  }

  /** Calls `watcher` now and every 2 s until the returned function is called. */
  watch(watcher: (status: Status) => void): () => void {
    this.#watchers.add(watcher);
    void this.read().then(watcher);
    this.#schedule();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #schedule(): void {
    this.#timer ??= setTimeout(async () => {
      const status = await this.read();
      this.#timer = undefined;
      for (const watcher of this.#watchers) watcher(status);
      if (this.#watchers.size > 0) this.#schedule();
    }, period);
  }
}

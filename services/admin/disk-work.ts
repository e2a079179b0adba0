import { type Static, Type } from "typebox";
import type { HostClient } from "../host/client.ts";
import type { NodeClient } from "../node/client.ts";
import { ConflictError } from "../shared/errors.ts";

/** A disk that is being prepared, or was. */
export const DiskWork = Type.Object({
  name: Type.String(),
  step: Type.String(),
  done: Type.Integer(),
  of: Type.Integer(),
  uuid: Type.Optional(
    Type.String({ description: "set when the disk is ready" }),
  ),
  failure: Type.Optional(Type.String()),
});
export type DiskWork = Static<typeof DiskWork>;

/** Makes another disk a data disk, one at a time; how far it is can be asked at any time. */
export class DiskWorker {
  #host: HostClient;
  #node: NodeClient;
  #work: DiskWork | undefined;

  constructor(host: HostClient, node: NodeClient) {
    this.#host = host;
    this.#node = node;
  }

  /** The disk that is being prepared, or the last one that was. */
  get work(): DiskWork | undefined {
    return this.#work;
  }

  /** Begins to erase and encrypt a disk. @throws ConflictError while another is being prepared */
  start(id: string, name: string): void {
    if (this.#work && !this.#work.uuid && !this.#work.failure)
      throw new ConflictError(
        "A disk is being prepared already. Wait until that is done.",
        "busy",
      );
    this.#work = { name, step: "Starting", done: 0, of: 1 };
    void this.#prepare(id, name);
  }

  /** Forgets the last one. */
  dismiss(): void {
    if (this.#work?.uuid || this.#work?.failure) this.#work = undefined;
  }

  async #prepare(id: string, name: string): Promise<void> {
    try {
      for await (const event of this.#host.prepareDisk(id, name)) {
        if ("error" in event) throw new ConflictError(event.error, event.type);
        if ("step" in event) this.#work = { name, ...event };
        else {
          await this.#node.rescan();
          this.#work = {
            name,
            step: "Ready",
            done: 1,
            of: 1,
            uuid: event.uuid,
          };
        }
      }
    } catch (error) {
      this.#work = {
        name,
        step: "Failed",
        done: 0,
        of: 1,
        failure: (error as Error).message,
      };
    }
  }
}

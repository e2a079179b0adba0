import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { DiskStore } from "./disk-store.ts";
import { type FoundRecord, scanPack } from "./pack-scan.ts";
import type { ScanJob } from "./scan-worker.ts";

const stepBytes = 4 * 2 ** 20;

/** Reads packs for the scrub, on a thread that is last in line for the disk and the processor. */
export class Scanner implements AsyncDisposable {
  #worker: Worker | undefined;

  /** The records of a pack, verified, a few megabytes at a time. */
  async *scan(disk: DiskStore, pack: number): AsyncGenerator<FoundRecord[]> {
    const path = disk.packs.path(pack);
    if (path === undefined) {
      for await (const record of scanPack(disk.packs, pack, 0, true))
        yield [record];
      return;
    }
    for (let from = 0; ; ) {
      const found = await this.#ask({
        path,
        salt: new Uint8Array(disk.packs.salt),
        from,
        bytes: stepBytes,
      });
      const last = found.at(-1);
      if (!last) return;
      yield found;
      from = last.end;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #ask(job: ScanJob): Promise<FoundRecord[]> {
    this.#worker ??= new Worker(new URL("./scan-worker.ts", import.meta.url));
    this.#worker.postMessage(job);
    const [found] = (await once(this.#worker, "message")) as [FoundRecord[]];
    return found.map((record) => ({
      ...record,
      header: {
        ...record.header,
        account: Buffer.from(record.header.account),
        block: Buffer.from(record.header.block),
        name: Buffer.from(record.header.name),
      },
    }));
  }
}

import { run } from "./process.ts";

/** One partition of a GPT disk image. */
export interface Partition {
  /** Bytes from the disk's beginning. */
  start: number;
  /** Bytes. */
  size: number;
  uuid: string;
  name?: string;
}

const sector = 512;

/** Reads the partitions of a raw disk image, in order. @throws CommandError where it has no table */
export async function readPartitions(disk: string): Promise<Partition[]> {
  interface Table {
    partitiontable: { partitions: Partition[] };
  }
  const { partitiontable } = JSON.parse(
    await run("sfdisk", ["--json", disk]),
  ) as Table;
  return partitiontable.partitions.map((partition) => ({
    ...partition,
    start: partition.start * sector,
    size: partition.size * sector,
  }));
}

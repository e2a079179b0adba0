import { chmod, cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { StoreHere } from "../../../../services/node/store/here.ts";
import { scanPack } from "../../../../services/node/store/pack-scan.ts";
import {
  encodeRecordHeader,
  recordHeaderSize,
} from "../../../../services/node/store/record.ts";
import { NoBlockError } from "../../../../services/node/store/segment.ts";
import { temporaryFolder } from "../../../folder.ts";

const never = new AbortController().signal;
const kept = join(import.meta.dirname, "format-1");

test("a disk that format 1 wrote is read, and written the same way still", async (t) => {
  await using folder = await temporaryFolder();
  await cp(join(kept, "disk"), join(folder.path, "disk"), { recursive: true });
  const key = join(folder.path, "key");
  await writeFile(key, Buffer.alloc(32, 0x5a));
  await chmod(key, 0o600);
  const ids = JSON.parse(
    await readFile(join(kept, "ids.json"), "utf8"),
  ) as Record<"small" | "large" | "gone", string>;
  // Its index is not kept: it is LMDB's, of one machine.
  await using here = await StoreHere.open(
    [join(folder.path, "disk")],
    key,
    (error) => {
      throw error;
    },
  );
  const read = async (id: string): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const part of (await here.objects.get(id, never)).bytes)
      parts.push(part);
    return Buffer.concat(parts).toString();
  };
  t.is(await read(ids.small), "a coppiced tree regrows from its stool");
  t.is(
    await read(ids.large),
    Buffer.alloc(20_000, "however often it is cut. ").toString(),
  );
  await t.throwsAsync(read(ids.gone), { instanceOf: NoBlockError });
  const [disk] = here.store.disks.values();
  if (!disk) throw new Error("no disk");
  let records = 0;
  for (const number of disk.packs.numbers)
    for await (const { header, offset } of scanPack(
      disk.packs,
      number,
      0,
      false,
    )) {
      const bytes = Buffer.alloc(recordHeaderSize);
      await disk.packs.read(number, offset, bytes);
      t.deepEqual(bytes, encodeRecordHeader(header, disk.packs.salt, false));
      records++;
    }
  t.true(records >= 10);
  const report = await here.scrubber.now(never);
  t.deepEqual([report.damaged, report.moved, report.lost], [0, 0, []]);
});

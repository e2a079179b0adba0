/** An image does not grow unnoticed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { Parse } from "typebox/value";
import { growth, Sizes, sizesOf } from "../../scripts/budget.ts";
import { ensureImage } from "../../scripts/image.ts";

const board = "qemu-x86-64";

test("the image is as large as it was, give or take three percent", async (t) => {
  t.timeout(15 * 60_000);
  await ensureImage(board);
  const recorded = Parse(
    Sizes,
    JSON.parse(
      await readFile(join(import.meta.dirname, `${board}.sizes.json`), "utf8"),
    ),
  );
  const now = await sizesOf(board);
  t.log(`root ${now.root}, UKI ${now.kernel} bytes`);
  t.deepEqual(growth(recorded, now), []);

  const grown = structuredClone(now);
  grown.root = Math.ceil(now.root * 1.04);
  grown.packages.samba = (now.packages.samba ?? 0) + 9000;
  t.regex(growth(now, grown).join(), /^the root grew .* samba 9000 kB/);
  t.deepEqual(growth(now, { ...now, root: Math.floor(now.root * 1.02) }), []);
});

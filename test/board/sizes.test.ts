/** An image does not grow unnoticed. */
import test from "ava";
import { growth, recordedSizes, sizesOf } from "../../scripts/budget.ts";
import { ensureImage } from "../../scripts/image.ts";

const board = "qemu-x86-64";

test("the image is as large as it was, give or take three percent", async (t) => {
  t.timeout(15 * 60_000);
  await ensureImage(board);
  const recorded = await recordedSizes(board);
  if (!recorded) throw new Error("nothing is recorded of this board");
  const now = await sizesOf(board);
  t.log(`root ${now.root}, UKI ${now.kernel} bytes`);
  t.deepEqual(growth(recorded, now), []);

  const grown = structuredClone(now);
  grown.root = Math.ceil(now.root * 1.04);
  grown.packages.samba = (now.packages.samba ?? 0) + 9000;
  t.regex(growth(now, grown).join(), /^the root grew .* samba 9000 kB/);
  t.deepEqual(growth(now, { ...now, root: Math.floor(now.root * 1.02) }), []);
});

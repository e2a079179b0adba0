/** Writes into its index until the disk is full, says why it could not go on, and is alive a turn later. */
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { LmdbIndex } from "../../../../services/node/store/ordered-index.ts";

const [, , folder = ""] = process.argv;
const index = await LmdbIndex.open(folder, ["rows"]);
for (;;) {
  try {
    await index.commit(
      Array.from({ length: 20 }, () => ({
        table: "rows",
        key: randomBytes(30),
        value: randomBytes(1000),
      })),
    );
  } catch (error) {
    await setImmediate();
    console.log(`refused: ${(error as Error).message}`);
    break;
  }
}

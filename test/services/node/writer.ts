/** Writes files and prints the name and SHA-256 of each that was acknowledged, until it is killed. */
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { openFolders } from "../../../services/node/store/data-disk.ts";
import { Files } from "../../../services/node/tree/files.ts";
import { RootKey } from "../../../services/node/tree/rootkey.ts";

const [, , folder = "", round = ""] = process.argv;
const root = (await RootKey.load(folder)) ?? RootKey.create();
await root.save(folder);
const store = await openFolders([join(folder, "disk")], (error) => {
  throw error;
});
const files = Files.open(store, root, join(folder, "names"));
for (let number = 0; ; number++) {
  const body = randomBytes(1 + ((number * 1_234_567) % 6_000_000));
  const name = `file-${round}-${number}`;
  await files.put(
    name,
    body.length,
    Readable.from([body]),
    new AbortController().signal,
  );
  process.stdout.write(
    `${name} ${createHash("sha256").update(body).digest("hex")}\n`,
  );
}

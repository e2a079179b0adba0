/** Writes files and prints the name and SHA-256 of each that was acknowledged, until it is killed. */
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { FragmentStore } from "../../../services/node/store/fragments.ts";
import { Files } from "../../../services/node/tree/files.ts";
import { RootKey } from "../../../services/node/tree/rootkey.ts";

const [, , folder = "", round = ""] = process.argv;
const root = (await RootKey.load(folder)) ?? RootKey.create();
await root.save(folder);
const store = await FragmentStore.open(folder);
const files = await Files.open(store, root);
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

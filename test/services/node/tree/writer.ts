/** Writes files and prints the name and SHA-256 of each that was acknowledged, until it is killed. */
import { createHash, randomBytes } from "node:crypto";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { openTree } from "./tree-stand.ts";

const [, , folder = "", round = ""] = process.argv;
const root = (await RootKey.load(folder)) ?? RootKey.create();
await root.save(folder);
const { put, tree } = await openTree(folder, root);
for (let number = 0; ; number++) {
  const body = randomBytes(1 + ((number * 1_234_567) % 6_000_000));
  const name = `file-${round}-${number}`;
  await put(`/${name}.part`, body);
  tree.move(`/${name}.part`, "/", name, tree.owner);
  await tree.flush();
  process.stdout.write(
    `${name} ${createHash("sha256").update(body).digest("hex")}\n`,
  );
}

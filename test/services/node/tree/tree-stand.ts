import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { openFolders } from "../../../../services/node/store/data-disk.ts";
import type { DiskStore } from "../../../../services/node/store/disk-store.ts";
import type { FragmentStore } from "../../../../services/node/store/fragments.ts";
import {
  LmdbIndex,
  type OrderedIndex,
} from "../../../../services/node/store/ordered-index.ts";
import type { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { Tree } from "../../../../services/node/tree/tree.ts";
import {
  type TreeTable,
  treeTables,
} from "../../../../services/node/tree/tree-index.ts";

/** Never aborts. */
export const never = new AbortController().signal;

/** A tree on a folder, with its store. */
export interface TreeStand extends AsyncDisposable {
  store: FragmentStore;
  disk: DiskStore;
  tree: Tree;
  put(path: string, body: Uint8Array): Promise<void>;
  get(path: string, version?: number): Promise<Buffer>;
  names(path: string): string[];
}

/** Opens the tree of a root key on a folder of the test's own. */
export async function openTree(
  folder: string,
  root: RootKey,
  options: {
    /** Puts something between the tree and its index. */
    wrap?: (index: OrderedIndex<TreeTable>) => OrderedIndex<TreeTable>;
    onError?: (error: unknown) => void;
  } = {},
): Promise<TreeStand> {
  const fail = (error: unknown): void => {
    throw error;
  };
  const { wrap = (index) => index, onError = fail } = options;
  const store = await openFolders([join(folder, "disk")], fail);
  const [disk] = store.disks.values();
  if (!disk) throw new Error("the disk is not there");
  const index = await LmdbIndex.open(join(folder, "tree"), treeTables);
  const tree = await Tree.open(store, root, wrap(index), onError);
  await tree.discover(never);
  await tree.ensureRoot();
  return {
    store,
    disk,
    tree,
    put: async (path, body) => {
      const slash = path.lastIndexOf("/");
      await tree.put(
        path.slice(0, slash) || "/",
        path.slice(slash + 1),
        chunks(body),
        tree.owner,
        never,
      );
    },
    get: async (path, version) =>
      await buffer(
        tree.read(
          path,
          tree.owner,
          never,
          version === undefined ? {} : { version },
        ).bytes,
      ),
    names: (path) => tree.list(path, tree.owner).map(({ name }) => name),
    [Symbol.asyncDispose]: async () => {
      await tree[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Bytes as they come from a network: in pieces. */
export async function* chunks(
  bytes: Uint8Array,
  size = 65_536,
): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size)
    yield Buffer.from(bytes.subarray(at, at + size));
}

/** Measurements as JSON lines {name, value, unit, versus, ratio, bar}: `npm run bench -- image`. */
import { ensureHostTools } from "./debian.ts";

// Parts are loaded where they are asked for: they need tools that not everybody has yet.
const parts: Record<string, () => Promise<void>> = {
  image: async () => await (await import("./bench/image.ts")).benchImage(),
  update: async () => await (await import("./bench/update.ts")).benchUpdate(),
  identity: async () =>
    await (await import("./bench/identity.ts")).benchIdentity(),
  store: async () => await (await import("./bench/store.ts")).benchStore(),
  tree: async () => await (await import("./bench/tree.ts")).benchTree(),
  peer: async () => await (await import("./bench/peer.ts")).benchPeer(),
  admin: async () => await (await import("./bench/admin.ts")).benchAdmin(),
  router: async () => await (await import("./bench/router.ts")).benchRouter(),
  // Minutes may follow; two hours where none do.
  soak: async () =>
    await (await import("./bench/soak.ts")).benchSoak(
      Number(process.argv[3] ?? 120),
    ),
};

const part = parts[process.argv[2] ?? ""];
if (part) {
  await ensureHostTools("build", "emulate", "services", "test", "bench");
  await part();
} else {
  console.error(`coppice: npm run bench -- ${Object.keys(parts).join("|")}`);
  process.exitCode = 2;
}

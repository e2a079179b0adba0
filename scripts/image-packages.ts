import { createHash } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type Architecture,
  architectures,
  hostArchitecture,
} from "./architecture.ts";
import {
  buildFolder,
  emptyBuildFolder,
  inBuilder,
  repository,
} from "./builder.ts";
import { importedPackages, joinPackages } from "./join.ts";
import { run } from "./process.ts";
import { withProgress } from "./progress.ts";

/** Packages with C or C++ in them, which is compiled. */
const compiled = [
  "@2060.io/ref-napi",
  "ffi-napi",
  "node-pty",
  "@cocalc/fuse-native",
  // For arm64 npm has it for musl alone.
  "msgpackr-extract",
];

/** The name, below the build folder, of the packages for a processor. */
export function packagesFolder(architecture: Architecture): string {
  return `packages.npm.${architecture}`;
}

/**
 * Production npm packages for an image, joined, with their native parts compiled in the builder; kept until they or their use
 * change. @returns the folder that holds `node_modules`. @throws CommandError
 */
export async function stagePackages(
  architecture: Architecture,
): Promise<string> {
  const { triplet, node, npm: cpu } = architectures[architecture];
  const imported = await importedPackages();
  const remove = prune(node);
  const lock = createHash("sha256")
    .update(await readFile(join(repository, "package-lock.json")))
    .update(await readFile(join(repository, "scripts/mend-fuse")))
    .update(await readFile(join(repository, "scripts/join.ts")))
    .update(imported.join())
    .update([...compiled, ...remove].join())
    .digest("hex");
  const name = packagesFolder(architecture);
  const folder = join(buildFolder, name);
  const stamp = join(folder, "stamp");
  if ((await readFile(stamp, "utf8").catch(() => "")) === lock) return folder;
  await withProgress("npm packages for the image", async (progress) => {
    await emptyBuildFolder(name);
    const npm =
      process.env.npm_execpath ??
      (await run("sh", ["-c", 'realpath "$(command -v npm)"'])).trim();
    await joinPackages(
      imported,
      join(folder, "node_modules"),
      await modulesFor(architecture, npm),
      node,
    );
    const inside = `/coppice/.build/${name}`;
    const modules = `${inside}/node_modules`;
    const hostNode = `/coppice/node_modules/${architectures[hostArchitecture].node}/bin`;
    await inBuilder(
      [
        `export PATH=${hostNode}:$PATH CC=${triplet}-gcc CXX=${triplet}-g++`,
        // Node-API is all that msgpackr-extract is to use of Node: it outlives Node's versions.
        "export ENABLE_V8_FUNCTIONS=false",
        `export PKG_CONFIG_LIBDIR=/usr/lib/${triplet}/pkgconfig:/usr/share/pkgconfig`,
        ...compiled.map(
          (one) =>
            `(cd ${modules}/${one} && node /npm/node_modules/node-gyp/bin/node-gyp.js rebuild --arch=${cpu} --nodedir=${modules}/${node})`,
        ),
        `cd ${inside}`,
        ...remove,
        `${triplet}-strip -s ${modules}/${node}/bin/node`,
        `find . -name '*.node' -exec ${triplet}-strip -s {} +`,
      ].join("\n"),
      {
        binds: { [dirname(dirname(npm))]: "/npm" },
        architecture,
        onOutput: (text) => progress.detail(text),
      },
    );
    await writeFile(stamp, lock);
  });
  return folder;
}

/** `node_modules` as npm lays it out for a processor: this checkout's, or one of its own. */
async function modulesFor(
  architecture: Architecture,
  npm: string,
): Promise<string> {
  if (architecture === hostArchitecture)
    return join(repository, "node_modules");
  const folder = await emptyBuildFolder(`npm.${architecture}`);
  for (const file of ["package.json", "package-lock.json"])
    await cp(join(repository, file), join(folder, file));
  await run(
    process.execPath,
    [
      ...[npm, "ci", "--ignore-scripts", "--omit=dev"],
      ...["--no-audit", "--no-fund", "--loglevel=error", `--prefix=${folder}`],
      `--cpu=${architectures[architecture].npm}`,
      ...["--os=linux", "--libc=glibc"],
    ],
    { cwd: folder },
  );
  const modules = join(folder, "node_modules");
  await run("sh", [join(repository, "scripts/mend-fuse"), modules]);
  return modules;
}

/** What only a developer needs is taken out of the packages. */
function prune(node: string): string[] {
  const all = (paths: readonly string[]): string =>
    paths.map((path) => `node_modules/${path}`).join(" ");
  const named = (names: readonly string[]): string =>
    names.map((name) => `-name '${name}'`).join(" -o ");
  return [
    `rm -rf ${all([...["include", "share", "lib", "bin/npm", "bin/npx", "bin/corepack"].map((part) => `${node}/${part}`), "node-pty/prebuilds", "node-pty/deps", "node-pty/third_party", "ffi-napi/deps", "lmdb/dependencies"])}`,
    `find node_modules -type d \\( ${named(["obj.target", ".deps", "test", "tests", "docs", "example", "examples", ".github", "benchmark", "benchmarks"])} \\) -prune -exec rm -rf {} +`,
    `find node_modules -type f \\( ${named(["*.map", "*.md", "*.d.ts", "*.d.mts", "*.d.cts", "*.cc", "*.cpp", "*.h", "*.c", "*.o", "*.a", "*musl.node", "*.mk", "Makefile", "*.Makefile", "*.gyp", "*.gypi"])} \\) -delete`,
  ];
}

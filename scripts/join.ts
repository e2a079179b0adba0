import { cp, glob, mkdir, readFile, writeFile } from "node:fs/promises";
import { isBuiltin, stripTypeScriptTypes } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { repository } from "./builder.ts";

const from = join(repository, "node_modules");

/** File in the image's `node_modules` that tells which packages are in it. */
export const npmList = "packages.json";

/** What cannot be joined with others: native addons, files that are served, and Node itself. */
const whole = [
  "@2060.io/ref-napi",
  "@cocalc/fuse-native",
  "@fastify/static",
  "@fastify/swagger-ui",
  "ffi-napi",
  "lmdb",
  "node-pty",
];

/** Copies what an image holds of this checkout's services. @param home becomes the folder above `services/` */
export async function copyServices(home: string): Promise<void> {
  for (const folder of ["services", "provisioning"])
    await cp(join(repository, folder), join(home, folder), {
      recursive: true,
      filter: (path) =>
        basename(path) !== "README.md" && !path.includes("/admin/web/"),
    });
  await cp(join(repository, "package.json"), join(home, "package.json"));
  // The compile cache holds no programs, which would begin; to strip types, Node loads WebAssembly: a tenth of a service's start.
  for await (const program of glob(
    ["services/*/main.ts", "provisioning/reset-at-boot.ts"],
    { cwd: home },
  ))
    await writeFile(
      join(home, program.replace(/\.ts$/, ".mjs")),
      stripTypeScriptTypes(await readFile(join(home, program), "utf8")),
    );
}

/**
 * Joins the npm packages that the services import into a few modules with the same names and exports: to find, open and link
 * five hundred files is most of a service's start on a small board. Packages that cannot be joined stay, with what they need.
 * @param specifiers what the services import, as {@link importedPackages} tells. @param to becomes the image's `node_modules`.
 * @param native `node_modules` as npm lays it out for the image's processor. @param node the package that is Node for it.
 * @throws Error where a package is not understood
 */
export async function joinPackages(
  specifiers: readonly string[],
  to: string,
  native: string,
  node: string,
): Promise<void> {
  const kept = await closure([...whole, node], native);
  const isKept = (specifier: string): boolean => kept.has(packageOf(specifier));
  for (const name of kept)
    await cp(join(native, name), join(to, name), {
      recursive: true,
      verbatimSymlinks: true,
    });
  const joined = specifiers.filter((specifier) => !isKept(specifier));
  const used = await bundle(to, joined, isKept);
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
  for (const name of kept) used.add(join(native, name));
  await writeFile(join(to, "LICENSES"), await licencesOf(used));
  const packages = await Promise.all(
    [...used].sort(byName).map(async (folder) => {
      const { version, license } = await readManifest(folder);
      const name = nameOf(folder).replace(/^.*node_modules\//, "");
      return { name, version, license: license ?? null };
    }),
  );
  await writeFile(join(to, npmList), JSON.stringify(packages));
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

/** A package's folder below its `node_modules`. */
function nameOf(folder: string): string {
  return folder.slice(folder.indexOf("/node_modules/") + 14);
}

function byName(one: string, other: string): number {
  return nameOf(one) < nameOf(other) ? -1 : 1;
}

/** The packages at the top of `node_modules` that these need, and they themselves. */
async function closure(
  names: readonly string[],
  modules: string,
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

/** Writes what was joined. @returns the folders of all packages of which something went into it */
async function bundle(
  to: string,
  specifiers: readonly string[],
  isKept: (specifier: string) => boolean,
): Promise<Set<string>> {
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
  const { output } = await build.write({
    dir: to,
    entryFileNames: "[name].mjs",
    chunkFileNames: ".joined/[hash].mjs",
  });
  return new Set(
    output
      .flatMap((part) => (part.type === "chunk" ? part.moduleIds : []))
      .flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []),
  );
}

/** The licences of packages, which ask that their texts go with every copy. */
async function licencesOf(folders: ReadonlySet<string>): Promise<string> {
  const texts: string[] = [];
  for (const folder of [...folders].sort(byName)) {
    const files = await Array.fromAsync(
      glob("{LICEN[SC]E,licen[sc]e,NOTICE}*", { cwd: folder }),
    );
    // A file system tells names in an order of its own.
    for (const file of files.sort())
      texts.push(
        `== ${nameOf(folder)}\n\n${await readFile(join(folder, file), "utf8")}`,
      );
  }
  return texts.join("\n\n");
}

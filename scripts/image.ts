import { createHash } from "node:crypto";
import {
  glob,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { defaultNetwork } from "../services/host/network/document.ts";
import {
  renderedFiles,
  renderNetwork,
} from "../services/host/network/rendering.ts";
import type { ImageInfo } from "../services/shared/image.ts";
import { type Architecture, architectures } from "./architecture.ts";
import { ensureCache, lockOf, writeArchives } from "./archives.ts";
import { boardImage, readBoard } from "./board-file.ts";
import {
  buildFolder,
  emptyBuildFolder,
  ensureBuilder,
  inBuilder,
  repository,
} from "./builder.ts";
import { ensureHostTools } from "./debian.ts";
import { packagesFolder, stagePackages } from "./image-packages.ts";
import { copyServices, npmList } from "./join.ts";
import { developmentKeys, type KeyFolder } from "./keys.ts";
import {
  expectLocked,
  type Held,
  packageLockFile,
  renderPackageLock,
} from "./package-lock.ts";
import { run } from "./process.ts";
import { withProgress } from "./progress.ts";
import { writeReference } from "./reference.ts";
import { readManifests, writeSbom } from "./sbom.ts";

/** A built image: the disk, and what was measured into it. */
export interface Image {
  /** Holds the disk and what lies beside it. */
  folder: string;
  /** Path of the raw GPT disk image. */
  disk: string;
  /** Hash of all inputs, as hex. */
  inputs: string;
  version: string;
}

/** Says what builds are held to, and so not what is built. */
const locks = "image/packages.lock";
const inputPatterns = [
  "image/**",
  "rootfs-overlay/**",
  "services/**",
  "provisioning/**",
  "package.json",
  "package-lock.json",
  "scripts/architecture.ts",
  "scripts/archives.ts",
  "scripts/image.ts",
  "scripts/image-packages.ts",
  "scripts/join.ts",
  "scripts/keys.ts",
  "scripts/reference.ts",
  "scripts/sbom.ts",
  "scripts/partitions.ts",
  "scripts/warmup.ts",
  "scripts/module-list.ts",
  "scripts/compile-cache.ts",
  "scripts/local-services.ts",
  "scripts/software-tpm.ts",
];

/** The SHA-256 over the paths and contents of everything that goes into an image. */
async function hashInputs(patterns: readonly string[]): Promise<string> {
  const files = new Map<string, boolean>();
  for await (const entry of glob(patterns as string[], {
    cwd: repository,
    withFileTypes: true,
    exclude: (entry) => join(entry.parentPath, entry.name).endsWith(locks),
  })) {
    if (entry.isFile() || entry.isSymbolicLink())
      files.set(join(entry.parentPath, entry.name), entry.isSymbolicLink());
  }
  const hash = createHash("sha256");
  for (const [file, link] of [...files].sort()) {
    hash
      .update(`${relative(repository, file)}\0`)
      .update(link ? await readlink(file) : await readFile(file))
      .update("\0");
  }
  return hash.digest("hex");
}

/** Lays out what lands in the image on top of Debian's packages: /usr/lib/coppice, and the overlays. */
async function stageServices(
  packages: string,
  board: string,
  architecture: Architecture,
  keys: KeyFolder,
): Promise<void> {
  const stage = await emptyBuildFolder("stage");
  const home = join(stage, "usr/lib/coppice");
  await mkdir(home, { recursive: true });
  await run("cp", [
    "-a",
    "--reflink=auto",
    join(packages, "node_modules"),
    join(home, "node_modules"),
  ]);
  await copyServices(home);
  await buildWebPages(join(home, "services/admin/web"));
  await mkdir(join(home, "bin"));
  await symlink(
    `../node_modules/${architectures[architecture].node}/bin/node`,
    join(home, "bin/node"),
  );
  await stageNetwork(stage);
  const share = join(stage, "usr/share/coppice");
  await mkdir(join(share, "image-signers"), { recursive: true });
  await mkdir(join(share, "tpm-roots"));
  await writeFile(join(share, "image-signers/builder.pem"), keys.imageSigner);
  await writeFile(
    join(share, "image.json"),
    JSON.stringify({
      board,
      securityVersion: await securityVersion(),
    } satisfies ImageInfo),
  );
  // The compile cache holds stripped sources and V8 code: the appliance neither parses TypeScript nor compiles at boot.
  await inBuilder(
    "cd /usr/lib/coppice && bin/node --disable-warning=ExperimentalWarning /coppice/scripts/warmup.ts",
    {
      binds: {
        [home]: "/usr/lib/coppice",
        // Those of this checkout are for this machine's processor.
        [join(packages, "node_modules")]: "/coppice/node_modules",
      },
      architecture,
    },
  );
  await shareCache(join(home, "cache"));
  for (const overlay of ["rootfs-overlay", `board/${board}/overlay`])
    await run("cp", ["-a", `${join(repository, overlay)}/.`, stage]);
  const initrd = await emptyBuildFolder("stage-initrd");
  await run("cp", [
    "-a",
    `${join(repository, "image/initrd-overlay")}/.`,
    initrd,
  ]);
  // Whatever umask the checkout was made with.
  await run("chmod", ["-R", "u=rwX,go=rX", stage, initrd]);
}

/** What a new box's network is made of: rendered as any other document, and where the daemons' mounts go. */
async function stageNetwork(stage: string): Promise<void> {
  const files = renderNetwork(defaultNetwork);
  for (const [path, text] of files) {
    const file = join(stage, "usr/lib/coppice/network", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  await mkdir(join(stage, "etc/systemd/network"), { recursive: true });
  // Debian switches mDNS off by a drop-in, so ours is one too, and comes after it.
  const resolved = join(stage, "etc/systemd/resolved.conf.d");
  await mkdir(resolved, { recursive: true });
  await writeFile(
    join(resolved, "10-coppice.conf"),
    files.get(renderedFiles.resolved) as string,
  );
}

/** Node keeps a compile cache for each user's number; the services' users get root's, which the warm-up filled. */
async function shareCache(cache: string): Promise<void> {
  const users = await readFile(
    join(repository, "rootfs-overlay/usr/lib/sysusers.d/coppice.conf"),
    "utf8",
  );
  const [made = ""] = await readdir(cache);
  for (const [, uid] of users.matchAll(/^u \S+ (\d+)/gm))
    await symlink(made, join(cache, made.replace(/-0$/, `-${uid}`)));
}

/** Builds the admin's pages into `folder`. */
export async function buildWebPages(folder: string): Promise<void> {
  const { build } = await import("vite");
  const root = join(repository, "services/admin/web");
  await build({
    root,
    configFile: join(root, "vite.config.ts"),
    logLevel: "warn",
    build: { outDir: folder, emptyOutDir: true },
  });
}

/** The security version of what is built: image/security-version. */
export async function securityVersion(): Promise<number> {
  return Number(
    await readFile(join(repository, "image/security-version"), "utf8"),
  );
}

/** What distinguishes a release from the image that stands in a checkout. */
export interface BuildOptions {
  /** The checkout's own where it is not said. */
  version?: string;
  /** Development keys where it is not said. */
  keys?: KeyFolder;
  /** Debian packages beside those of the board. */
  packages?: readonly string[];
  /** The packages that it is made of, and no others. */
  held?: Held;
}

/**
 * Builds the image of a board unless the one that stands there was made from the same inputs.
 * @throws BoardError; PackageLockError; CommandError with the builder's last lines.
 */
export async function ensureImage(
  board: string,
  options: BuildOptions = {},
): Promise<Image> {
  const { architecture, kernel, consoles } = await readBoard(board);
  const include = await boardImage(board);
  await ensureHostTools("build");
  const own = (
    JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as {
      version: string;
    }
  ).version;
  const version = options.version ?? own;
  const keys = options.keys ?? (await developmentKeys());
  const { held } = options;
  const name =
    version === own && keys.development ? board : `${board}-${version}`;
  const folder = join(buildFolder, "image", name);
  const inside = `/coppice/.build/image/${name}`;
  const disk = join(folder, "coppice.raw");
  const stamp = join(folder, "inputs");
  const staged = createHash("sha256")
    .update(await hashInputs([`board/${board}/**`, ...inputPatterns]))
    .update(`${board}\0${keys.imageSigner}`)
    .digest("hex");
  const inputs = createHash("sha256")
    .update([staged, version, ...(options.packages ?? [])].join("\0"))
    .update(held ? JSON.stringify(held) : "")
    .digest("hex");
  const image: Image = { folder, disk, inputs, version };
  if ((await readFile(stamp, "utf8").catch(() => "")) === inputs) return image;
  await ensureBuilder(architecture, held);
  // Two versions of one tree differ in what mkosi does alone.
  const stage = join(buildFolder, "stage.inputs");
  if ((await readFile(stage, "utf8").catch(() => "")) !== staged) {
    await rm(stage, { force: true });
    await stageServices(
      await stagePackages(architecture),
      board,
      architecture,
      keys,
    );
    await writeFile(stage, staged);
  }
  await withProgress(
    `building the image for ${board}, version ${version}`,
    async (progress) => {
      await emptyBuildFolder(join("image", name));
      const from = await ensureCache(held ? JSON.stringify(held) : "");
      await mkdir(join(buildFolder, "packages"), { recursive: true });
      await writeArchives(architecture, held);
      const flags = [
        ...(include ? [`--include=/coppice/${include}`] : []),
        `--architecture=${architecture}`,
        ...[kernel, ...(options.packages ?? [])].map(
          (name) => `--package=${name}`,
        ),
        ...consoles.map((one) => `--kernel-command-line=console=${one}`),
        `--image-version=${version}`,
        "--sandbox-tree=/coppice/.build/sandbox",
        `--output-directory=${inside}`,
        "--source-date-epoch=0",
        "--extra-tree=/coppice/.build/stage",
        "--workspace-directory=/var/tmp",
      ];
      await inBuilder(
        [
          "cd /coppice/image",
          // Where ukify looks, in mkosi's own sandbox too.
          "install -D --mode=644 ukify.conf /usr/local/lib/systemd/ukify.conf",
          `mkosi --force ${flags.join(" ")} build`,
          `chown -R ${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0} /coppice/.build/image`,
        ].join("\n"),
        {
          binds: { [keys.folder]: "/keys" },
          architecture,
          onOutput: (text) => progress.detail(text),
        },
      );
      const packages = await readManifests(
        ["coppice.manifest", "initrd.manifest"].map((one) => join(folder, one)),
      );
      const lock = await lockOf(board, architecture, from, packages);
      if (held)
        expectLocked("image", held.lock.image.packages, lock.image.packages);
      await writeFile(
        join(folder, packageLockFile),
        renderPackageLock(held?.lock ?? lock),
      );
      await writeReference(image, board, architecture, keys);
      await writeSbom(folder, {
        board,
        version,
        packages,
        archives: join(buildFolder, "packages/cache/apt/archives"),
        npm: join(
          buildFolder,
          packagesFolder(architecture),
          "node_modules",
          npmList,
        ),
        services: join(buildFolder, "stage/usr/lib/coppice"),
      });
      await writeFile(stamp, inputs);
    },
  );
  return image;
}

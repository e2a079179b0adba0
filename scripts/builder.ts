import {
  access,
  glob,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type Architecture,
  architectures,
  hostArchitecture,
} from "./architecture.ts";
import { runAsRoot } from "./debian.ts";
import {
  differences,
  expectLocked,
  type Held,
  preferences,
  snapshotSources,
  sorted,
  type Versions,
} from "./package-lock.ts";
import { run } from "./process.ts";
import { withProgress } from "./progress.ts";

/** The checkout's root folder. */
export const repository = dirname(import.meta.dirname);
/** Where everything built is kept; git ignores it. */
export const buildFolder = join(repository, ".build");

/** The trixie root in which images for a processor are built, once it is made. */
export function builderRoot(architecture: Architecture): string {
  return architecture === hostArchitecture
    ? join(buildFolder, "builder")
    : join(buildFolder, `builder.${architecture}`);
}

const packages = [
  "binutils",
  "cpio",
  "cryptsetup-bin",
  "debian-archive-keyring",
  "dosfstools",
  "e2fsprogs",
  "erofs-utils",
  "faketime",
  "g++",
  "kmod",
  "libfuse-dev",
  "libisal2",
  "libtss2-esys-3.0.2-0t64",
  "libtss2-mu-4.0.1-0t64",
  "libtss2-tcti-swtpm0t64",
  "libtss2-tctildr0t64",
  "make",
  "mkosi",
  "mtools",
  "openssl",
  "pkgconf",
  "python3",
  "sbsigntool",
  "swtpm",
  "systemd-boot-efi",
  "systemd-container",
  "systemd-repart",
  "systemd-ukify",
  "zstd",
];

/** What plays boards of a processor. */
const emulators: Readonly<Record<Architecture, string>> = {
  "x86-64": "qemu-system-x86",
  arm64: "qemu-system-arm",
};

/** For a processor that this machine does not speak: a compiler, what the warm-up's services load, and who speaks it. */
function foreign(architecture: Architecture): string[] {
  if (architecture === hostArchitecture) return [];
  const { triplet, debian } = architectures[architecture];
  const libraries = [
    "libfuse-dev",
    "libstdc++6",
    "libtss2-esys-3.0.2-0t64",
    "libtss2-mu-4.0.1-0t64",
    "libtss2-tcti-swtpm0t64",
    "libtss2-tctildr0t64",
  ];
  return [
    `g++-${triplet}`,
    "qemu-user",
    ...libraries.map((name) => `${name}:${debian}`),
  ];
}

/** mmdebstrap's flags for such a processor. */
function foreignFlags(architecture: Architecture): string[] {
  if (architecture === hostArchitecture) return [];
  const { debian } = architectures[architecture];
  const library = `libisal2:${debian}`;
  return [
    `--architectures=${architectures[hostArchitecture].debian},${debian}`,
    // Debian lets it be there for one processor alone.
    `--customize-hook=chroot "$1" sh -euc 'cd /tmp; apt-get -q download ${library}; dpkg-deb -x libisal2_*.deb /; rm libisal2_*'`,
  ];
}

const stampOf = (root: string): string => `${root}.packages`;

/** Makes the trixie root in which images for a processor are built, once: 30 s; again where it is not what the build is held to. @throws PackageLockError */
export async function ensureBuilder(
  architecture: Architecture,
  held?: Held,
): Promise<void> {
  const root = builderRoot(architecture);
  const stamp = stampOf(root);
  const list = [
    ...packages,
    emulators[architecture],
    ...foreign(architecture),
  ].join(",");
  const made = await readFile(stamp, "utf8").catch(() => "");
  if (!held && made === list) return;
  if (held && made.startsWith(list)) {
    const { packages: there } = await builderPackages(architecture);
    if (differences(held.lock.builder.packages, there).length === 0) return;
  }
  await withProgress("making the Debian trixie builder", async (progress) => {
    await mkdir(buildFolder, { recursive: true });
    const fresh = `${root}.new`;
    await removeTree(fresh);
    const { hooks, sources } = held ? await pinned(held) : unpinned;
    // What it mounts goes with it, also where it is killed.
    await runAsRoot(
      "unshare",
      [
        ...["--mount", "--propagation", "private", "mmdebstrap"],
        ...["--variant=apt", "--quiet", `--include=${list}`],
        ...foreignFlags(architecture),
        ...[...hooks, "trixie", fresh, ...sources],
      ],
      {
        onOutput: (text) => progress.detail(text),
      },
    );
    await removeTree(root);
    await rename(fresh, root);
    // A builder of old archives is for whoever wants it so.
    await writeFile(stamp, [list, ...sources].join("\n"));
  });
  if (held)
    expectLocked(
      "builder",
      held.lock.builder.packages,
      (await builderPackages(architecture)).packages,
    );
}

const unpinned = { hooks: [], sources: [] };

/** What mmdebstrap is told where the builder is held to its packages. */
async function pinned({
  lock: { builder },
  mirror,
}: Held): Promise<{ hooks: string[]; sources: string[] }> {
  const pins = join(buildFolder, "builder.pins");
  await writeFile(pins, preferences(builder.packages));
  return {
    hooks: [
      `--setup-hook=install -D -m 644 '${pins}' "$1/etc/apt/preferences.d/locked"`,
    ],
    sources: mirror ? snapshotSources(mirror, builder.snapshot) : [],
  };
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in.
const dpkgFormat = "${Package} ${Version}\\n";

/** What the builder is made of, and when (milliseconds since 1970). */
export async function builderPackages(architecture: Architecture): Promise<{
  made: number;
  packages: Versions;
}> {
  const root = builderRoot(architecture);
  const lines = await run("dpkg-query", [
    `--admindir=${join(root, "var/lib/dpkg")}`,
    ...["--show", `--showformat=${dpkgFormat}`],
  ]);
  const pairs = lines
    .trim()
    .split("\n")
    .map((line) => line.split(" ") as [string, string]);
  return { made: (await stat(stampOf(root))).mtimeMs, packages: sorted(pairs) };
}

async function removeTree(folder: string): Promise<void> {
  if (
    await access(folder).then(
      () => true,
      () => false,
    )
  ) {
    await runAsRoot("rm", ["-rf", "--one-file-system", folder]);
  }
}

/** The Debian archives that the builder was made from, or those as they were when the image was locked, as a deb822 file. mkosi's apt takes archives of any age. */
export async function debianSources(
  architecture: Architecture,
  held?: Held,
): Promise<string> {
  const lines = held?.mirror
    ? snapshotSources(held.mirror, held.lock.image.snapshot)
    : (
        await readFile(
          join(builderRoot(architecture), "etc/apt/sources.list"),
          "utf8",
        )
      ).split("\n");
  const stanzas = lines
    .map((line) => /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, uri, suite, components]) =>
      [
        `Types: deb`,
        `URIs: ${uri}`,
        `Suites: ${suite}`,
        // Boards of metal need firmware; nothing of it comes into an image that does not name it.
        `Components: ${components} non-free-firmware`,
        `Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg`,
      ].join("\n"),
    );
  return `${stanzas.join("\n\n")}\n`;
}

/** What the kernel is told of programs for arm64 (binfmt_misc), as Debian's qemu-user-binfmt tells it: their first bytes, and who runs them. */
const arm64Programs = [
  ":qemu-aarch64:M:",
  // An ELF file of 64 bits, little endian, to be run or shared, for machine 183.
  String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`,
  String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`,
  // Opened once, so that it is there in every root; and told under which name a program was started.
  "/usr/bin/qemu-aarch64:FP",
].join(":");

/** Shell commands, for the builder, after which it runs programs for a processor: by QEMU, where this machine does not speak it. */
function speak(architecture: Architecture): string[] {
  if (architecture === hostArchitecture) return [];
  const folder = "/proc/sys/fs/binfmt_misc";
  return [
    `mount -t binfmt_misc binfmt_misc ${folder}`,
    `test -e ${folder}/qemu-aarch64 || printf %s '${arm64Programs}' >${folder}/register`,
  ];
}

/**
 * Runs a shell command in the builder, with this checkout at /coppice and `binds` (host folder to builder folder) beside
 * it, in a mount namespace of its own, so that nothing stays mounted whatever happens.
 */
export async function inBuilder(
  command: string,
  options: {
    binds?: Record<string, string>;
    /** What is built in it is for this processor, whose programs run in it; this machine's where it is not said. */
    architecture?: Architecture;
    onOutput?: (text: string) => void;
  } = {},
): Promise<string> {
  const { architecture = hostArchitecture } = options;
  const binds = Object.entries({ [repository]: "/coppice", ...options.binds });
  const script = [
    // Whatever the caller's: files that tools write anew are to have the same modes.
    "umask 022",
    "set -eu",
    "root=$1",
    // mkosi pivots, so its root must be a mount point.
    'mount --bind "$root" "$root"',
    'mount -t proc proc "$root/proc"',
    'mount --rbind /sys "$root/sys"',
    'mount --rbind /dev "$root/dev"',
    'mount -t tmpfs tmpfs "$root/tmp"',
    'mount -t tmpfs tmpfs "$root/run"',
    'cp -L /etc/resolv.conf "$root/etc/resolv.conf"',
    ...binds.map(
      ([from, to]) =>
        `mkdir -p "$root${to}" && mount --bind '${from}' "$root${to}"`,
    ),
    `exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -euc "$2"`,
  ].join("\n");
  return await runAsRoot(
    "unshare",
    [
      "--mount",
      "--propagation",
      "private",
      "--pid",
      "--fork",
      "--kill-child",
      "sh",
      "-c",
      script,
      "sh",
      builderRoot(architecture),
      [...speak(architecture), command].join("\n"),
    ],
    options.onOutput ? { onOutput: options.onOutput } : {},
  );
}

/**
 * How a program of the builder is started on this machine itself, where its files and networks are: by the builder's own loader,
 * for this machine's libraries may be older. @param path in the builder, without a slash before it. @param architecture whose
 * images the builder is for
 */
export async function byBuilder(
  path: string,
  architecture: Architecture,
): Promise<string[]> {
  await ensureBuilder(architecture);
  const root = builderRoot(architecture);
  const [loader] = await Array.fromAsync(
    glob(
      join(
        root,
        `usr/lib/${architectures[hostArchitecture].triplet}/ld-linux-*.so.*`,
      ),
    ),
  );
  if (loader === undefined)
    throw new Error(
      `There is no loader of programs in ${root}: remove that folder and ${stampOf(root)}, and build again.`,
    );
  return [loader, "--library-path", dirname(loader), join(root, path)];
}

/** Empties a folder below `.build`, even where root owns what is in it. */
export async function emptyBuildFolder(name: string): Promise<string> {
  const folder = join(buildFolder, name);
  await rm(folder, { recursive: true, force: true }).catch(() =>
    removeTree(folder),
  );
  await mkdir(folder, { recursive: true });
  return folder;
}

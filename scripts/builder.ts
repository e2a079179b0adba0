import {
  access,
  mkdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { runAsRoot } from "./debian.ts";
import { withProgress } from "./progress.ts";

/** The checkout's root folder. */
export const repository = dirname(import.meta.dirname);
/** Where everything built is kept; git ignores it. */
export const buildFolder = join(repository, ".build");

const root = join(buildFolder, "builder");
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

/** Makes the trixie root in which images are built, once: 30 s. */
export async function ensureBuilder(): Promise<void> {
  const list = packages.join(",");
  const stamp = join(buildFolder, "builder.packages");
  const made = await readFile(stamp, "utf8").catch(() => "");
  if (made === list) return;
  await withProgress("making the Debian trixie builder", async (progress) => {
    await mkdir(buildFolder, { recursive: true });
    const fresh = `${root}.new`;
    await removeTree(fresh);
    // What it mounts goes with it, also where it is killed.
    await runAsRoot(
      "unshare",
      [
        ...["--mount", "--propagation", "private", "mmdebstrap"],
        ...["--variant=apt", "--quiet", `--include=${list}`, "trixie", fresh],
      ],
      {
        onOutput: (text) => progress.detail(text),
      },
    );
    await removeTree(root);
    await rename(fresh, root);
    await writeFile(stamp, list);
  });
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

/** The Debian archives that the builder was made from, as a deb822 file. */
export async function debianSources(): Promise<string> {
  const lines = (
    await readFile(join(root, "etc/apt/sources.list"), "utf8")
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

/**
 * Runs a shell command in the builder, with this checkout at /coppice and `binds` (host folder to builder folder) beside
 * it, in a mount namespace of its own, so that nothing stays mounted whatever happens.
 */
export async function inBuilder(
  command: string,
  options: {
    binds?: Record<string, string>;
    onOutput?: (text: string) => void;
  } = {},
): Promise<string> {
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
      root,
      command,
    ],
    options.onOutput ? { onOutput: options.onOutput } : {},
  );
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

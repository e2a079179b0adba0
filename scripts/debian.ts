import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { architectures, hostArchitecture } from "./architecture.ts";
import { type RunOptions, run } from "./process.ts";
import { withProgress } from "./progress.ts";

/** The host lacks something that could not be installed; the message is the one line to show. */
export class MissingToolError extends Error {
  override name = "MissingToolError";
}

/** Where Debian puts this machine's libraries. */
const libraries = `/usr/lib/${architectures[hostArchitecture].triplet}`;

/** Debian packages by what must be on the host for them to count as installed: a command, or a file. */
export const hostTools = {
  emulate: {
    ovmf: "/usr/share/OVMF/OVMF_CODE_4M.fd",
    "qemu-efi-aarch64": "/usr/share/AAVMF/AAVMF_CODE.fd",
    swtpm: "swtpm",
    "swtpm-tools": "swtpm_setup",
  },
  build: {
    mmdebstrap: "mmdebstrap",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    fdisk: "sfdisk",
    openssl: "openssl",
    "util-linux": "unshare",
  },
  pack: { "bmap-tools": "bmaptool", zstd: "zstd" },
  twice: { "diffoscope-minimal": "diffoscope" },
  flash: { eject: "eject", "util-linux": "blockdev" },
  services: {
    libisal2: `${libraries}/libisal.so.2`,
    "libtss2-mu-4.0.1-0|libtss2-mu0|libtss2-mu-4.0.1-0t64": `${libraries}/libtss2-mu.so.0`,
    "libtss2-esys-3.0.2-0|libtss2-esys-3.0.2-0t64": `${libraries}/libtss2-esys.so.0`,
    "libtss2-tctildr0|libtss2-tctildr0t64": `${libraries}/libtss2-tctildr.so.0`,
    "libtss2-tcti-swtpm0|libtss2-tcti-swtpm0t64": `${libraries}/libtss2-tcti-swtpm.so.0`,
    swtpm: "swtpm",
    "swtpm-tools": "swtpm_setup",
    openssl: "openssl",
    hostapd: "hostapd",
    inadyn: "inadyn",
    "iputils-ping": "ping",
    iw: "iw",
    traceroute: "traceroute",
  },
  test: {
    chromium: "chromium",
    "cryptsetup-bin": "cryptsetup",
    age: "age",
    iproute2: "ip",
    "dnsmasq-base": "dnsmasq",
    nftables: "nft",
    nmap: "nmap",
    "kea-dhcp6-server": "kea-dhcp6",
    radvd: "radvd",
    "wireguard-tools": "wg",
    "wireguard-go": "wireguard-go",
    pppoe: "pppoe-server",
    "miniupnpd-nftables": "miniupnpd",
    miniupnpc: "upnpc",
    procps: "sysctl",
    udhcpc: "udhcpc",
    "dnsutils|bind9-dnsutils": "dig",
    curl: "curl",
    "tpm2-tools": "tpm2_quote",
    e2fsprogs: "mkfs.ext4",
    dosfstools: "mkfs.vfat",
    mtools: "mcopy",
    mount: "losetup",
    smartmontools: "smartctl",
    oathtool: "oathtool",
    "systemd-journal-remote": "/lib/systemd/systemd-journal-remote",
    "fuse|fuse3": "fusermount",
    fio: "fio",
    "stress-ng": "stress-ng",
    dbench: "dbench",
    attr: "setfattr",
    git: "git",
    litmus: "litmus",
    cadaver: "cadaver",
    faketime: "faketime",
    mosquitto: "mosquitto",
    "mosquitto-clients": "mosquitto_sub",
    samba: "smbd",
    "libnss3-tools": "certutil",
    "libnss-wrapper": `${libraries}/libnss_wrapper.so`,
    smbclient: "smbclient",
    vde2: "wirefilter",
    wpasupplicant: "wpa_supplicant",
  },
  bench: { iperf3: "iperf3", restic: "restic", "glusterfs-server": "glusterd" },
} as const;

/** Services that Debian starts when a package is installed, and that this machine's owner did not ask for. */
const startedBy: Readonly<Record<string, readonly string[]>> = {
  "kea-dhcp6-server": ["kea-dhcp6-server.service"],
  radvd: ["radvd.service"],
  "miniupnpd-nftables": ["miniupnpd.service"],
  inadyn: ["inadyn.service"],
  wpasupplicant: ["wpa_supplicant.service"],
  hostapd: ["hostapd.service"],
  mosquitto: ["mosquitto.service"],
  samba: ["smbd.service", "nmbd.service"],
  "glusterfs-server": ["glusterd.service"],
  "systemd-journal-remote": ["systemd-journal-remote.socket"],
};

/** Stops a service that was installed just now, and keeps it from starting with the machine. */
async function quieten(unit: string): Promise<void> {
  // Where there is no systemd, nothing was started.
  await runAsRoot("systemctl", ["disable", "--now", unit]).catch(() => {});
}

async function present(tool: string): Promise<boolean> {
  const places = tool.startsWith("/")
    ? [tool]
    : [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].map(
        (folder) => join(folder, tool),
      );
  const found = await Promise.all(
    places.map((place) =>
      access(place).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** Runs a command as root, by sudo where this process is not. @throws MissingToolError without root and sudo; CommandError. */
export async function runAsRoot(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  if (process.getuid?.() === 0) return await run(command, args, options);
  if (await present("sudo"))
    return await run("sudo", [command, ...args], options);
  throw new MissingToolError(
    "this needs root: run it as root, or install sudo",
  );
}

/**
 * Installs the Debian packages of the named sets that the host lacks.
 * @throws MissingToolError naming what to install, where apt is missing or refuses.
 */
export async function ensureHostTools(
  ...sets: (keyof typeof hostTools)[]
): Promise<void> {
  const wanted = Object.entries(
    Object.assign({}, ...sets.map((set) => hostTools[set])) as Record<
      string,
      string
    >,
  );
  const state = await Promise.all(
    wanted.map(async ([pkg, tool]) => ({ pkg, there: await present(tool) })),
  );
  const missing = state
    .filter(({ there }) => !there)
    .map(({ pkg }) => pkg.split("|"));
  if (missing.length === 0) return;
  const names = missing.map(([first]) => first).join(" ");
  if (!(await present("apt-get")))
    throw new MissingToolError(`install these and run this again: ${names}`);
  const apt = (...args: string[]) =>
    runAsRoot("env", [
      "DEBIAN_FRONTEND=noninteractive",
      "apt-get",
      "-q",
      "-y",
      "--no-install-recommends",
      ...args,
    ]);
  try {
    await withProgress(`installing ${names}`, async () => {
      await apt("update");
      const chosen: string[] = [];
      for (const alternatives of missing) {
        const known = await Promise.all(
          alternatives.map((pkg) =>
            run("apt-cache", ["show", "--no-all-versions", pkg]).then(
              () => pkg,
              () => undefined,
            ),
          ),
        );
        chosen.push(
          known.find((pkg) => pkg !== undefined) ?? alternatives[0] ?? "",
        );
      }
      await apt("install", ...chosen);
      for (const unit of chosen.flatMap((pkg) => startedBy[pkg] ?? []))
        await quieten(unit);
    });
  } catch (error) {
    throw new MissingToolError(
      `could not install ${names}; install them and run this again (${(error as Error).message})`,
    );
  }
}

/** Unified kernel images as whoever has the builder's keys could make them of ours. */
import { mkdtemp, rm } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { buildFolder, inBuilder, repository } from "../../scripts/builder.ts";
import type { Image } from "../../scripts/image.ts";
import { readPartitions } from "../../scripts/partitions.ts";
import { run } from "../../scripts/process.ts";

const sections = ["linux", "initrd", "osrel", "uname", "cmdline"];
const keys = "/coppice/.build/keys";

/** Where a path of the checkout is in the builder. */
export function inside(path: string): string {
  return join("/coppice", relative(repository, path));
}

/** Steps of the builder's shell that lay a kernel image's sections out as files, its command line as `text`. @param uki path in the builder */
export function takeApart(uki: string): string[] {
  return [
    `objcopy ${sections.map((name) => `--dump-section .${name}=${name}`).join(" ")} ${uki} scratch.efi`,
    "tr -d '\\000' <cmdline >text",
    `openssl pkey -in ${keys}/pcr.key -pubout -out ${keys}/pcr.pub`,
  ];
}

/** The step that makes such files one again, signed as ours are. @param output the file's name */
export function putTogether(output: string): string {
  return `ukify build --linux=linux --initrd=initrd --os-release=@osrel --uname="$(tr -d '\\000' <uname)" --cmdline="$(cat text)" --pcr-private-key=${keys}/pcr.key --pcr-public-key=${keys}/pcr.pub --pcr-banks=sha256 --signtool=sbsign --secureboot-private-key=${keys}/secure-boot.key --secureboot-certificate=${keys}/secure-boot.crt --output=${output}`;
}

/** A unit that freezes the service manager, once the watchdog would notice. */
const freeze = `[Unit]
DefaultDependencies=no
Before=initrd-root-device.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'until grep -q ^active /sys/class/watchdog/watchdog0/state; do sleep 1; done; kill -SEGV 1'
`;

/** A step of the builder's shell that adds to the kernel's command line. */
function withArgument(text: string): string {
  return `sed -i 's|panic=10|& ${text}|' text`;
}

/** Later versions that do not work, the last of them first: the step that makes each of one that does. */
const dead = {
  "9.4": [
    "mkdir -p add/etc/systemd/system/sysinit.target.wants",
    `cat >add/etc/systemd/system/freeze.service <<'END'\n${freeze}END`,
    "ln -s ../freeze.service add/etc/systemd/system/sysinit.target.wants/",
    // The kernel looks for an archive behind another one at multiples of four bytes.
    "truncate --size=%4 initrd",
    "(cd add && find . | cpio --quiet -o -H newc) >>initrd",
  ].join("\n"),
  "9.3": withArgument("systemd.setenv=NODE_OPTIONS=--nonsense"),
  "9.2": withArgument("rdinit=/nothing"),
  // The service manager waits a minute and a half for a disk, if nobody says otherwise.
  "9.1":
    "sed -i 's/roothash=..../systemd.default_device_timeout_sec=15 roothash=0000/' text",
};

/** Puts versions onto the ESP of a disk that is off, each with one try: one's service manager hangs before the root is there, one's services die, one's kernel panics, one's root is not there. */
export async function addDeadVersions(
  image: Image,
  disk: string,
): Promise<void> {
  const [esp] = await readPartitions(disk);
  const folder = await mkdtemp(join(buildFolder, "dead-"));
  try {
    for (const [version, change] of Object.entries(dead)) {
      await inBuilder(
        [
          `cd ${inside(folder)}`,
          ...takeApart(inside(join(image.folder, "coppice.efi"))),
          change,
          `sed -i 's/^IMAGE_VERSION=.*/IMAGE_VERSION=${version}/' osrel`,
          putTogether("dead.efi"),
        ].join("\n"),
      );
      await run("mcopy", [
        ...["-i", `${disk}@@${esp?.start}`, join(folder, "dead.efi")],
        `::/EFI/Linux/coppice_${version}+1.efi`,
      ]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Takes them off again, from a disk that is off: to an update, the box would have later versions than it brings. @returns what was there to boot */
export async function removeDeadVersions(disk: string): Promise<string[]> {
  const [esp] = await readPartitions(disk);
  const drive = `${disk}@@${esp?.start}`;
  const names = await kernelNames(drive);
  await run("mdel", ["-i", drive, "::/EFI/Linux/coppice_9*"]);
  return names;
}

/** Names of all files where the boot loader looks for versions, in order. @param drive an ESP, as mtools names it. @throws CommandError */
export async function kernelNames(drive: string): Promise<string[]> {
  const list = await run("mdir", ["-b", "-i", drive, "::/EFI/Linux"]);
  return list
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => basename(line))
    .sort();
}

/** Writes a version into the slot that does not run, and says how the one that runs was started. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  symlink,
} from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../shared/errors.ts";
import { UpdateError, type UpdateManifest } from "../../shared/update.ts";
import { command } from "../command.ts";
import { leave } from "../leaving.ts";
import { type BlockDevice, blockDevices, descendants } from "../lsblk.ts";
import { closeSticks, openSticks } from "./sticks.ts";

/** How the running version was started: `proving` until the health check blesses it. */
export type Blessing = "proving" | "good";

/** The acts on a box's two slots. */
export interface Slots {
  /** Writes a version whose parts are in `folder`; it starts with the next boot. @throws UpdateError: not-written */
  write(): Promise<void>;
  /** @throws CommandError */
  blessing(): Promise<Blessing>;
  /** Begins the updater's job, or ends it. */
  updater(act: "start" | "stop"): Promise<void>;
  restart(): Promise<void>;
  /** Lets units find what runs, but for the root, under names that stay the same. @throws CommandError */
  linkRunning(): Promise<void>;
  /** Opens the USB sticks that are plugged in. @returns their folders. @throws CommandError */
  openSticks(): Promise<string[]>;
  /** Closes them; does nothing where none is open. @throws CommandError */
  closeSticks(): Promise<void>;
}

/** The unit that writes a version. */
const installation = "coppice-install.service";
/** Units that it needs. */
const needed = [
  "coppice-boot-files.service",
  "efi.mount",
  "systemd-fsck@dev-coppice-esp.service",
];
/** How often it is tried. */
const tries = 3;
const esp = "/dev/coppice/esp";
/** Where the UKIs are. */
const kernels = "/efi/EFI/Linux";
/** Where their reference values are. */
const references = "/efi/coppice";

/** Those of a box, by units of the image. */
export class BoardSlots implements Slots {
  readonly #version: string;
  readonly #links: string;

  /** @param version that runs. @param links folder in which units look for what runs */
  constructor(version: string, links: string) {
    this.#version = version;
    this.#links = links;
  }

  /** Again where it fails: while somebody looks at a partition (udev, lsblk) the kernel may refuse the disk's new table, and a unit may lose its device for a moment. */
  async write(): Promise<void> {
    for (let attempt = 1; ; attempt++)
      try {
        await command("systemctl", ["start", installation]);
        return;
      } catch (error) {
        if (attempt === tries) {
          const said = await command("journalctl", [
            ...["--boot", "--lines=12", "--output=cat"],
            ...[installation, ...needed].flatMap((unit) => ["--unit", unit]),
          ]).catch(() => "");
          throw new UpdateError(
            "not-written",
            `The version could not be written beside the one that runs, which goes on as it was. Install it again. What was said: ${said.trim().split("\n").join("; ")}`,
            { cause: error },
          );
        }
        await command("udevadm", ["settle"]);
        await command("udevadm", ["wait", "--timeout=30", esp]).catch(() => {});
      }
  }

  async blessing(): Promise<Blessing> {
    const status = await command("/usr/lib/systemd/systemd-bless-boot", [
      "status",
    ]);
    return status.trim() === "indeterminate" ? "proving" : "good";
  }

  async updater(act: "start" | "stop"): Promise<void> {
    if (act === "start") await this.linkRunning();
    await command("systemctl", [
      ...(act === "start" ? ["--no-block"] : []),
      ...[act, "coppice-updates.service"],
    ]);
  }

  async restart(): Promise<void> {
    await leave("reboot");
  }

  async openSticks(): Promise<string[]> {
    return await openSticks();
  }

  async closeSticks(): Promise<void> {
    await closeSticks();
  }

  /** OpenFile= of a unit takes one name: a UKI that is not blessed has its tries in its own, and a partition's is the kernel's. */
  async linkRunning(): Promise<void> {
    const name = (await readdir(kernels)).find(
      (one) =>
        one === `coppice_${this.#version}.efi` ||
        one.startsWith(`coppice_${this.#version}+`),
    );
    const hashes = (await blockDevices())
      .flatMap(descendants)
      .find(
        ({ parttypename, children = [] }) =>
          parttypename?.includes("verity") &&
          children.some((child) => (child as BlockDevice).name === "root"),
      );
    for (const [link, target] of [
      ["kernel.efi", name && join(kernels, name)],
      ["verity", hashes?.path],
      ["reference", `${references}/coppice_${this.#version}.reference`],
    ] as const) {
      const path = join(this.#links, link);
      await rm(path, { force: true });
      if (target) await symlink(target, path);
    }
  }
}

/**
 * Takes a version's parts from the updater, which cannot write them any more then, and sees that they are what was signed.
 * @param from the updater's folder. @param to where sysupdate looks for them. @throws UpdateError: damaged
 */
export async function takeParts(
  { files }: UpdateManifest,
  from: string,
  to: string,
): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  const wanted = new Set(files.map(({ name }) => name));
  for (const name of await readdir(to))
    if (!wanted.has(name)) await rm(join(to, name), { recursive: true });
  for (const { name, size, sha256 } of files) {
    const path = join(to, name);
    await rename(join(from, name), path).catch((error: unknown) => {
      // Taken by a try before.
      if (!hasCode(error, "ENOENT")) throw error;
    });
    const stats = await lstat(path).catch(() => undefined);
    const whole = stats?.isFile() && stats.nlink === 1 && stats.size === size;
    if (whole) {
      await chown(path, 0, 0);
      await chmod(path, 0o400);
    }
    if (!whole || (await digestOf(path)) !== sha256) {
      await rm(path, { force: true, recursive: true });
      throw new UpdateError(
        "damaged",
        `${name} is not what was signed. Nothing was changed; look for the update again.`,
      );
    }
  }
}

async function digestOf(path: string): Promise<string> {
  await using file = await open(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW,
  );
  const hash = createHash("sha256");
  for await (const chunk of file.createReadStream({ highWaterMark: 2 ** 20 }))
    hash.update(chunk as Buffer);
  return hash.digest("hex");
}

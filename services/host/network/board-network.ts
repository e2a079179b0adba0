import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { syncFolder, writeDurable } from "../../shared/durable.ts";
import { CommandError, command } from "../command.ts";
import type { NetworkRunner } from "./home-network.ts";
import { adapterOf } from "./hostapd.ts";
import { followerNames, followers, renderedFiles } from "./rendering.ts";

/** hostapd cannot be asked without being started, so it is given an interface that is not there: it reads the whole file first. */
async function checkHostapd(file: string, text: string): Promise<void> {
  await writeFile(file, text.replace(/^interface=.*$/m, "interface=nowhere"));
  try {
    await command("hostapd", [file]);
  } catch (error) {
    if (
      !(error instanceof CommandError) ||
      !/nowhere/.test(error.stdout) ||
      /errors found in configuration file/.test(error.stdout)
    )
      throw error;
  }
}

/** Asks nft, dnsmasq, inadyn and hostapd whether they would take these files. @throws CommandError with what they say */
export async function checkRendered(
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "network-"));
  try {
    await writeTree(folder, files);
    await command("nft", ["-c", "-f", join(folder, renderedFiles.firewall)]);
    await command("dnsmasq", [
      "--test",
      `--conf-file=${join(folder, renderedFiles.dnsmasq)}`,
    ]);
    if (files.has(renderedFiles.dynamicName))
      await command("inadyn", [
        "--check-config",
        `--config=${join(folder, renderedFiles.dynamicName)}`,
      ]);
    for (const [path, text] of files)
      if (adapterOf(path) !== undefined)
        await checkHostapd(join(folder, path), text);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Followers whose work is gone with a device. */
const hangOnDevices = new Set<keyof typeof followers>([
  "download",
  "traffic",
  "offload",
]);

/** The daemons of a box. */
export class BoardNetwork implements NetworkRunner {
  readonly #live: string;
  readonly #kept: string;
  /** Files that were written, and that their daemons have not followed yet. */
  readonly #owed = new Set<string>();

  /** @param live folder that the daemons read. @param kept folder from which the next boot fills it. */
  constructor(live: string, kept: string) {
    this.#live = live;
    this.#kept = kept;
  }

  async check(files: ReadonlyMap<string, string>): Promise<void> {
    await checkRendered(files);
  }

  async apply(files: ReadonlyMap<string, string>): Promise<void> {
    const before = await readTree(this.#live);
    for (const path of new Set([...before.keys(), ...files.keys()]))
      if (before.get(path) !== files.get(path)) this.#owed.add(path);
    const changed = [...this.#owed];
    await writeTree(this.#live, files);
    for (const path of before.keys())
      if (!files.has(path)) await rm(join(this.#live, path));
    // What is to be closed is closed first.
    if (changed.includes(renderedFiles.firewall))
      await command("nft", ["-f", join(this.#live, renderedFiles.firewall)]);
    const devicesChanged = changed.some((path) =>
      path.startsWith(renderedFiles.networkd),
    );
    if (devicesChanged) {
      await command("networkctl", ["reload"]);
      await removeDevices(before, files);
    }
    for (const name of followerNames)
      if (
        changed.includes(renderedFiles[name]) ||
        // What devices opened went with the rules; miniupnpd opens it again.
        (name === "upnp" && changed.includes(renderedFiles.firewall)) ||
        // Devices may have been made anew.
        (hangOnDevices.has(name) && devicesChanged)
      )
        await restartSoon(followers[name]);
    for (const adapter of changed.map(adapterOf))
      if (adapter !== undefined)
        await restartSoon(`coppice-wifi@${adapter}.service`);
    if (changed.includes(renderedFiles.resolved))
      await command("systemctl", ["restart", "systemd-resolved.service"]);
    if (changed.includes(renderedFiles.dnsmasq))
      await command("systemctl", ["restart", "coppice-lan.service"]);
    this.#owed.clear();
  }

  async keep(files: ReadonlyMap<string, string>): Promise<void> {
    if (sameFiles(await readTree(this.#kept), files)) return;
    const parent = dirname(this.#kept);
    const fresh = await mkdtemp(`${this.#kept}-`);
    for (const [path, text] of files) {
      await mkdir(dirname(join(fresh, path)), { recursive: true });
      await writeDurable(join(fresh, path), text);
    }
    // A link changes at once: a power cut leaves the whole of the one or of the other.
    await rm(`${this.#kept}.new`, { force: true });
    await symlink(basename(fresh), `${this.#kept}.new`);
    await rename(`${this.#kept}.new`, this.#kept);
    await syncFolder(parent);
    for (const name of await readdir(parent))
      if (
        name.startsWith(`${basename(this.#kept)}-`) &&
        name !== basename(fresh)
      )
        await rm(join(parent, name), { recursive: true });
  }
}

/** A unit that follows a file: its condition keeps it stopped where there is none. Nobody waits: without a line some of them try again and again. */
async function restartSoon(unit: string): Promise<void> {
  await command("systemctl", ["--no-block", "restart", unit]);
}

/** systemd-networkd makes devices, and leaves those that are not wanted any more. */
async function removeDevices(
  before: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const devices = (tree: ReadonlyMap<string, string>): string[] =>
    [...tree]
      .filter(([path]) => path.endsWith(".netdev"))
      .map(([, text]) => /^Name=(.*)$/m.exec(text)?.[1] ?? "");
  const wanted = devices(files);
  for (const name of devices(before))
    if (!wanted.includes(name))
      await command("ip", ["link", "delete", "dev", name]);
}

function sameFiles(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): boolean {
  return (
    one.size === other.size &&
    [...one].every(([path, text]) => other.get(path) === text)
  );
}

/** All files below a folder; none where it is not there. */
async function readTree(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(`${folder}/`, {
    recursive: true,
    withFileTypes: true,
  }).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      paths.map(
        async (path) =>
          [relative(folder, path), await readFile(path, "utf8")] as const,
      ),
    ),
  );
}

/** Whether only root may read a file. */
const isSecret = (path: string): boolean => path.startsWith("secret/");

/** Writes files; those that are no secrets, daemons without root read too. */
async function writeTree(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [path, text] of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await chmod(dirname(file), isSecret(path) ? 0o700 : 0o755);
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await chmod(`${file}.new`, isSecret(path) ? 0o600 : 0o644);
    await rename(`${file}.new`, file);
  }
}

import { CommandError, command } from "./command.ts";
import { blockDevices } from "./lsblk.ts";

type Question = readonly [title: string, name: string, args: readonly string[]];

const log = ["--no-pager", "--output=short-iso"];
/** None of them tells a password or a key: these are not logged, and the files that hold them are not asked for. */
const questions: readonly Question[] = [
  ["Version", "cat", ["/usr/lib/os-release", "/usr/share/coppice/image.json"]],
  ["Kernel", "cat", ["/proc/version", "/proc/cmdline", "/proc/uptime"]],
  ["Memory", "cat", ["/proc/meminfo"]],
  ["Services that failed", "systemctl", ["--no-pager", "--failed"]],
  ["Services", "systemctl", ["--no-pager", "--all", "list-units", "coppice-*"]],
  ["Time", "timedatectl", ["--no-pager"]],
  ["Disks", "lsblk", ["--output=NAME,SIZE,TYPE,FSTYPE,TRAN,MODEL,MOUNTPOINTS"]],
  ["Room on them", "df", ["--human-readable"]],
  ["Ports", "networkctl", ["--no-pager", "list"]],
  ["Addresses", "ip", ["-brief", "address"]],
  ["Routes", "ip", ["route", "show", "table", "all"]],
  ["Routes of IPv6", "ip", ["-6", "route", "show", "table", "all"]],
  ["Name servers", "resolvectl", ["--no-pager", "status"]],
  ["Boots", "journalctl", [...log, "--list-boots"]],
  ["Log of this boot", "journalctl", [...log, "--boot", "--lines=5000"]],
  [
    "Log of the boot before",
    "journalctl",
    [...log, "--boot=-1", "--lines=3000"],
  ],
];
/** Milliseconds that one answer may take. */
const patience = 30_000;

/**
 * What the box says of itself, as text that its owner can read before somebody else does. What does not answer is named.
 * @param kept folder with the log of boots before, where it is not the one that is written now
 */
export async function* diagnose(
  signal: AbortSignal,
  kept?: string,
): AsyncGenerator<string> {
  yield `Diagnostics of a Coppice box, ${new Date().toISOString()}\n`;
  const disks = await blockDevices().catch(() => []);
  const health = disks.map(
    ({ path }): Question => [
      `Health of ${path}`,
      "smartctl",
      ["--info", "--health", "--attributes", "--log=error", path],
    ],
  );
  const before: Question[] = kept
    ? [
        [
          "Log of the boots before",
          "journalctl",
          [...log, `--directory=${kept}`, "--lines=8000"],
        ],
      ]
    : [];
  for (const [title, name, args] of [...questions, ...health, ...before]) {
    signal.throwIfAborted();
    yield `\n== ${title} (${name})\n\n`;
    yield await command(name, args, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      // smartctl and systemctl tell much, and then that something is wrong.
      const told = error instanceof CommandError ? error.stdout : "";
      return `${told}${(error as Error).message}\n`;
    });
  }
}

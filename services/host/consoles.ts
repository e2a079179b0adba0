import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where the kernel's messages go: a screen, a serial line, or both; /dev/console is the last of them alone. */
async function consoles(): Promise<string[]> {
  const own = process.env.COPPICE_CONSOLE;
  if (own !== undefined) return [own];
  const active = await readFile("/sys/class/tty/console/active", "utf8");
  return active
    .trim()
    .split(" ")
    .map((name) => join("/dev", name));
}

/** Shows lines to whoever stands before the box. @throws AggregateError where no console took them */
export async function showOnConsoles(lines: readonly string[]): Promise<void> {
  const text = ["", ...lines, ""].join("\r\n");
  await Promise.any(
    (await consoles()).map(async (path) => await writeFile(path, text)),
  );
}

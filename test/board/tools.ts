/** Programs of this machine on a box: they come from the Web, which its provider plays. */
import { basename } from "node:path";
import type { Provider } from "./provider.ts";

/** Runs a command on the box as root, and fails the test where it fails. */
export type Shell = (command: string) => Promise<string>;

/** Puts files into a folder of the box, where root may run them. @param files paths on this machine */
export async function bring(
  provider: Provider,
  shell: Shell,
  folder: string,
  files: readonly string[],
): Promise<void> {
  await shell(
    [
      `mkdir -p ${folder}`,
      ...files.map(
        (file) =>
          `busybox wget -q -O ${folder}/${basename(file)} http://${provider.address}${file}`,
      ),
      `chmod +x ${folder}/*`,
    ].join(" && "),
  );
}

/** Programs of this machine on a box: they come from the Web, which its provider plays. */
import { basename } from "node:path";
import type { ExecutionContext } from "ava";
import type { BoxClient } from "../box-client.ts";
import { owner } from "./owner.ts";
import type { Provider } from "./provider.ts";

/** Runs a command on the box as root, and fails the test where it fails. */
export type Shell = (command: string) => Promise<string>;

/** That of a box whose owner is signed in. */
export function shellOf(t: ExecutionContext, client: BoxClient): Shell {
  return async (command) => {
    const { output, status } = await client.shell(owner.password, command);
    t.is(status, 0, `${command}: ${output}`);
    return output;
  };
}

/** Whether a computer that the box plays, in a namespace of its own, reaches a TCP port. */
export async function opensPort(
  shell: Shell,
  namespace: string,
  address: string,
  port: number,
): Promise<boolean> {
  return /open/.test(
    await shell(
      `ip netns exec ${namespace} timeout 10 bash -c 'exec 3<>/dev/tcp/${address}/${port}' && echo open || echo shut`,
    ),
  );
}

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

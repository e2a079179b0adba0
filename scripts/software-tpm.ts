import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "./process.ts";

/**
 * Runs a command without the files that this process has open: tpm2-tss opens its sockets so that children get them, and a TPM
 * serves nobody else while somebody holds the last connection.
 */
export const withoutFiles: readonly string[] = [
  "bash",
  "-c",
  `for file in /proc/$$/fd/*; do number=\${file##*/}; [ "$number" -le 2 ] || [ "$number" = 255 ] || eval "exec $number>&-"; done; exec "$@"`,
  "bash",
];

/** A running software TPM. */
export interface SoftwareTpm extends AsyncDisposable {
  /** How tpm2-tss reaches it. */
  tcti: string;
}

/**
 * Starts swtpm with its state in a folder; it ends with this process, whatever happens to it.
 * @throws CommandError where swtpm ends at once.
 */
export async function startSoftwareTpm(folder: string): Promise<SoftwareTpm> {
  const socket = join(folder, "tpm.sock");
  await rm(socket, { force: true });
  const child = spawn(
    "setpriv",
    [
      ...["--pdeathsig", "KILL", "--", ...withoutFiles],
      ...["swtpm", "socket", "--tpm2"],
      ...["--tpmstate", `dir=${folder}`],
      ...["--server", `type=unixio,path=${socket}`],
      ...["--ctrl", `type=unixio,path=${socket}.ctrl`],
      ...["--flags", "not-need-init,startup-clear"],
    ],
    { stdio: "ignore", detached: true },
  );
  const there = (): Promise<boolean> =>
    access(socket).then(
      () => true,
      () => false,
    );
  while (!(await there())) {
    if (child.exitCode !== null)
      throw new CommandError("swtpm ended at once; is it installed?");
    await sleep(10);
  }
  return {
    tcti: `swtpm:path=${socket}`,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

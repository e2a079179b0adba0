import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Runs commands of smbclient, from Debian, on a box's network drive.
 * @param folder where it puts what it gets, and finds what it sends. @returns what it said, also where it failed
 */
export async function smbclient(
  folder: string,
  port: number,
  password: string,
  script: string,
  ...options: string[]
): Promise<string> {
  const credentials = join(folder, "credentials");
  // Passwords are not for arguments.
  await writeFile(credentials, `username = Ada\npassword = ${password}\n`, {
    mode: 0o600,
  });
  const { stdout, stderr } = await execute(
    "smbclient",
    [
      "//127.0.0.1/Files",
      `--port=${port}`,
      `--authentication-file=${credentials}`,
      "--timeout=120",
      ...options,
      "--command",
      script,
    ],
    { cwd: folder },
  ).catch((error: { stdout: string; stderr: string }) => error);
  return stdout + stderr;
}

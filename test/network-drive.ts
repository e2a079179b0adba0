import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Runs commands of smbclient, from Debian, on a box's network drive.
 * @param folder where it puts what it gets, and finds what it sends. @param login a password, for the owner; else a name too. @returns what it said, also where it failed
 */
export async function smbclient(
  folder: string,
  port: number,
  login: string | { name: string; password: string },
  script: string,
  ...options: string[]
): Promise<string> {
  const credentials = join(folder, "credentials");
  const { name, password } =
    typeof login === "string" ? { name: "Ada", password: login } : login;
  // Passwords are not for arguments.
  await writeFile(credentials, `username = ${name}\npassword = ${password}\n`, {
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

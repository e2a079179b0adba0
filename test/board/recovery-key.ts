import { execFile } from "node:child_process";
import { once } from "node:events";

/** Whether stock cryptsetup opens a data disk's image with a recovery key. */
export async function opensWith(disk: string, key: string): Promise<boolean> {
  const child = execFile("cryptsetup", [
    ...["open", "--test-passphrase", "--type", "luks2"],
    ...["--key-file", "-", disk],
  ]);
  child.stdin?.end(key);
  const [status] = (await once(child, "exit")) as [number | null];
  return status === 0;
}

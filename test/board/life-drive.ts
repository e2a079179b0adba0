import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { BoxClient } from "../box-client.ts";
import { smbclient } from "../network-drive.ts";
import { digest } from "../update-set.ts";
import { digestOf, names } from "./owner.ts";
import { step } from "./step.ts";
import type { Shell } from "./tools.ts";

/** Where the network drive is reached. */
export interface Drive {
  /** Port on 127.0.0.1. */
  port: number;
  /** For files of this machine. */
  folder: string;
}

/** Uses the network drive as a computer at home does, and as somebody whom the owner lets in. @returns the owner's password for it */
export async function expectDrive(
  t: ExecutionContext,
  client: BoxClient,
  shell: Shell,
  { port, folder }: Drive,
  body: Buffer,
): Promise<string> {
  step(t, "the network drive, as a computer at home uses it");
  const { password: drivePassword } = await client.ok(
    "POST",
    "/api/doors/drive",
  );
  const seen = await smbclient(
    folder,
    port,
    drivePassword,
    "ls; mkdir from-afar; get photo.jpg photo.jpg",
  );
  t.notRegex(seen, /NT_STATUS/);
  t.is(digest(await readFile(join(folder, "photo.jpg"))), digest(body));
  t.true((await names(client)).includes("from-afar"));
  t.regex(await smbclient(folder, port, "a guess", "ls"), /LOGON_FAILURE/);
  t.is(
    (
      await shell(
        "ps -C smbd -o user= | sort -u; grep -h CapEff /proc/$(pgrep -o smbd)/status; ls -A /run/coppice-smb/files",
      )
    ).replace(/\s+/g, " "),
    "coppice-smb CapEff: 0000000000000400 ",
    "Samba may bind its port and nothing more, and only its own unit sees the files",
  );
  step(t, "somebody else at the drive");
  const { secret } = await client.ok("POST", "/api/shares", {
    path: "/from-afar",
    name: "Bob",
    write: true,
    expires: Date.now() + 86_400_000,
  });
  const bob = await client.ok("POST", "/api/doors/drive/people", { secret });
  const bobSaw = await smbclient(
    folder,
    port,
    bob,
    "put photo.jpg copy.jpg; ls",
  );
  t.regex(bobSaw, /copy\.jpg/);
  t.notRegex(bobSaw, /NT_STATUS|^ {2}(from-afar|photo\.jpg) /m);
  t.is(await digestOf(client, "/from-afar/copy.jpg"), digest(body));
  await client.ok("DELETE", "/api/doors/drive");
  t.regex(
    await smbclient(folder, port, drivePassword, "ls"),
    /NT_STATUS_(CONNECTION|IO_TIMEOUT|INVALID_NETWORK)/,
  );
  const again = await client.ok("POST", "/api/doors/drive");
  return again.password;
}

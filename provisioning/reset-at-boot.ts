/** Early in a boot: destroys the keys of this box where its owner asked for that. Ends with 0 where all was destroyed. */
import { realpath } from "node:fs/promises";
import { command } from "../services/host/command.ts";
import { Tpm } from "../services/identity/tpm/tpm.ts";
import { carryOut, ResetFolder, wordsOf } from "./factory-reset.ts";

/** Seconds that a data disk has to be there: some spin up. */
const patience = 30;

const folder = new ResetFolder("/efi/coppice");
const request = await folder.asked().catch((error: unknown) => {
  console.error("What was asked for cannot be read:", error);
});
if (!request) {
  await folder.withdraw();
  process.exitCode = 1;
} else {
  await command("udevadm", ["settle"]);
  const tpm = await Tpm.open("device:/dev/tpmrm0").catch(() => undefined);
  const targets = {
    state: await realpath("/dev/coppice/state").catch(() => undefined),
    disks: async (uuid: string) => {
      const link = `/dev/disk/by-uuid/${uuid}`;
      const wait = ["wait", `--timeout=${patience}`, link];
      await command("udevadm", wait).catch(() => {});
      const found = await command("blkid", [
        ...["--match-token", `UUID=${uuid}`, "--output", "device"],
      ]).catch(() => "");
      return found.split("\n").filter((line) => line !== "");
    },
    tpm,
  };
  const report = await carryOut(request, targets, folder);
  await tpm?.[Symbol.asyncDispose]();
  for (const line of wordsOf(report)) console.log(line);
  if (report.failure !== null) {
    // The box goes on with what it has; its owner reads why, and asks again.
    await folder.withdraw();
    process.exitCode = 1;
  }
}

import type { PowerAct } from "./client.ts";
import { command } from "./command.ts";

const commands: Record<PowerAct, string> = {
  reboot: "systemctl --no-block reboot",
  recovery: "systemctl --no-block start coppice-start-recovery.service",
  "power-off": "systemctl --no-block poweroff",
};

/** Has the machine restart, start its recovery, or switch off, in a second: whoever asked is answered before all services end. @throws CommandError */
export async function leave(act: PowerAct): Promise<void> {
  await command("systemd-run", [
    ...["--quiet", "--collect", "--no-block", "--"],
    ...["/bin/sh", "-c", `sleep 1; exec ${commands[act]}`],
  ]);
}

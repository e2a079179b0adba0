import { Upload } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Network } from "../../../../../host/client.ts";
import type { RestoredSettings } from "../../../../client.ts";
import { api } from "../../api.ts";
import { Form } from "../../ui.tsx";
import {
  BackupFields,
  backupOf,
  noBackup,
  settingsBackup,
} from "../backup-fields.tsx";
import { follow } from "./trial.tsx";

/** Takes the settings of a backup, and the browser to where the box is with them. */
export function Restore({
  path,
  before,
  moving,
  stays,
}: {
  /** Where the API takes them. */
  path: string;
  before: Network;
  /** Is told the box's new address, where it has another one. */
  moving: (address: string) => void;
  /** Goes on where the box stays where it is. @param token what keeps the network, where it is another one */
  stays: (token: string | undefined) => Promise<void>;
}) {
  const [backup, setBackup] = useState(noBackup);
  return (
    <Form
      action="Restore the settings"
      icon={<Upload size={18} aria-hidden="true" />}
      submit={async () => {
        const taken = await api<RestoredSettings>(
          "POST",
          path,
          await backupOf(backup, settingsBackup),
        );
        if (!follow(before, taken, moving)) await stays(taken.trial?.token);
      }}
    >
      <BackupFields
        label="Backup of the settings"
        value={backup}
        change={setBackup}
      />
    </Form>
  );
}

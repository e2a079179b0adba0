import { Upload } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Network } from "../../../../../host/client.ts";
import type { RestoredSettings } from "../../../../client.ts";
import { api } from "../../api.ts";
import { Field, Form } from "../../ui.tsx";
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
  const [file, setFile] = useState<File>();
  const [passphrase, setPassphrase] = useState("");
  return (
    <Form
      action="Restore the settings"
      icon={<Upload size={18} aria-hidden="true" />}
      submit={async () => {
        if (!file) throw new Error("Choose the backup file first.");
        if (file.size > 2 ** 21)
          throw new Error(
            "This file is too large to be a backup of settings. Choose coppice-settings.age.",
          );
        const taken = await api<RestoredSettings>("POST", path, {
          backup: await file.text(),
          passphrase,
        });
        if (!follow(before, taken, moving)) await stays(taken.trial?.token);
      }}
    >
      <Field
        label="Backup of the settings"
        type="file"
        required
        accept=".age"
        onChange={(event) => setFile(event.currentTarget.files?.[0])}
      />
      <Field
        label="Its passphrase"
        type="password"
        required
        minLength={10}
        autocomplete="off"
        value={passphrase}
        onInput={(event) => setPassphrase(event.currentTarget.value)}
      />
    </Form>
  );
}

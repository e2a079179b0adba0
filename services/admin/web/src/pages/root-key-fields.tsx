import type { OwnerProof } from "../../../../node/client.ts";
import { Field } from "../ui.tsx";

/** Bytes that a backup of a root key may have. */
const largest = 16384;

/** Asks for the root key's 24 words. */
export function WordsField({
  value,
  change,
}: {
  value: string;
  change: (typed: string) => void;
}) {
  return (
    <Field
      label="The 24 words, in their order"
      required
      autocomplete="off"
      autocapitalize="none"
      spellcheck={false}
      value={value}
      onInput={(event) => change(event.currentTarget.value)}
    />
  );
}

/** A backup of the root key as it is chosen. */
export interface ChosenBackup {
  file: File | undefined;
  passphrase: string;
}

/** Nothing chosen yet. */
export const noBackup: ChosenBackup = { file: undefined, passphrase: "" };

/** What the API takes of it. @throws Error where no such file is chosen */
export async function backupOf({
  file,
  passphrase,
}: ChosenBackup): Promise<Extract<OwnerProof, { backup: string }>> {
  if (!file) throw new Error("Choose the backup file first.");
  if (file.size > largest)
    throw new Error(
      "This file is too large to be the backup of a root key. Choose coppice-root-key.age.",
    );
  return { backup: await file.text(), passphrase };
}

/** Asks for the backup of a root key. */
export function BackupFields({
  value,
  change,
}: {
  value: ChosenBackup;
  change: (chosen: ChosenBackup) => void;
}) {
  return (
    <>
      <Field
        label="Backup file"
        type="file"
        required
        accept=".age"
        onChange={(event) =>
          change({ ...value, file: event.currentTarget.files?.[0] })
        }
      />
      <Field
        label="Its passphrase"
        type="password"
        required
        minLength={10}
        autocomplete="off"
        value={value.passphrase}
        onInput={(event) =>
          change({ ...value, passphrase: event.currentTarget.value })
        }
      />
    </>
  );
}

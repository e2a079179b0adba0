import { Field } from "../ui.tsx";

/** Bytes that a backup may have, and the name under which the pages save it. */
export interface BackupKind {
  largest: number;
  name: string;
}

/** The two things that a box lets its owner save. */
export const rootKeyBackup: BackupKind = {
  largest: 16384,
  name: "coppice-root-key.age",
};
export const settingsBackup: BackupKind = {
  largest: 2 ** 21,
  name: "coppice-settings.age",
};

/** A backup as it is chosen. */
export interface ChosenBackup {
  file: File | undefined;
  passphrase: string;
}

/** Nothing chosen yet. */
export const noBackup: ChosenBackup = { file: undefined, passphrase: "" };

/** What the API takes of it. @throws Error where no such file is chosen */
export async function backupOf(
  { file, passphrase }: ChosenBackup,
  { largest, name }: BackupKind,
): Promise<{ backup: string; passphrase: string }> {
  if (!file) throw new Error("Choose the backup file first.");
  if (file.size > largest)
    throw new Error(
      `This file is too large to be this backup. Choose ${name}.`,
    );
  return { backup: await file.text(), passphrase };
}

/** Asks for a backup that a passphrase protects. */
export function BackupFields({
  label = "Backup file",
  value,
  change,
}: {
  label?: string;
  value: ChosenBackup;
  change: (chosen: ChosenBackup) => void;
}) {
  return (
    <>
      <Field
        label={label}
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

/** Asks for the passphrase that is to protect a backup. @param hint what else is to be known of it */
export function NewPassphrase({
  label,
  hint,
  value,
  change,
}: {
  label: string;
  hint: string;
  value: string;
  change: (typed: string) => void;
}) {
  return (
    <Field
      label={label}
      type="password"
      required
      minLength={10}
      autocomplete="new-password"
      value={value}
      onInput={(event) => change(event.currentTarget.value)}
      hint={`At least 10 characters. ${hint}`}
    />
  );
}

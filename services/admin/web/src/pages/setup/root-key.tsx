import { Download, KeyRound, Upload } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Backup } from "../../../../../node/client.ts";
import type { SetupProgress } from "../../../../claim.ts";
import { api } from "../../api.ts";
import { Form, saveText, Tabs } from "../../ui.tsx";
import {
  BackupFields,
  backupOf,
  NewPassphrase,
  noBackup,
  rootKeyBackup,
} from "../backup-fields.tsx";
import { WordsField } from "../words-field.tsx";
import type { Advance } from "./advance.ts";

/** Makes the root key and hands out its backup, or takes it from one. */
export function RootKey({ advance }: { advance: Advance }) {
  const [way, setWay] = useState<"new" | "restore" | "words">("new");
  const [passphrase, setPassphrase] = useState("");
  const [made, setMade] = useState<Backup>();
  const [words, setWords] = useState("");
  const [backup, setBackup] = useState(noBackup);
  if (made) {
    return (
      <>
        <h1>Keep the backup</h1>
        <p>
          The root key is made. Save its backup somewhere else than on this box:
          with it and your passphrase, a new box becomes yours again.
        </p>
        <div class="actions start">
          <button
            type="button"
            class="primary"
            onClick={() => saveText(rootKeyBackup.name, made.backup)}
          >
            <Download size={18} aria-hidden="true" /> Download the backup
          </button>
        </div>
        <details class="words">
          <summary>Or write down 24 words</summary>
          <p>
            They are the key itself: whoever reads them can read your files.
            Keep the paper where you keep your passports.
          </p>
          <ol>
            {made.words.split(" ").map((word, index) => (
              <li key={index}>{word}</li>
            ))}
          </ol>
        </details>
        <Form
          action="I have saved it"
          submit={async () =>
            advance(await api<SetupProgress>("POST", "/setup/root-key/confirm"))
          }
        />
      </>
    );
  }
  return (
    <>
      <h1>Your root key</h1>
      <p>
        All your files hang on this key. It stays in the box; its backup is a
        file that a passphrase protects.
      </p>
      <Tabs
        legend="New or from a backup"
        hidden
        options={
          [
            ["new", "Make a new one"],
            ["restore", "I have a backup"],
            ["words", "I have 24 words"],
          ] as const
        }
        value={way}
        choose={setWay}
      />
      {way === "words" ? (
        <Form
          action="Restore the root key"
          icon={<KeyRound size={18} aria-hidden="true" />}
          submit={async () =>
            advance(
              await api<SetupProgress>("POST", "/setup/root-key/words", {
                words,
              }),
            )
          }
        >
          <WordsField value={words} change={setWords} />
        </Form>
      ) : way === "new" ? (
        <Form
          action="Make the root key"
          icon={<KeyRound size={18} aria-hidden="true" />}
          submit={async () =>
            setMade(
              await api<Backup>("POST", "/setup/root-key", { passphrase }),
            )
          }
        >
          <NewPassphrase
            label="Passphrase for the backup"
            hint="It may be another one than your password; without it the backup is worth nothing."
            value={passphrase}
            change={setPassphrase}
          />
        </Form>
      ) : (
        <Form
          action="Restore the root key"
          icon={<Upload size={18} aria-hidden="true" />}
          submit={async () =>
            advance(
              await api<SetupProgress>(
                "POST",
                "/setup/root-key/restore",
                await backupOf(backup, rootKeyBackup),
              ),
            )
          }
        >
          <BackupFields value={backup} change={setBackup} />
        </Form>
      )}
    </>
  );
}

import { KeyRound, Plus, Trash2 } from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Token } from "../../../../api/tokens.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Dialog, Field, Form, Notice, Spinner } from "../../ui.tsx";

/** Tokens with which scripts act in the owner's name. */
export function Tokens() {
  const [tokens, setTokens] = useState<Token[]>();
  const [adding, setAdding] = useState(false);
  const [name, setName] = useState("");
  const [secret, setSecret] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const refresh = useCallback(async () => {
    try {
      setTokens(await api<Token[]>("GET", "/tokens"));
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => void refresh(), [refresh]);
  return (
    <section class="card">
      <h2>
        <KeyRound size={20} aria-hidden="true" /> API tokens
      </h2>
      <p>
        A token lets a script or the <code>coppice</code> command act as you,
        but not make tokens or open the terminal.
      </p>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!tokens && !problem && <Spinner label="Loading" />}
      {tokens && tokens.length > 0 && (
        <ul class="files">
          {tokens.map((token) => (
            <li key={token.id} class="file-line">
              <KeyRound size={18} aria-hidden="true" />
              <div class="grow">
                <strong>{token.name}</strong>
                <span class="quiet-text">made {moment(token.created)}</span>
              </div>
              <button
                type="button"
                class="icon"
                aria-label={`Delete the token ${token.name}`}
                onClick={async () => {
                  await api("DELETE", `/tokens/${token.id}`);
                  await refresh();
                }}
              >
                <Trash2 size={18} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="actions start">
        <button type="button" onClick={() => setAdding(true)}>
          <Plus size={18} aria-hidden="true" /> New token
        </button>
      </div>
      {adding && (
        <Dialog
          title="New API token"
          close={() => {
            setAdding(false);
            setSecret(undefined);
            setName("");
          }}
        >
          {secret ? (
            <>
              <p>
                This is the only time that the token is shown. Keep it where
                only you can read it.
              </p>
              <output class="secret" aria-label="The token">
                {secret}
              </output>
            </>
          ) : (
            <Form
              action="Make the token"
              submit={async () => {
                setSecret(
                  (await api<{ secret: string }>("POST", "/tokens", { name }))
                    .secret,
                );
                await refresh();
              }}
            >
              <Field
                label="What is it for?"
                required
                maxLength={64}
                value={name}
                onInput={(event) => setName(event.currentTarget.value)}
              />
            </Form>
          )}
        </Dialog>
      )}
    </section>
  );
}

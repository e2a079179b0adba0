import { Share2 } from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { NewShare, Request, Share } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Dialog, Form, Notice, Spinner } from "../../ui.tsx";
import { Boxes } from "./boxes.tsx";
import { LinkDialog } from "./share.tsx";

interface Sharing {
  shares: Share[];
  requests: Request[];
}

const states = { active: "", ended: " · ended", revoked: " · taken back" };

/** What is shared with whom, and who asks for more. */
export function Shares() {
  const [sharing, setSharing] = useState<Sharing>();
  const [problem, setProblem] = useState<string>();
  const [doomed, setDoomed] = useState<Share>();
  const [lost, setLost] = useState<Share>();
  const [made, setMade] = useState<NewShare>();
  const refresh = useCallback(async () => {
    try {
      setSharing(await api<Sharing>("GET", "/shares"));
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => void refresh(), [refresh]);
  const answer = async (id: string, allow: boolean): Promise<void> => {
    try {
      await api("POST", `/shares/${id}/answer`, { allow });
      await refresh();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!sharing && !problem && <Spinner label="Loading" />}
      {sharing?.requests.map(({ share, words }) => (
        <section key={share.id} class="card">
          <h2>{share.name} asks to be allowed to change things</h2>
          <p>
            in {share.path}
            {words && <>: “{words}”</>}
          </p>
          <div class="actions start">
            <button
              type="button"
              class="primary"
              onClick={() => answer(share.id, true)}
            >
              Allow it
            </button>
            <button type="button" onClick={() => answer(share.id, false)}>
              Do not
            </button>
          </div>
        </section>
      ))}
      {sharing?.shares.length === 0 && (
        <div class="empty">
          <Share2 size={40} aria-hidden="true" />
          <h2>Nothing is shared</h2>
          <p>Share a file or a folder from its menu.</p>
        </div>
      )}
      {sharing && sharing.shares.length > 0 && (
        <ul class="files card">
          {sharing.shares.map((share) => (
            <li key={share.id} class="file-line wraps">
              <div class="grow">
                <strong>
                  {share.name}
                  {states[share.state]}
                </strong>
                <span class="quiet-text">
                  {share.rights.includes("write") ? "changes" : "reads"}{" "}
                  {share.path} until {moment(share.expires)}
                  {share.rights.includes("delegate") && ", may pass it on"}
                  {share.through && `, through ${share.through}`}
                </span>
              </div>
              {share.state === "active" && (
                <div class="actions">
                  <button
                    type="button"
                    aria-label={`New link for ${share.name}`}
                    onClick={() => setLost(share)}
                  >
                    New link
                  </button>
                  <button
                    type="button"
                    aria-label={`Take back from ${share.name}`}
                    onClick={() => setDoomed(share)}
                  >
                    Take back
                  </button>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      <Boxes />
      {lost && (
        <Dialog
          title={`A new link for ${lost.name}?`}
          close={() => setLost(undefined)}
        >
          <p>
            For a link that was lost, or that others have seen. The old one
            opens nothing any more, and what is written from now on has new
            keys.
          </p>
          <Form
            action="Make a new link"
            submit={async () => {
              setMade(await api<NewShare>("POST", `/shares/${lost.id}/renew`));
              setLost(undefined);
              await refresh();
            }}
          />
        </Dialog>
      )}
      {made && (
        <LinkDialog
          made={made}
          owners
          done={async () => {
            setMade(undefined);
          }}
        />
      )}
      {doomed && (
        <Dialog
          title={`Take ${doomed.path} back from ${doomed.name}?`}
          close={() => setDoomed(undefined)}
        >
          <p>
            What they could read they may have copied. From now on the link
            opens nothing, nor does one that they passed on, and what is written
            has new keys.
          </p>
          <Form
            action="Take it back"
            tone="danger"
            submit={async () => {
              await api("DELETE", `/shares/${doomed.id}`);
              setDoomed(undefined);
              await refresh();
            }}
          />
        </Dialog>
      )}
    </>
  );
}

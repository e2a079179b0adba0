import {
  Gauge,
  Map as MapIcon,
  Megaphone,
  ShieldCheck,
  UserPlus,
  Users,
} from "lucide-preact";
import { useCallback, useState } from "preact/hooks";
import type { FriendsState } from "../../../../node/client.ts";
import { api, ProblemError } from "../api.ts";
import { moment } from "../format.ts";
import { usePolling } from "../live.ts";
import { Card, Notice, Spinner } from "../ui.tsx";
import { FriendEntry } from "./friends/friend.tsx";
import { Invite, Join } from "./friends/invite.tsx";
import { LimitsForm } from "./friends/limits.tsx";
import { FriendMap } from "./friends/map.tsx";
import { Protection } from "./friends/protection.tsx";
import { Recover } from "./friends/recover.tsx";

const kinds = {
  unreachable: "did not answer",
  late: "was too slow",
  lost: "lost something",
  lying: "lied",
};

/** Friends' boxes: what each keeps for the other, and how safe everything is. */
export function Friends() {
  const [state, setState] = useState<FriendsState>();
  const [problem, setProblem] = useState<string>();
  const [open, setOpen] = useState<"invite" | "join" | "recover">();
  const refresh = useCallback(async () => {
    try {
      setState(await api<FriendsState>("GET", "/friends"));
      setProblem(undefined);
    } catch (error) {
      setProblem(
        error instanceof ProblemError && error.type === "not-peering"
          ? `${error.message} This page looks again by itself.`
          : (error as Error).message,
      );
    }
  }, []);
  usePolling(refresh, 2000);
  if (!state)
    return problem ? (
      <Notice kind="info">{problem}</Notice>
    ) : (
      <Spinner label="Asking the box" />
    );
  const close = (): void => {
    setOpen(undefined);
    void refresh();
  };
  const { friends, findings, invitations } = state;
  return (
    <>
      <div class="page-head">
        <h1>Friends</h1>
        <div class="actions">
          <button type="button" onClick={() => setOpen("join")}>
            I was invited
          </button>
          <button
            type="button"
            class="primary"
            onClick={() => setOpen("invite")}
          >
            <UserPlus size={18} aria-hidden="true" /> Invite a friend
          </button>
        </div>
      </div>
      {problem && <Notice kind="error">{problem}</Notice>}
      {state.behind && (
        <Notice kind="error">
          Your friends' boxes keep files that this box does not have: its disk
          was lost, or is an old one. Bring them back. Until then nothing is
          sent to your friends, so that nothing is overwritten there.
        </Notice>
      )}
      {friends.some(({ phase }) => phase === "expelled") && (
        <Notice kind="error">
          A friend's box did not keep what it had signed for. What it had is
          made anew elsewhere; see below what was found, and speak with your
          friend.
        </Notice>
      )}
      <div class="columns">
        <div class="column">
          <Card title="How safe everything is" Icon={ShieldCheck}>
            <Protection state={state} refresh={refresh} />
          </Card>
          <Card title="Who keeps what" Icon={Users}>
            {friends.length === 0 ? (
              <p>
                Nobody yet. Invite somebody whose box should keep your files
                alive, as yours keeps theirs. Nobody but you can read them.
              </p>
            ) : (
              <ul class="disks">
                {friends.map((friend) => (
                  <FriendEntry
                    key={friend.id}
                    friend={friend}
                    refresh={refresh}
                  />
                ))}
              </ul>
            )}
            {invitations.length > 0 && (
              <ul class="disks">
                {invitations.map(({ id, name, expires }) => (
                  <li key={id}>
                    <div class="disk-head">
                      <strong>{name}</strong>
                      <span class="badge">invited</span>
                    </div>
                    <div class="badge-line">
                      <span class="quiet-text">until {moment(expires)}</span>
                      <button
                        type="button"
                        onClick={async () => {
                          await api("DELETE", `/friends/invitations/${id}`);
                          await refresh();
                        }}
                      >
                        Take back
                      </button>
                    </div>
                  </li>
                ))}
              </ul>
            )}
            {(state.behind ||
              state.protection.every((one) => one.bytes === 0)) && (
              <p class="quiet-text">
                Is this a new box, or a new disk, in the place of a lost one?{" "}
                <button type="button" onClick={() => setOpen("recover")}>
                  Bring your files back from a friend
                </button>
              </p>
            )}
          </Card>
        </div>
        <div class="column">
          <Card title="The boxes" Icon={MapIcon}>
            <FriendMap state={state} />
          </Card>
          <Card title="What was found" Icon={Megaphone}>
            {findings.length === 0 ? (
              <p>Nothing to tell: every box keeps what it signed for.</p>
            ) : (
              <ul class="disks">
                {findings.slice(0, 12).map((one) => (
                  <li key={`${one.at}-${one.friend}`}>
                    <div class="disk-head">
                      <strong>
                        {one.ours
                          ? `${one.name} found: this box ${kinds[one.kind]}`
                          : `${one.name}'s box ${kinds[one.kind]}`}
                      </strong>
                      <span class="quiet-text">{moment(one.at)}</span>
                    </div>
                    <p class="quiet-text">{one.evidence}</p>
                  </li>
                ))}
              </ul>
            )}
          </Card>
          <Card title="The line" Icon={Gauge}>
            <LimitsForm state={state} refresh={refresh} />
          </Card>
        </div>
      </div>
      {open === "invite" && <Invite close={close} />}
      {open === "join" && <Join close={close} />}
      {open === "recover" && <Recover close={close} />}
    </>
  );
}

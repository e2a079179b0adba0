import { useState } from "preact/hooks";
import type { AuditResult, FriendView } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { bytes, moment } from "../../format.ts";
import { Bar, Dialog, Fact, Field, Form, Notice } from "../../ui.tsx";
import { useRooms } from "./rooms.tsx";

/** How a friend's box is doing, in a word. */
function wordOf({ phase, online, attested, mending }: FriendView): string {
  if (phase === "expelled") return "not trusted any more";
  if (phase === "lost") return "lost";
  if (attested && !attested.accepted) return "not accepted";
  if (phase === "pending") return "getting to know each other";
  if (!online) return "not there";
  if (phase === "leaving") return "leaving";
  return mending > 0 ? "being filled again" : "there";
}

/** One friend. */
export function FriendEntry({
  friend,
  refresh,
}: {
  friend: FriendView;
  refresh: () => Promise<void>;
}) {
  const [open, setOpen] = useState(false);
  const { name, phase, online, roundTrip, keepsForMe, keptForThem, mine } =
    friend;
  const good = phase === "active" && online;
  const bad =
    phase === "expelled" ||
    phase === "lost" ||
    (friend.attested !== null && !friend.attested.accepted);
  return (
    <li>
      <div class="disk-head">
        <strong>{name}</strong>
        <span class={bad ? "badge failing" : good ? "badge good" : "badge"}>
          {wordOf(friend)}
        </span>
      </div>
      <Bar
        label={`What ${name} keeps for me`}
        value={keepsForMe}
        of={mine?.space ?? 0}
      />
      <div class="badge-line">
        <span class="quiet-text">
          keeps {bytes(keepsForMe)}
          {mine ? ` of ${bytes(mine.space)}` : ""} for you, you keep{" "}
          {bytes(keptForThem)}
          {online && roundTrip !== null && `, ${Math.ceil(roundTrip)} ms away`}
          {friend.relayed && ", through another friend"}
        </span>
        <button type="button" onClick={() => setOpen(true)}>
          Details
        </button>
      </div>
      {open && (
        <Details
          friend={friend}
          close={() => {
            setOpen(false);
            void refresh();
          }}
        />
      )}
    </li>
  );
}

function Details({ friend, close }: { friend: FriendView; close: () => void }) {
  const [audit, setAudit] = useState<AuditResult>();
  const path = `/friends/${friend.id}`;
  const change = async (body: unknown): Promise<void> => {
    await api("PATCH", path, body);
    close();
  };
  const { attested, audits, mine, theirs, phase } = friend;
  return (
    <Dialog title={friend.name} close={close}>
      {attested && !attested.accepted && (
        <Notice kind="error">
          This box does not accept what {friend.name}'s box booted:{" "}
          {attested.reason}. Nothing is stored there. What is accepted stands
          under Identity.
        </Notice>
      )}
      <dl class="facts">
        <Fact name="Booted">
          {attested
            ? `${attested.accepted ? "accepted" : "not accepted"}${attested.version ? `, image ${attested.version}` : ""}, ${moment(attested.at)}`
            : "not looked at yet"}
        </Fact>
        <Fact name="There">
          {Math.round(friend.availability * 100)} % of the time
          {friend.seen > 0 && `, last ${moment(friend.seen)}`}
        </Fact>
        <Fact name="Audits">
          {audits.passed} passed, {audits.lost} lost, {audits.late} late,{" "}
          {audits.lying} lies
        </Fact>
        <Fact name="Keeps for me">
          {mine
            ? `${bytes(friend.keepsForMe)} of ${bytes(mine.space)}, contract until ${moment(mine.until)}`
            : "no contract"}
        </Fact>
        <Fact name="I keep">
          {theirs
            ? `${bytes(friend.keptForThem)} of ${bytes(theirs.space)}, contract until ${moment(theirs.until)}`
            : "no contract"}
        </Fact>
        <Fact name="Node">
          <span class="mono">{friend.node.slice(0, 16)}</span>
        </Fact>
      </dl>
      <Form
        action="Ask for pieces now"
        disabled={!friend.online || phase !== "active"}
        submit={async () =>
          setAudit(await api<AuditResult>("POST", `${path}/audit`, {}))
        }
      >
        {audit && (
          <Notice kind={audit.passed === audit.leaves ? "good" : "error"}>
            {audit.leaves === 0
              ? "Nothing is kept there that could be asked for."
              : `${audit.passed} of ${audit.leaves} pieces are there.`}{" "}
            {audit.verdicts[0]?.evidence}
          </Notice>
        )}
      </Form>
      <Terms friend={friend} save={change} />
      <div class="actions start">
        {phase === "active" && (
          <button
            type="button"
            onClick={() => void change({ phase: "leaving" })}
          >
            Move everything elsewhere
          </button>
        )}
        {phase === "leaving" && (
          <button
            type="button"
            onClick={() => void change({ phase: "active" })}
          >
            Let it keep things again
          </button>
        )}
        {(phase === "active" || phase === "leaving") && (
          <button
            type="button"
            class="danger"
            onClick={() => void change({ phase: "lost" })}
          >
            This box is lost
          </button>
        )}
      </div>
      <Form
        action="Forget this friend"
        tone="danger"
        submit={async () => {
          await api("DELETE", path);
          close();
        }}
      />
    </Dialog>
  );
}

function Terms({
  friend,
  save,
}: {
  friend: FriendView;
  save: (body: unknown) => Promise<void>;
}) {
  const { fields, terms } = useRooms(friend.offer, friend.wish);
  const [household, setHousehold] = useState(friend.household);
  return (
    <Form
      action="Save"
      submit={async () => await save({ ...terms, household })}
    >
      {fields}
      <Field
        label="House"
        hint="Boxes with the same word stand in one house: a fire takes them together, so they never hold too much of one file."
        maxLength={64}
        value={household}
        onInput={(event) => setHousehold(event.currentTarget.value)}
      />
    </Form>
  );
}

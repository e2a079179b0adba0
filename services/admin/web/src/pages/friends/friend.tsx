import { useState } from "preact/hooks";
import type { AuditResult, FriendView } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { bytes, moment } from "../../format.ts";
import {
  Bar,
  Dialog,
  Fact,
  Field,
  Form,
  Notice,
  NumberField,
} from "../../ui.tsx";
import { useRooms } from "./rooms.tsx";

/** Prices are kept in millionths, as bits a second are in millions. */
const million = 1e6;

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
      {friend.trouble !== "" && <Notice kind="info">{friend.trouble}</Notice>}
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
            ? `${bytes(friend.keepsForMe)} of ${bytes(mine.space)}, contract until ${moment(mine.until)}${priceOf(mine)}`
            : "no contract"}
        </Fact>
        <Fact name="I keep">
          {theirs
            ? `${bytes(friend.keptForThem)} of ${bytes(theirs.space)}, contract until ${moment(theirs.until)}${priceOf(theirs)}`
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

/** A price in words; nothing where it costs nothing. */
function priceOf({
  price,
  currency,
}: {
  price: number;
  currency: string;
}): string {
  return price === 0
    ? ""
    : `, ${(price / million).toLocaleString()} ${currency} for a GB and month`;
}

function Terms({
  friend,
  save,
}: {
  friend: FriendView;
  save: (body: unknown) => Promise<void>;
}) {
  const { fields, terms } = useRooms(friend.offer, friend.wish);
  const { asks, pays } = friend;
  const [household, setHousehold] = useState(friend.household);
  const [city, setCity] = useState(friend.city);
  const [currency, setCurrency] = useState(asks.currency || pays.currency);
  const [price, setPrice] = useState(String(asks.price / million));
  const [most, setMost] = useState(String(pays.price / million));
  const [days, setDays] = useState(String(asks.days));
  const [bandwidth, setBandwidth] = useState(
    String((asks.bandwidth * 8) / million),
  );
  const micro = (text: string): number => Math.round(Number(text) * million);
  return (
    <Form
      action="Save"
      submit={async () =>
        await save({
          ...terms,
          household,
          city,
          asks: {
            price: micro(price),
            currency,
            days: Number(days),
            bandwidth: Math.round(micro(bandwidth) / 8),
          },
          pays: { price: micro(most), currency },
        })
      }
    >
      {fields}
      <Field
        label="House"
        hint="Boxes with the same word stand in one house: a fire takes them together, so they never hold too much of one file."
        maxLength={64}
        value={household}
        onInput={(event) => setHousehold(event.currentTarget.value)}
      />
      <Field
        label="City"
        maxLength={64}
        value={city}
        onInput={(event) => setCity(event.currentTarget.value)}
      />
      <details>
        <summary>Terms: price, duration, speed</summary>
        <Field
          label="Currency"
          hint="Three letters, such as EUR. Among friends nothing is paid."
          pattern="[A-Z]*"
          maxLength={8}
          value={currency}
          onInput={(event) =>
            setCurrency(event.currentTarget.value.toUpperCase())
          }
        />
        <NumberField
          label="I ask for a GB and month"
          max={million}
          fine
          value={price}
          change={setPrice}
        />
        <NumberField
          label="I pay for a GB and month at most"
          max={million}
          fine
          value={most}
          change={setMost}
        />
        <NumberField
          label="My contracts are good for so many days"
          hint="They are renewed by themselves, long before they end."
          max={366}
          value={days}
          change={setDays}
        />
        <NumberField
          label="My line gives them at least, Mbit/s"
          hint="0: as much as is free."
          max={80_000}
          fine
          value={bandwidth}
          change={setBandwidth}
        />
      </details>
    </Form>
  );
}

import { useState } from "preact/hooks";
import type { FriendsState } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { bytes } from "../../format.ts";
import { Checkbox, Fact, Field, Form, NumberField } from "../../ui.tsx";

/** Bytes a second in a megabit a second. */
const megabit = 125_000;

/** A multiaddr as people write it. */
function addressOf(addresses: readonly string[]): string | undefined {
  for (const one of addresses) {
    const [, kind, host, port] =
      /^\/ip([46])\/([^/]+)\/tcp\/(\d+)\/p2p\/[^/]+$/.exec(one) ?? [];
    if (host) return kind === "6" ? `[${host}]:${port}` : `${host}:${port}`;
  }
  return undefined;
}

/** What friends' boxes may have of the household's line. */
export function LimitsForm({
  state: { limits, line, me, apart },
  refresh,
}: {
  state: FriendsState;
  refresh: () => Promise<void>;
}) {
  const [name, setName] = useState(me.name);
  const [upload, setUpload] = useState(String(limits.upload / megabit));
  const [download, setDownload] = useState(String(limits.download / megabit));
  const [night, setNight] = useState(limits.quiet !== null);
  const [cities, setCities] = useState(apart === "city");
  const [from, setFrom] = useState(String(limits.quiet?.from ?? 23));
  const [to, setTo] = useState(String(limits.quiet?.to ?? 7));
  return (
    <>
      <dl class="facts">
        <Fact name="Address for friends">
          <span class="mono">{addressOf(me.addresses) ?? "none yet"}</span>
        </Fact>
        <Fact name="Sent to friends since the start">{bytes(line.sent)}</Fact>
        {line.share < 1 && (
          <Fact name="At present">
            slowed to {Math.round(line.share * 100)} %: the line is busy
          </Fact>
        )}
      </dl>
      <Form
        action="Save"
        submit={async () => {
          const rates = {
            upload: Math.round(Number(upload) * megabit),
            download: Math.round(Number(download) * megabit),
          };
          await api("PUT", "/friends/settings", {
            name,
            apart: cities ? "city" : "household",
            limits: {
              ...rates,
              quiet: night
                ? { from: Number(from), to: Number(to), upload: 0, download: 0 }
                : null,
            },
          });
          await refresh();
        }}
      >
        <Field
          label="How friends see this box"
          required
          maxLength={64}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox checked={cities} change={setCities}>
          A whole city may be lost at once: spread files over several
        </Checkbox>
        <NumberField
          label="Upload, Mbit/s"
          hint="0: as much as there is."
          max={80_000}
          fine
          value={upload}
          change={setUpload}
        />
        <NumberField
          label="Download, Mbit/s"
          max={80_000}
          fine
          value={download}
          change={setDownload}
        />
        <Checkbox checked={night} change={setNight}>
          At night there is no limit
        </Checkbox>
        {night && (
          <>
            <NumberField
              label="From, o'clock"
              hint="On the box's clock: System, Clock."
              max={23}
              value={from}
              change={setFrom}
            />
            <NumberField
              label="To, o'clock"
              max={23}
              value={to}
              change={setTo}
            />
          </>
        )}
      </Form>
    </>
  );
}

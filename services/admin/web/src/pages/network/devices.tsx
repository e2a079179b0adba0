import { AlarmClock, Pin, PinOff } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { Network, NetworkNow } from "../../../../../host/client.ts";
import { api } from "../../api.ts";
import { bytes } from "../../format.ts";
import { makerOf } from "../../maker.ts";
import type { Edit } from "../network.tsx";

type Device = NetworkNow["devices"][number];

/** Who is in the household's networks, and who has the same address each time. */
export function Devices({
  now: { devices },
  before,
  seconds,
  document: { lans },
  edit,
}: {
  now: NetworkNow;
  /** What was seen so many seconds earlier. */
  before: NetworkNow | undefined;
  seconds: number;
  document: Network;
  edit: Edit;
}) {
  const reserved = lans.flatMap(({ id, reservations }) =>
    reservations.map((one) => ({ ...one, lan: id })),
  );
  const absent: Device[] = reserved
    .filter(({ mac }) => !devices.some((device) => device.mac === mac))
    .map(({ mac, address, name, lan }) => ({
      mac,
      address,
      name,
      lan,
      here: false,
      signal: null,
      sent: 0,
      received: 0,
      until: null,
    }));
  const rate = (device: Device, way: "sent" | "received"): string => {
    const old = before?.devices.find(
      ({ address }) => address === device.address,
    );
    const grown = old && seconds > 0 ? device[way] - old[way] : 0;
    // Counters begin anew with the rules.
    return `${bytes(Math.max(0, grown) / Math.max(seconds, 0.1))}/s`;
  };
  const all = [...devices, ...absent].sort(
    (a, b) => Number(b.here) - Number(a.here),
  );
  if (all.length === 0) return <p>No device has been heard of yet.</p>;
  return (
    <ul class="files">
      {all.map((device) => {
        const { mac, address, here, signal } = device;
        const fixed = reserved.find((one) => one.mac === mac);
        const lan = lans.find(({ id }) => id === device.lan);
        const name = fixed?.name ?? device.name;
        return (
          <li key={`${mac} ${address}`} class="file-line wraps">
            <div class="grow">
              <strong>{name ?? "without a name"}</strong>
              <span class="quiet-text mono">
                {fixed?.address ?? address} · {mac}
              </span>
              <Maker mac={mac} />
              {here && (
                <span class="quiet-text">
                  {rate(device, "received")} down, {rate(device, "sent")} up
                  {signal !== null &&
                    `, Wi-Fi ${strength(signal)} (${signal} dBm)`}
                </span>
              )}
            </div>
            {!here && <Wake mac={mac} name={name ?? address} />}
            <span class={`badge ${here ? "good" : ""}`}>
              {here ? (lan?.name ?? "here") : "away"}
            </span>
            <button
              type="button"
              class="icon"
              title={fixed ? "Any address again" : "The same address each time"}
              aria-label={
                fixed
                  ? `Let ${name ?? address} have any address again`
                  : `Give ${name ?? address} the same address each time`
              }
              onClick={() =>
                edit((draft) => {
                  const one = draft.lans.find(({ id }) => id === device.lan);
                  if (!one) return;
                  if (fixed)
                    one.reservations = one.reservations.filter(
                      (other) => other.mac !== mac,
                    );
                  else
                    one.reservations.push({
                      mac,
                      address,
                      name: hostName(device),
                    });
                })
              }
            >
              {fixed ? (
                <PinOff size={18} aria-hidden="true" />
              ) : (
                <Pin size={18} aria-hidden="true" />
              )}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** Wakes a computer that sleeps. */
function Wake({ mac, name }: { mac: string; name: string }) {
  const [said, setSaid] = useState<string>();
  return said ? (
    <span class="quiet-text" role="status">
      {said}
    </span>
  ) : (
    <button
      type="button"
      class="icon"
      title="Wake it up (Wake-on-LAN)"
      aria-label={`Wake ${name} up`}
      onClick={() =>
        api("POST", "/network/wake", { mac }).then(
          () => setSaid("called"),
          (error: Error) => setSaid(error.message),
        )
      }
    >
      <AlarmClock size={18} aria-hidden="true" />
    </button>
  );
}

/** How well a device's Wi-Fi is heard. @param signal dBm */
function strength(signal: number): string {
  return signal >= -60 ? "strong" : signal >= -72 ? "fair" : "weak";
}

/** Who made a device. */
function Maker({ mac }: { mac: string }) {
  const [maker, setMaker] = useState<string>();
  useEffect(() => {
    void makerOf(mac).then(setMaker);
  }, [mac]);
  return maker ? <span class="quiet-text">{maker}</span> : null;
}

function hostName({ name, mac }: Device): string {
  const plain = (name ?? "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return plain || `device-${mac.slice(-5).replace(":", "")}`;
}

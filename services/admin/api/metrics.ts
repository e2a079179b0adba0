import type { FriendsState } from "../../node/client.ts";
import type { Notice } from "../notices/api.ts";
import type { Status } from "./status.ts";

/** Media type of the text format of Prometheus, version 0.0.4. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** What metrics are told of. */
export interface Measured {
  status: Status;
  /** Those that are not over. */
  notices: readonly Notice[];
  /** Null where the node does not answer. */
  friends: FriendsState | null;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number | null | undefined, labels?: Labels];

/** How the box is, in the text format of Prometheus (0.0.4); what is not known is left out. */
export function metricsOf({ status, notices, friends }: Measured): string {
  const lines: string[] = [];
  const add = (
    kind: "gauge" | "counter",
    name: string,
    help: string,
    samples: readonly Sample[],
  ): void => {
    const known = samples.filter(([value]) => typeof value === "number");
    if (known.length === 0) return;
    lines.push(
      `# HELP coppice_${name} ${help}`,
      `# TYPE coppice_${name} ${kind}`,
      ...known.map(
        ([value, labels]) => `coppice_${name}${labelled(labels)} ${value}`,
      ),
    );
  };
  const { host, storage, tpm } = status;
  add("gauge", "service_up", "Whether a service of the box answers.", [
    [Number(host !== null), { service: "host" }],
    [Number(storage !== null), { service: "node" }],
    [Number(tpm !== null), { service: "identity" }],
  ]);
  if (host) {
    const { version, slot, hostname, cpu, memory, ports, disks } = host;
    add("gauge", "info", "What runs.", [[1, { version, slot, hostname }]]);
    add("gauge", "uptime_seconds", "Since the box started.", [[host.uptime]]);
    add("gauge", "cpu_busy_ratio", "Share of all cores that is busy.", [
      [cpu.load / 100],
    ]);
    add("gauge", "memory_total_bytes", "Memory that there is.", [
      [memory.total],
    ]);
    add("gauge", "memory_used_bytes", "Memory that is in use.", [
      [memory.used],
    ]);
    add("gauge", "temperature_celsius", "Of the processor.", [
      [host.temperature],
    ]);
    const both = Object.entries(ports);
    add("counter", "port_received_bytes_total", "Bytes that came in.", [
      ...both.map(([port, { received }]): Sample => [received, { port }]),
    ]);
    add("counter", "port_sent_bytes_total", "Bytes that went out.", [
      ...both.map(([port, { sent }]): Sample => [sent, { port }]),
    ]);
    const each = (of: (disk: (typeof disks)[number]) => Sample[0]): Sample[] =>
      disks.map((disk) => [of(disk), { disk: disk.name, role: disk.role }]);
    add(
      "gauge",
      "disk_size_bytes",
      "Of a disk.",
      each(({ size }) => size),
    );
    add(
      "gauge",
      "disk_used_bytes",
      "Of an open disk.",
      each(({ used }) => used),
    );
    add(
      "gauge",
      "disk_available_bytes",
      "Of an open disk.",
      each(({ available }) => available),
    );
    add(
      "gauge",
      "disk_healthy",
      "0 for a disk that foretells its failure; left out for one that says nothing.",
      each(({ health }) =>
        health === "unknown" ? null : Number(health === "good"),
      ),
    );
    add(
      "gauge",
      "disk_temperature_celsius",
      "Of a disk.",
      each(({ temperature }) => temperature),
    );
  }
  if (storage) {
    add("gauge", "files", "Files of the owner's.", [[storage.files]]);
    add("gauge", "files_bytes", "Bytes in them.", [[storage.bytes]]);
    add(
      "counter",
      "mended_fragments_total",
      "Fragments that were damaged and written anew.",
      [[storage.mended]],
    );
  }
  add(
    "gauge",
    "notices",
    "What is wrong with the box, by kind.",
    [...Map.groupBy(notices, ({ kind, tone }) => `${kind} ${tone}`)].map(
      ([key, { length }]): Sample => {
        const [kind = "", tone = ""] = key.split(" ");
        return [length, { kind, tone }];
      },
    ),
  );
  const people = friends?.friends ?? [];
  const each = (of: (one: (typeof people)[number]) => Sample[0]): Sample[] =>
    people.map((one) => [of(one), { friend: one.name, id: one.id }]);
  add(
    "gauge",
    "friend_online",
    "Whether a friend's box is reached.",
    each(({ online }) => Number(online)),
  );
  add(
    "gauge",
    "friend_round_trip_seconds",
    "To a friend's box and back.",
    each(({ roundTrip }) => (roundTrip === null ? null : roundTrip / 1000)),
  );
  add(
    "gauge",
    "friend_kept_bytes",
    "What a friend's box keeps for this one.",
    each(({ keepsForMe }) => keepsForMe),
  );
  return `${lines.join("\n")}\n`;
}

function labelled(labels: Labels = {}): string {
  const text = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
  );
  return text.length === 0 ? "" : `{${text.join(",")}}`;
}

import type { Past } from "../../host/client.ts";
import type { BrokerMessage } from "../../node/client.ts";
import type { Notice } from "../notices/api.ts";
import { type Facts, ofTheLine } from "../notices/conditions.ts";

/** What the smart home is told of. */
export interface Measured
  extends Pick<Facts, "host" | "storage" | "network" | "friends" | "updates"> {
  /** The last minutes of the machine; null where nobody says. */
  past: Past | null;
  notices: readonly Notice[];
}

/** The box as the smart home knows it. */
export interface Told {
  /** A name of this box that no other has, for topics: letters and digits. */
  id: string;
  name: string;
  /** Where its pages are. */
  pages: string;
  /** Where Home Assistant looks for devices. */
  prefix: string;
}

type Value = string | number | boolean | null;

/** One thing to see there: what Home Assistant calls it, and how it is. */
interface Entity {
  platform: "sensor" | "binary_sensor" | "update";
  name: string;
  value: Value;
  config?: Record<string, unknown>;
}

/** Seconds without a word after which the box is shown as one that is not there. */
const silence = 300;

const bytes = {
  device_class: "data_size",
  unit_of_measurement: "B",
  suggested_unit_of_measurement: "GB",
};
const rate = {
  device_class: "data_rate",
  unit_of_measurement: "B/s",
  suggested_unit_of_measurement: "MB/s",
  state_class: "measurement",
};
const percent = { unit_of_measurement: "%", state_class: "measurement" };
const diagnostic = { entity_category: "diagnostic" };

/** All there is to see of the box, by a name that stays. */
function entitiesOf({
  host,
  storage,
  network,
  friends,
  updates,
  past,
  notices,
}: Measured): Record<string, Entity> {
  const last = (curve: keyof Past["curves"]): number | null =>
    past?.curves[curve].mean.findLast((value) => value !== null) ?? null;
  const rounded = (value: number | null): number | null =>
    value === null ? null : Math.round(value * 10) / 10;
  const memory = last("memory");
  const troubles = notices.filter(
    ({ tone, until }) => tone === "trouble" && until === null,
  );
  const entities: Record<string, Entity> = {
    internet: {
      platform: "binary_sensor",
      name: "Internet",
      value:
        network &&
        !network.troubles.some(({ kind }) => ofTheLine.includes(kind)),
      config: { device_class: "connectivity" },
    },
    problem: {
      platform: "binary_sensor",
      name: "Problem",
      value: troubles.length > 0,
      config: { device_class: "problem" },
    },
    trouble: {
      platform: "sensor",
      name: "What is wrong",
      // Longer ones are no states (Home Assistant's core, MAX_LENGTH_STATE_STATE).
      value: troubles[0]?.words.slice(0, 255) ?? "Nothing",
      config: { icon: "mdi:message-alert-outline" },
    },
    download: {
      platform: "sensor",
      name: "Download",
      value: rounded(last("received")),
      config: rate,
    },
    upload: {
      platform: "sensor",
      name: "Upload",
      value: rounded(last("sent")),
      config: rate,
    },
    devices: {
      platform: "sensor",
      name: "Devices at home",
      value: network?.devices.filter(({ here }) => here).length ?? null,
      config: { state_class: "measurement", icon: "mdi:devices" },
    },
    files: {
      platform: "sensor",
      name: "Files",
      value: storage?.files ?? null,
      config: { state_class: "measurement", icon: "mdi:file-multiple-outline" },
    },
    friends: {
      platform: "sensor",
      name: "Friends' boxes that answer",
      value: friends?.friends.filter(({ online }) => online).length ?? null,
      config: { state_class: "measurement", icon: "mdi:account-group-outline" },
    },
    processor: {
      platform: "sensor",
      name: "Processor",
      value: rounded(last("cpu")),
      config: { ...percent, ...diagnostic, icon: "mdi:chip" },
    },
    memory: {
      platform: "sensor",
      name: "Memory",
      value:
        host && memory !== null
          ? rounded((100 * memory) / host.memory.total)
          : null,
      config: { ...percent, ...diagnostic, icon: "mdi:memory" },
    },
    version: {
      platform: "update",
      name: "Version",
      value: updates?.version ?? null,
      config: {
        ...diagnostic,
        device_class: "firmware",
        latest_version_template: "{{ value_json.newest }}",
      },
    },
  };
  const temperature = last("temperature");
  if (temperature !== null)
    entities.temperature = {
      platform: "sensor",
      name: "Temperature",
      value: rounded(temperature),
      config: {
        ...diagnostic,
        device_class: "temperature",
        unit_of_measurement: "°C",
        state_class: "measurement",
      },
    };
  for (const { name, role, available, health } of host?.disks ?? []) {
    if (role !== "data") continue;
    const id = name.replaceAll(/\W/g, "_");
    entities[`disk_${id}_free`] = {
      platform: "sensor",
      name: `Free on ${name}`,
      value: available,
      config: { ...bytes, state_class: "measurement" },
    };
    if (health !== "unknown")
      entities[`disk_${id}_failing`] = {
        platform: "binary_sensor",
        name: `Disk ${name}`,
        value: health !== "good",
        config: { device_class: "problem" },
      };
  }
  return entities;
}

/** What the smart home is told: that there is such a device (MQTT discovery, by device), which the broker keeps, and how it is. */
export function messagesOf(
  measured: Measured,
  told: Told,
): { discovery: BrokerMessage; state: BrokerMessage } {
  const { id, name, pages } = told;
  const entities = Object.entries(entitiesOf(measured));
  const topic = `coppice/${id}/state`;
  const version = measured.updates?.version ?? measured.host?.version;
  return {
    discovery: {
      topic: discoveryTopic(told),
      kept: true,
      text: JSON.stringify({
        device: {
          identifiers: [`coppice_${id}`],
          name,
          manufacturer: "Coppice",
          model: measured.updates?.board ?? "Coppice",
          sw_version: version,
          configuration_url: pages,
        },
        origin: { name: "Coppice", sw_version: version },
        components: Object.fromEntries(
          entities.map(([key, { platform, name, config }]) => [
            key,
            {
              platform,
              name,
              unique_id: `coppice_${id}_${key}`,
              value_template: `{{ value_json.${key} }}`,
              ...(platform === "update"
                ? { latest_version_topic: topic }
                : { expire_after: silence }),
              ...(platform === "binary_sensor"
                ? { payload_on: "True", payload_off: "False" }
                : {}),
              ...config,
            },
          ]),
        ),
        state_topic: topic,
        qos: 1,
      }),
    },
    state: {
      topic,
      kept: false,
      text: JSON.stringify({
        ...Object.fromEntries(entities.map(([key, { value }]) => [key, value])),
        newest: measured.updates?.found?.version ?? version ?? null,
      }),
    },
  };
}

/** Where the smart home hears of the box; an empty message there takes it away. */
export function discoveryTopic({
  id,
  prefix,
}: Pick<Told, "id" | "prefix">): string {
  return `${prefix}/device/coppice_${id}/config`;
}

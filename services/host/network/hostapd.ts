import type { Network, Wifi, WifiNetwork, WifiRadio } from "./document.ts";
import { interfaceOf } from "./interfaces.ts";

/** Path below the folder for the network's configuration; only root reads it. @param adapter its interface */
export function hostapdFile(adapter: string): string {
  return `secret/hostapd-${adapter}.conf`;
}

/** The adapter of such a path; undefined for others. */
export function adapterOf(path: string): string | undefined {
  return /^secret\/hostapd-(wl[a-z0-9]+)\.conf$/.exec(path)?.[1];
}

/** Channels that a band has, as IEEE 802.11 numbers them; a country may forbid some. */
export const channels: Readonly<Record<WifiRadio["band"], readonly number[]>> =
  {
    "2.4": numbers(1, 13, 1),
    "5": [...numbers(36, 64, 4), ...numbers(100, 144, 4)].concat(
      numbers(149, 165, 4),
    ),
    "6": numbers(1, 221, 4),
  };

/** Of 6 GHz, one that devices look at first (PSC). */
const preferred = 37;

/** hostapd.conf(5) for one adapter: every network that its band can have is on it. @param index of the radio */
export function renderHostapd({ wifi, lans }: Network, index: number): string {
  const { radios, networks, country } = wifi as Wifi;
  const radio = radios[index] as WifiRadio;
  return [
    `interface=${radio.name}`,
    "driver=nl80211",
    "logger_syslog=0",
    "logger_stdout_level=2",
    `country_code=${country}`,
    "ieee80211d=1",
    ...radioLines(radio),
    ...onBand(networks, radio.band).flatMap((one, at) => [
      ...(at > 0
        ? [`bss=ap${index}-${at}`, `bssid=${furtherAddress(radio, at)}`]
        : []),
      ...networkLines(one, radio.band),
      `bridge=${interfaceOf({ id: one.lan })}`,
      // Guests do not know each other.
      `ap_isolate=${lans.some(({ id, guest }) => id === one.lan && guest) ? 1 : 0}`,
    ]),
    "",
  ].join("\n");
}

/** Networks that a band can have: 6 GHz knows WPA3 only. */
export function onBand(
  networks: readonly WifiNetwork[],
  band: WifiRadio["band"],
): WifiNetwork[] {
  return networks.filter(({ security }) => band !== "6" || security !== "wpa2");
}

function radioLines({ band, channel, generation }: WifiRadio): string[] {
  if (band === "2.4")
    return [
      "hw_mode=g",
      // The three that do not overlap.
      ...(channel === null
        ? ["channel=0", "chanlist=1 6 11"]
        : [`channel=${channel}`]),
      "ieee80211n=1",
      `ieee80211ax=${generation === 6 ? 1 : 0}`,
    ];
  if (band === "6") {
    const own = channel ?? preferred;
    return [
      "hw_mode=a",
      `channel=${own}`,
      // 80 MHz (IEEE 802.11-2020, table E-4)
      "op_class=133",
      "ieee80211ax=1",
      "he_oper_chwidth=1",
      `he_oper_centr_freq_seg0_idx=${Math.floor((own - 1) / 16) * 16 + 7}`,
    ];
  }
  const wide = generation > 4 && channel !== 165;
  const centre = channel === null ? [] : [centreOf(channel)];
  return [
    "hw_mode=a",
    // Those that no radar has.
    ...(channel === null
      ? ["channel=0", "chanlist=36 40 44 48"]
      : [`channel=${channel}`]),
    "ieee80211h=1",
    "ieee80211n=1",
    ...(channel === 165 ? [] : [`ht_capab=[HT40${pair(channel ?? 36)}]`]),
    `ieee80211ac=${generation > 4 ? 1 : 0}`,
    `ieee80211ax=${generation === 6 ? 1 : 0}`,
    ...(wide
      ? ["vht", ...(generation === 6 ? ["he"] : [])].flatMap((kind) => [
          `${kind}_oper_chwidth=1`,
          ...centre.map((one) => `${kind}_oper_centr_freq_seg0_idx=${one}`),
        ])
      : []),
  ];
}

/** The lower or upper half of 40 MHz. */
function pair(channel: number): "+" | "-" {
  const first = channel >= 149 ? 149 : 36;
  return ((channel - first) / 4) % 2 === 0 ? "+" : "-";
}

/** The middle of the 80 MHz that a channel is in. */
function centreOf(channel: number): number {
  const first = channel >= 149 ? 149 : 36;
  return first + Math.floor((channel - first) / 16) * 16 + 6;
}

function networkLines(
  { ssid, password, security }: WifiNetwork,
  band: WifiRadio["band"],
): string[] {
  const sae = security !== "wpa2";
  const psk = security !== "wpa3" && band !== "6";
  return [
    `ssid2=${Buffer.from(ssid).toString("hex")}`,
    "utf8_ssid=1",
    "wpa=2",
    `wpa_key_mgmt=${[psk ? "WPA-PSK" : "", sae ? "SAE" : ""].join(" ").trim()}`,
    "rsn_pairwise=CCMP",
    `wpa_passphrase=${password}`,
    // Protected management frames: WPA3 demands them.
    `ieee80211w=${psk ? 1 : 2}`,
    ...(sae ? ["sae_require_mfp=1", `sae_pwe=${band === "6" ? 1 : 2}`] : []),
  ];
}

/** A locally administered address, another for each network of an adapter. */
function furtherAddress({ address }: WifiRadio, at: number): string {
  const [first = "", ...rest] = address.split(":");
  const own = ((Number.parseInt(first, 16) | 2) ^ (at << 2)) & 0xff;
  return [own.toString(16).padStart(2, "0"), ...rest].join(":");
}

function numbers(from: number, to: number, step: number): number[] {
  return Array.from(
    { length: (to - from) / step + 1 },
    (_, index) => from + index * step,
  );
}

import type { Network } from "./document.ts";
import { channels, onBand } from "./hostapd.ts";
import { NetworkDocumentError, unique } from "./refusal.ts";

/** Adapters, channels and names on the air. @throws NetworkDocumentError */
export function checkWifi({ wifi, lans }: Network): void {
  if (!wifi) return;
  wifi.radios.forEach(({ band, channel, generation }, index) => {
    const field = (name: string): string => `/wifi/radios/${index}/${name}`;
    if (channel !== null && !channels[band].includes(channel))
      throw new NetworkDocumentError(
        field("channel"),
        `${band} GHz has no channel ${channel}. It has ${channels[band].join(", ")}.`,
      );
    if (band === "2.4" && generation === 5)
      throw new NetworkDocumentError(
        field("generation"),
        "Wi-Fi 5 is for 5 GHz. Choose Wi-Fi 4 or 6.",
      );
    if (band === "6" && generation !== 6)
      throw new NetworkDocumentError(
        field("generation"),
        "6 GHz is for Wi-Fi 6 and later.",
      );
    if (onBand(wifi.networks, band).length === 0)
      throw new NetworkDocumentError(
        field("band"),
        "6 GHz wants WPA3, and no network has it.",
      );
  });
  unique(
    wifi.radios.map(({ name }) => name),
    (index) => `/wifi/radios/${index}/name`,
    "This adapter is there twice",
  );
  wifi.networks.forEach(({ ssid, lan }, index) => {
    if (Buffer.byteLength(ssid) > 32)
      throw new NetworkDocumentError(
        `/wifi/networks/${index}/ssid`,
        "The name is too long: 32 letters, or fewer where they have accents.",
      );
    if (!lans.some(({ id }) => id === lan))
      throw new NetworkDocumentError(
        `/wifi/networks/${index}/lan`,
        "There is no such network at home.",
      );
  });
  unique(
    wifi.networks.map(({ ssid }) => ssid),
    (index) => `/wifi/networks/${index}/ssid`,
    "Two networks on the air have this name",
  );
}

import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { command } from "../command.ts";
import type { Network, WifiRadio } from "./document.ts";
import type { Trouble, WifiAdapter } from "./state.ts";

/** Wi-Fi adapters that can be access points, and how well each device is heard by them. */
export interface Air {
  adapters: WifiAdapter[];
  /** dBm by hardware address */
  signals: ReadonlyMap<string, number>;
}

/** Where each band has an adapter, all are used; one alone is the fastest that most devices have. */
const preference: readonly WifiRadio["band"][] = ["5", "2.4", "6"];

/** Asks the kernel (by iw) for adapters and for the devices at them. @throws CommandError */
export async function readAir(): Promise<Air> {
  const names = await wifiInterfaces();
  if (names.length === 0) return { adapters: [], signals: new Map() };
  const running = airedIn(await command("iw", ["dev"]));
  const adapters: WifiAdapter[] = [];
  for (const name of names.filter((one) => one.startsWith("wl"))) {
    const [phy, address] = await Promise.all(
      ["phy80211/name", "address"].map((file) => classFile(name, file)),
    );
    const modes = modesIn(await command("iw", ["phy", phy as string, "info"]));
    const taken = adapters.map(({ proposed }) => proposed.band);
    const best = preference
      .flatMap((band) => modes.filter((mode) => mode.band === band))
      .sort(
        (a, b) =>
          Number(taken.includes(a.band)) - Number(taken.includes(b.band)),
      )
      .at(0);
    if (best)
      adapters.push({
        proposed: { name, address: address as string, ...best, channel: null },
        modes,
        channel: running.get(name) ?? null,
      });
  }
  const heard = await Promise.all(
    [...running.keys()].map(
      async (name) =>
        await command("iw", ["dev", name, "station", "dump"]).catch(() => ""),
    ),
  );
  return {
    adapters,
    signals: new Map(heard.flatMap(signalsIn)),
  };
}

async function wifiInterfaces(): Promise<string[]> {
  const names = await readdir("/sys/class/net").catch(() => []);
  const phys = await Promise.all(
    names.map((name) =>
      classFile(name, "phy80211/name").catch(() => undefined),
    ),
  );
  return names.filter((_, index) => phys[index] !== undefined).sort();
}

async function classFile(name: string, file: string): Promise<string> {
  return (
    await readFile(join("/sys/class/net", basename(name), file), "utf8")
  ).trim();
}

/** What an adapter can be on which band, as `iw phy` says it; nothing where it cannot be an access point. */
function modesIn(text: string): WifiAdapter["modes"] {
  if (!/^\t\t \* AP$/m.test(text)) return [];
  return text
    .split(/^\tBand \d+:$/m)
    .slice(1)
    .flatMap((band): WifiAdapter["modes"] => {
      // What the law forbids depends on the country, which may not be said yet.
      const mhz = Number(/^\t\t\t\* (\d+)(?:\.\d+)? MHz/m.exec(band)?.[1]);
      const name = bandOf(mhz);
      if (name === undefined) return [];
      const he = /^\t\tHE Iftypes:.*\bAP\b/m.test(band);
      const vht = /^\t\tVHT Capabilities/m.test(band);
      if (name === "6" && !he) return [];
      return [
        {
          band: name,
          generation: he ? 6 : vht && name === "5" ? 5 : 4,
        },
      ];
    });
}

/** Adapters may have bands that households do not, such as 900 MHz and 60 GHz. */
function bandOf(mhz: number): WifiRadio["band"] | undefined {
  if (2400 < mhz && mhz < 2500) return "2.4";
  if (5000 < mhz && mhz < 5900) return "5";
  return 5900 < mhz && mhz < 7200 ? "6" : undefined;
}

/** Channels by interface, of those that are on the air as access points: `iw dev`. */
function airedIn(text: string): Map<string, number> {
  return new Map(
    text
      .split(/^\tInterface /m)
      .slice(1)
      .flatMap((block) => {
        const [name = ""] = block.split("\n");
        const channel = /^\t\tchannel (\d+) /m.exec(block)?.[1];
        return /^\t\ttype AP$/m.test(block) && channel !== undefined
          ? [[name, Number(channel)] as const]
          : [];
      }),
  );
}

/** Signals by hardware address: `iw station dump`. */
function signalsIn(text: string): (readonly [string, number])[] {
  return text
    .split(/^Station /m)
    .slice(1)
    .flatMap((block) => {
      const signal = /^\tsignal:\s+(-\d+)/m.exec(block)?.[1];
      return signal === undefined
        ? []
        : [[block.slice(0, 17), Number(signal)] as const];
    });
}

/** Adapters that are to be on the air, and are not. */
export function airTroubles(
  { wifi }: Pick<Network, "wifi">,
  { adapters }: Air,
): Trouble[] {
  return (wifi?.radios ?? []).flatMap((radio): Trouble[] => {
    const adapter = adapters.find(
      ({ proposed }) => proposed.name === radio.name,
    );
    if (adapter && adapter.channel !== null) return [];
    return [
      adapter
        ? {
            kind: "wifi-down",
            words: `The Wi-Fi at ${radio.band} GHz is not on the air.`,
            advice: adviceFor(radio),
          }
        : {
            kind: "wifi-gone",
            words: `The Wi-Fi adapter for ${radio.band} GHz is not there (${radio.name}).`,
            advice:
              "Plug it in again. If it is to be without one, switch Wi-Fi off here.",
          },
    ];
  });
}

function adviceFor({ band, channel }: WifiRadio): string {
  const radar =
    band === "5" && channel !== null && 52 <= channel && channel < 149;
  return radar
    ? "On this channel the box listens for radar first, for a minute and in some places for ten. If it stays so, let the box choose the channel."
    : "It takes some seconds. If it stays so, let the box choose the channel, and see that the country is the right one: it may forbid this band.";
}

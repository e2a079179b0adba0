/** A phone at the box's Wi-Fi: an adapter that the board's kernel plays (mac80211_hwsim), in a namespace of its own, with wpa_supplicant. */
import type { Provider } from "./provider.ts";
import { bring, type Shell } from "./tools.ts";

const folder = "/run/station";
/** Both ends of the air, where nothing comes through it. */
const whatWasSaid =
  "{ journalctl --no-pager -q -o short-monotonic -n 60 -u phone -u 'coppice-wifi*' -u coppice-lan | cat; ip netns exec phone iw dev wlan2 link; false; }";

/** Gives the board two adapters, and a third to the phone. */
export async function plugRadios(
  provider: Provider,
  shell: Shell,
): Promise<void> {
  await bring(provider, shell, folder, [
    "/sbin/wpa_supplicant",
    "/usr/lib/x86_64-linux-gnu/libpcsclite.so.1",
  ]);
  await shell("systemd-run -q --wait modprobe mac80211_hwsim radios=3");
  await shell(
    `ip netns add phone && iw phy $(cat /sys/class/net/wlan2/phy80211/name) set netns name phone`,
  );
}

/** Joins a network; resolves to the address that it gives the phone. @param sae whether by WPA3 */
export async function joinAir(
  shell: Shell,
  ssid: string,
  password: string,
  sae: boolean,
): Promise<string> {
  await shell(
    `cat > ${folder}/conf <<'END'\nsae_pwe=2\nnetwork={\nssid="${ssid}"\npsk="${password}"\nscan_freq=2412 2437 2462\n${sae ? "key_mgmt=SAE\nieee80211w=2" : "key_mgmt=WPA-PSK"}\n}\nEND`,
  );
  for (let left = 5; ; left--) {
    // A unit of its own: what a terminal starts ends with it.
    await shell(
      `systemctl stop phone 2>/dev/null; ip -n phone addr flush dev wlan2; systemd-run -q --collect --unit=phone --setenv=LD_LIBRARY_PATH=${folder} ip netns exec phone ${folder}/wpa_supplicant -i wlan2 -c ${folder}/conf`,
    );
    // It asks to be associated again after 200 ms: an access point that is slower counts that as another time, and waits for keys that never come. Phones then try again.
    const said = await shell(
      `ip netns exec phone busybox udhcpc -i wlan2 -f -n -q -t 20 -T 2 -s /bin/true 2>&1 || ${left > 1 ? "true" : whatWasSaid}`,
    );
    const [, address] = /lease of ([\d.]+) obtained/.exec(said) ?? [];
    if (address === undefined) continue;
    await shell(
      `ip -n phone addr add ${address}/24 dev wlan2 && ip -n phone route add default via ${address.replace(/\d+$/, "1")}`,
    );
    return address;
  }
}

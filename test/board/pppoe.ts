/** A provider with PPPoE (rp-pppoe, Debian). This machine's kernel has no PPP, so it runs in the board, behind its own WAN port. */
import { readFile } from "node:fs/promises";
import type { Household } from "./household.ts";
import type { Provider } from "./provider.ts";

/** What the provider knows of its customer: with what a shell and pppd would read as something else. */
export const customer = {
  user: "ada@isp.example",
  password: 'a "b" \\c #d $e',
} as const;

/** Runs a command on the box as root, and fails the test where it fails. */
type Shell = (command: string) => Promise<string>;

const folder = "/run/isp";

/**
 * Puts the provider into a namespace of the box, on a device that hears what the WAN port sends: the bridge outside sends the
 * port's frames back to it.
 */
export async function startPppoe(
  shell: Shell,
  household: Household,
  provider: Provider,
): Promise<void> {
  await household.run(
    ...(["ip", "link", "set", provider.tap, "type"] as const),
    ...(["bridge_slave", "hairpin", "on"] as const),
  );
  await shell(`mkdir -p ${folder}/ppp`);
  for (const name of ["pppoe-server", "pppoe"]) {
    const text = (await readFile(`/usr/sbin/${name}`)).toString("base64");
    const lines = text.match(/.{1,1000}/g) ?? [];
    await shell(`: > ${folder}/${name}.txt`);
    for (let at = 0; at < lines.length; at += 30)
      await shell(
        `cat >> ${folder}/${name}.txt <<'END'\n${lines.slice(at, at + 30).join("\n")}\nEND\n`,
      );
    await shell(
      `base64 -d ${folder}/${name}.txt > ${folder}/${name} && chmod +x ${folder}/${name}`,
    );
  }
  const quoted = `"${customer.password.replace(/[\\"]/g, "\\$&")}"`;
  await shell(
    `cat > ${folder}/ppp/chap-secrets <<'END'\n"${customer.user}" * ${quoted} *\nEND\ncat > ${folder}/ppp/options <<'END'\nrequire-chap\nms-dns 93.185.0.1\nlcp-echo-interval 5\nlcp-echo-failure 2\nnovj\nnoccp\n+ipv6\nEND\nchmod 600 ${folder}/ppp/*`,
  );
  await shell(
    [
      "ip netns add isp",
      "ip link add isp0 link wan0 type macvlan mode vepa",
      "ip link set isp0 netns isp",
      "ip -n isp link set isp0 up",
      "ip -n isp link set lo up",
      "ip -n isp addr add 93.185.0.1/32 dev lo",
    ].join(" && "),
  );
  await shell(
    `setsid ip netns exec isp dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --pid-file= --no-resolv --no-hosts --listen-address=93.185.0.1 --bind-interfaces --address=/www.ppp.test/93.185.0.1 > ${folder}/dns.log 2>&1 < /dev/null & sleep 0.1`,
  );
  await shell(serve);
}

/** The server; its pppd finds its own secrets in place of the box's. */
const serve = `setsid ip netns exec isp unshare --mount sh -c 'mount --bind ${folder}/ppp /etc/ppp && exec ${folder}/pppoe-server -I isp0 -L 93.185.0.1 -R 93.185.0.10 -N 1 -q /usr/sbin/pppd -Q ${folder}/pppoe -O /etc/ppp/options' > ${folder}/server.log 2>&1 < /dev/null`;

/** Lets the provider fail: its server and all lines end. */
export async function stopPppoe(shell: Shell): Promise<void> {
  await shell(
    "for pid in $(ip netns pids isp); do case $(cat /proc/$pid/comm) in pppoe*|pppd) kill -9 $pid;; esac; done",
  );
}

/** Lets it come back. */
export async function resumePppoe(shell: Shell): Promise<void> {
  await shell(serve);
}

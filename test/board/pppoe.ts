/** A provider with PPPoE (rp-pppoe, Debian). This machine's kernel has no PPP, so it runs in the board, in a namespace of its own. */
import type { Provider } from "./provider.ts";
import { bring, type Shell } from "./tools.ts";

/** What the provider knows of its customer: with what a shell and pppd would read as something else. */
export const customer = {
  user: "ada@isp.example",
  password: 'a "b" \\c #d $e',
} as const;

const folder = "/run/isp";

/** Plugs the box's WAN port into this provider: a wire into its namespace takes the port's name. */
export async function startPppoe(
  provider: Provider,
  shell: Shell,
): Promise<void> {
  await bring(provider, shell, folder, [
    "/usr/sbin/pppoe-server",
    "/usr/sbin/pppoe",
  ]);
  await shell(`mkdir -p ${folder}/ppp`);
  const quoted = `"${customer.password.replace(/[\\"]/g, "\\$&")}"`;
  await shell(
    `cat > ${folder}/ppp/chap-secrets <<'END'\n"${customer.user}" * ${quoted} *\nEND\ncat > ${folder}/ppp/options <<'END'\nrequire-chap\nms-dns 93.185.0.1\nlcp-echo-interval 5\nlcp-echo-failure 2\nnovj\nnoccp\n+ipv6\nEND\nchmod 600 ${folder}/ppp/*`,
  );
  await shell(
    [
      "ip netns add isp",
      "ip link set wan0 down",
      "ip link set wan0 name port0",
      "ip link add wan0 type veth peer name isp0 netns isp",
      "ip -n isp link set isp0 up",
      "ip -n isp link set lo up",
      "ip -n isp addr add 93.185.0.1/32 dev lo",
    ].join(" && "),
  );
  // Units of their own: what a terminal starts ends with it.
  await shell(
    "systemd-run -q --collect --unit=isp-names ip netns exec isp dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --pid-file= --no-resolv --no-hosts --listen-address=93.185.0.1 --bind-interfaces --address=/www.ppp.test/93.185.0.1",
  );
  await shell(serve);
}

/** The server; its pppd finds its own secrets in place of the box's. */
const serve = `systemd-run -q --collect --unit=isp --service-type=forking ip netns exec isp unshare --mount sh -c 'mount --bind ${folder}/ppp /etc/ppp && exec ${folder}/pppoe-server -I isp0 -L 93.185.0.1 -R 93.185.0.10 -N 1 -q /usr/sbin/pppd -Q ${folder}/pppoe -O /etc/ppp/options'`;

/** Lets the provider fail: its server and all lines end. */
export async function stopPppoe(shell: Shell): Promise<void> {
  await shell("systemctl kill --signal=KILL isp");
}

/** Lets it come back. */
export async function resumePppoe(shell: Shell): Promise<void> {
  await shell(serve);
}

/** Plugs the port back into the provider outside. */
export async function endPppoe(shell: Shell): Promise<void> {
  await shell(
    "systemctl stop isp isp-names; ip link delete wan0 && ip link set port0 name wan0 && ip link set wan0 up",
  );
}

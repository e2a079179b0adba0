/** A provider with PPPoE (rp-pppoe, Debian). This machine's kernel has no PPP, so it runs in the board, in a namespace of its own. */
import { join } from "node:path";
import { run } from "../../scripts/process.ts";
import type { Provider } from "./provider.ts";
import { bring, type Shell } from "./tools.ts";

/** What the provider knows of its customer: with what a shell and pppd would read as something else. */
export const customer = {
  user: "ada@isp.example",
  password: 'a "b" \\c #d $e',
} as const;

const folder = "/run/isp";

/** Its prefixes, and an address behind it on the Internet. */
export const lineIpv6 = { prefixes: "2a0c:3::", far: "2a0c:5::1" } as const;

const kea = {
  Dhcp6: {
    "interfaces-config": { interfaces: ["ppp0"] },
    "lease-database": { type: "memfile", persist: false },
    "data-directory": folder,
    subnet6: [
      {
        subnet: "2a0c:5::/64",
        interface: "ppp0",
        "pd-pools": [
          {
            prefix: lineIpv6.prefixes,
            "prefix-len": 40,
            "delegated-len": 56,
          },
        ],
      },
    ],
  },
};

/** Plugs the box's WAN port into this provider: a wire into its namespace takes the port's name. @param scratch folder of this machine */
export async function startPppoe(
  provider: Provider,
  shell: Shell,
  scratch: string,
): Promise<void> {
  const libraries = join(scratch, "libraries.tar");
  const needed = await run("ldd", ["/usr/sbin/kea-dhcp6"]);
  await run("tar", [
    ...["-C", "/", "-chf", libraries],
    // The box's own C library goes with its loader.
    ...[...needed.matchAll(/=> \/(\S+)/g)]
      .map(([, path]) => path as string)
      .filter((path) => !/\/lib(c|m|resolv|gcc_s|stdc\+\+)\.so/.test(path)),
  ]);
  await bring(provider, shell, folder, [
    "/usr/sbin/pppoe-server",
    "/usr/sbin/pppoe",
    "/usr/sbin/kea-dhcp6",
    "/usr/sbin/radvd",
    libraries,
  ]);
  await shell(
    `mkdir -p ${folder}/ppp ${folder}/lib && cd ${folder}/lib && busybox tar xf ../libraries.tar && find . -name '*.so*' -exec mv -t . {} +`,
  );
  await shell(
    `cat > ${folder}/kea.json <<'END'\n${JSON.stringify(kea)}\nEND\necho 'interface ppp0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 10; };' > ${folder}/radvd.conf`,
  );
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

/** Lets it give IPv6 over a line that is up: advertisements of a router, and prefixes. */
export async function delegatePrefixes(shell: Shell): Promise<void> {
  await shell(
    [
      // Kea takes the far end's address of a PPP link for its own, and so needs another one.
      "ip -n isp addr add fe80::1/64 dev ppp0 nodad",
      `ip -n isp addr add ${lineIpv6.far}/128 dev lo`,
      `ip -n isp -6 route add ${lineIpv6.prefixes}/40 dev ppp0`,
      "systemd-run -q --wait ip netns exec isp sysctl -qw net.ipv6.conf.all.forwarding=1",
      `systemd-run -q --collect --unit=isp-prefixes --setenv=LD_LIBRARY_PATH=${folder}/lib --setenv=KEA_PIDFILE_DIR=${folder} --setenv=KEA_LOCKFILE_DIR=none ip netns exec isp ${folder}/kea-dhcp6 -c ${folder}/kea.json`,
      `systemd-run -q --collect --unit=isp-routers ip netns exec isp ${folder}/radvd --nodaemon --config=${folder}/radvd.conf --pidfile=${folder}/radvd.pid --logmethod=none`,
    ].join(" && "),
  );
}

/** Lets the provider fail: its server and all lines end. */
export async function stopPppoe(shell: Shell): Promise<void> {
  await shell("systemctl kill --signal=KILL isp");
}

/** Lets it come back. */
export async function resumePppoe(shell: Shell): Promise<void> {
  await shell(serve);
}

/** What both ends of the line say, for whoever looks why it is down. */
export async function lookAtPppoe(shell: Shell): Promise<string> {
  return await shell(
    "(ip route; ip -br addr; ip -n isp -br addr; systemctl status --no-pager -n0 isp; journalctl --no-pager -n 60 -u coppice-pppoe -u isp; true) | cat",
  );
}

/** Plugs the port back into the provider outside. */
export async function endPppoe(shell: Shell): Promise<void> {
  await shell(
    "systemctl stop isp isp-names isp-prefixes isp-routers; ip link delete wan0 && ip link set port0 name wan0 && ip link set wan0 up",
  );
}

import { inside } from "./namespaces.ts";

/**
 * Gets an address by DHCP, as any computer would, and uses it in place of those it had. @param namespace where the device is
 * @returns the address, empty where nobody gave one
 */
export async function lease(
  namespace: string,
  device: string,
  name = "computer",
): Promise<string> {
  const output = await inside(
    namespace,
    "sh",
    "-c",
    `printf '#!/bin/sh\\n[ "$1" = bound ] && ip addr flush dev $interface && ip addr add $ip/$mask dev $interface && ip route replace default via $router && echo "leased $ip $dns"\\nexit 0\\n' >/tmp/$$.sh; chmod +x /tmp/$$.sh; udhcpc -i ${device} -x hostname:${name} -n -q -f -t 60 -T 3 -s /tmp/$$.sh; status=$?; rm /tmp/$$.sh; exit $status`,
  );
  return /leased (\S+)/.exec(output)?.[1] ?? "";
}

import type { HostClient, NetworkNow } from "../host/client.ts";
import type { NodeClient } from "../node/client.ts";

/** The network at the moment; what only the node can find out, which speaks with the Internet, is added. */
export async function networkNow(
  host: HostClient,
  node: NodeClient,
): Promise<NetworkNow> {
  const now = await host.networkNow();
  if (now.wan.gateway === null) return now;
  // A node that is just starting keeps nobody from seeing the rest.
  const { portal } = await node.portal().catch(() => ({ portal: null }));
  return portal === null
    ? now
    : {
        ...now,
        troubles: [
          ...now.troubles.filter(({ kind }) => kind !== "dns-dead"),
          {
            kind: "captive-portal",
            words:
              "This line wants somebody to sign in before it lets the box through.",
            advice: `Open ${portal} on a device behind this box, and do what the page asks.`,
          },
        ],
      };
}

import { dynamicNameServices, type Network } from "./document.ts";
import { uplinkOf } from "./interfaces.ts";

/** inadyn.conf(5): tells a service the household's address when it changes; undefined where no name is to follow it. */
export function renderDynamicName(network: Network): string | undefined {
  const { dynamicName } = network;
  if (!dynamicName) return undefined;
  const { service, server, name, user, password } = dynamicName;
  return [
    "period = 300",
    // The line's own address: no further company is asked what it is.
    `iface = ${uplinkOf(network)}`,
    service === "other"
      ? "custom other {"
      : `provider ${dynamicNameServices[service]} {`,
    `\tusername = ${quoted(user)}`,
    `\tpassword = ${quoted(password)}`,
    `\thostname = ${quoted(name)}`,
    ...(service === "other"
      ? [
          `\tddns-server = ${quoted(server ?? "")}`,
          '\tddns-path = "/nic/update?hostname=%h&myip=%i"',
        ]
      : []),
    "}",
    "",
  ].join("\n");
}

/** Between these quotes nothing is expanded. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

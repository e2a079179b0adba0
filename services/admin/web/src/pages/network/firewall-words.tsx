import type { Network } from "../../../../../host/client.ts";

/** What the rules in force mean. */
export function FirewallWords({
  document: { lans, forwards, pinholes, vpn, upnp },
}: {
  document: Network;
}) {
  const guests = lans.filter(({ guest }) => guest).map(({ name }) => name);
  const further = lans
    .slice(1)
    .filter(({ guest }) => !guest)
    .map(({ name }) => name);
  return (
    <ul class="words">
      <li>
        From the Internet nothing reaches the box but friends' boxes (TCP 4471)
        {vpn
          ? ` and your phones (UDP ${vpn.port}), which are then at home`
          : ""}
        .
      </li>
      <li>
        {forwards.length + pinholes.length === 0
          ? "From the Internet nothing reaches a device at home but answers."
          : `From the Internet nothing reaches a device at home but answers, and what comes in to ${forwards.length + pinholes.length} ports that you opened.`}
      </li>
      {upnp && (
        <li>
          A device at home may open ports above 1023 for itself, and closes them
          or lets them run out.
        </li>
      )}
      {vpn && vpn.sites.length > 0 && (
        <li>
          The households of {vpn.sites.map(({ name }) => name).join(", ")} and
          this one reach each other's devices; these pages, the drive and the
          Internet through this box they do not reach.
        </li>
      )}
      <li>Every device at home reaches the Internet.</li>
      <li>These pages and the network drive answer at home alone.</li>
      {further.length > 0 && (
        <li>
          {further.join(", ")}: reached from {lans[0]?.name}, but not the other
          way round.
        </li>
      )}
      {guests.length > 0 && (
        <li>
          {guests.join(", ")}: the Internet, addresses and names, and nothing
          else.
        </li>
      )}
      <li>
        Packets with a sender's address that cannot come from where they came
        from are dropped.
      </li>
    </ul>
  );
}

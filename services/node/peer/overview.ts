/** What the owner sees of the friends. */
import type { FragmentStore } from "../store/fragments.ts";
import type { FriendsState, FriendView } from "./api.ts";
import type { Contract } from "./contract.ts";
import { accountOf, type Friend, friendId } from "./friend.ts";
import { invitationId } from "./invitation.ts";
import type { Peers } from "./peers.ts";

/** The box among its friends, now. @param owner principal of the root key */
export function overview(
  peers: Peers,
  store: FragmentStore,
  owner: Buffer,
): FriendsState {
  const { friends, protector, promises, upload, download, host } = peers;
  const { done, total, bytes, started } = protector.progress;
  const seconds = (Date.now() - started) / 1000;
  const scopes = new Map(
    protector.state.map((scope) => [scope.scope, scope] as const),
  );
  const addresses = peers.addresses;
  return {
    me: {
      id: owner.toString("hex"),
      name: promises?.name ?? "",
      peer: host.peerId.toString(),
      addresses,
      reachable: addresses.some((one) => !one.includes("/127.0.0.1/")),
    },
    behind: peers.isBehind,
    friends: friends.all.map((friend) => viewOf(friend, peers, store)),
    invitations: peers.invitations.list().map(({ secret, name, expires }) => ({
      id: invitationId(Buffer.from(secret, "hex")).toString("hex"),
      name,
      expires,
    })),
    findings: peers.standings.findings
      .slice(0, 100)
      .map(({ id, ...finding }) => ({
        friend: id,
        name: friends.get(id)?.name ?? "somebody who left",
        ...finding,
      })),
    protection: (promises?.folders ?? []).map(({ path, losses }) => {
      const scope = scopes.get(path);
      return {
        path,
        losses,
        survives: scope ? scope.survives : null,
        bytes: scope?.bytes ?? 0,
        waiting: scope?.waitingBytes ?? 0,
      };
    }),
    progress: {
      current: peers.isCurrent,
      done,
      total,
      sent: bytes,
      left:
        done === 0 || done >= total ? null : (seconds / done) * (total - done),
    },
    apart: promises?.apart ?? "household",
    limits: promises?.limits ?? { upload: 0, download: 0, quiet: null },
    line: { sent: upload.total, asked: download.total, share: upload.share },
  };
}

function viewOf(
  friend: Friend,
  { lines, standings, protector, agreements, host }: Peers,
  store: FragmentStore,
): FriendView {
  const id = friendId(friend);
  const { passed, lost, lying, late, score, availability, seen, mending } =
    standings.get(id);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const connections = host
    .getConnections()
    .filter(({ remotePeer }) => remotePeer.toString() === friend.peer);
  return {
    id,
    node: hex(friend.node),
    peer: friend.peer,
    name: friend.name,
    phase: friend.phase,
    online: lines.isOnline(id),
    roundTrip: lines.roundTrip(id) ?? null,
    relayed:
      connections.length > 0 && connections.every(({ limits }) => limits),
    joined: friend.joined,
    seen,
    addresses: friend.addresses,
    household: friend.household,
    city: friend.city,
    attested: friend.attested,
    availability,
    score,
    audits: { passed, lost, lying, late },
    mending,
    keepsForMe: protector.used(id),
    keptForThem: store.used(accountOf(friend.owner)),
    offer: friend.offer,
    wish: friend.wish,
    asks: friend.asks,
    pays: friend.pays,
    trouble: agreements.isDue(friend) ? agreements.trouble(id) : "",
    mine: contractView(agreements.mine(friend)),
    theirs: contractView(agreements.theirs(friend)),
  };
}

function contractView(contract: Contract | undefined): FriendView["mine"] {
  if (!contract) return null;
  const { id, version, space, price, currency, bandwidth, from, until } =
    contract;
  return {
    id: Buffer.from(id).toString("hex"),
    version,
    space,
    price,
    currency,
    bandwidth,
    from,
    until,
  };
}

import type { FriendsState } from "../../../../../node/client.ts";

const size = 320;
const center = size / 2;

/** The friends' boxes around this one: the nearer, the quicker they answer. */
export function FriendMap({ state: { friends, me } }: { state: FriendsState }) {
  const reach = (roundTrip: number | null): number =>
    70 + Math.min(60, Math.log2(1 + (roundTrip ?? 500)) * 7);
  const places = friends.map((friend, index) => {
    const angle = (2 * Math.PI * index) / friends.length - Math.PI / 2;
    const radius = friend.online ? reach(friend.roundTrip) : 130;
    return {
      friend,
      x: center + radius * Math.cos(angle),
      y: center + radius * Math.sin(angle),
    };
  });
  return (
    <figure class="friend-map">
      <svg
        viewBox={`0 0 ${size} ${size}`}
        role="img"
        aria-label={`${friends.filter(({ online }) => online).length} of ${friends.length} friends' boxes are there`}
      >
        {places.map(({ friend, x, y }) => (
          <line
            key={friend.id}
            x1={center}
            y1={center}
            x2={x}
            y2={y}
            class={friend.online ? "on" : "off"}
          />
        ))}
        <circle cx={center} cy={center} r={20} class="own" />
        <text x={center} y={center + 36}>
          {me.name}
        </text>
        {places.map(({ friend, x, y }) => (
          <g key={friend.id}>
            <circle
              cx={x}
              cy={y}
              r={13}
              class={
                friend.phase === "expelled" || friend.phase === "lost"
                  ? "bad"
                  : friend.online
                    ? "on"
                    : "off"
              }
            />
            <text x={x} y={y + 27}>
              {friend.name.slice(0, 16)}
            </text>
          </g>
        ))}
      </svg>
      <figcaption class="quiet-text">
        {me.reachable
          ? "The nearer, the quicker they answer."
          : "This box knows no address at which others reach it: connect its WAN port."}
      </figcaption>
    </figure>
  );
}

/** Words of nftables(8). */

/** A name of an interface. */
export const quote = (name: string): string => `"${name}"`;

/** Members of an anonymous set; one alone is compared, and not looked up. */
export function set(members: readonly string[]): string {
  const [one, ...more] = members;
  return one !== undefined && more.length === 0
    ? one
    : `{ ${members.join(", ")} }`;
}

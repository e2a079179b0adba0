/** Words of nftables(8). */

/** One chain of rules. */
export type Chain = readonly [
  name: string,
  type: string,
  rules: readonly string[],
];

/** A table as one transaction: it is replaced whole or not at all. @param others lines before its chains */
export function table(
  name: string,
  others: readonly string[],
  chains: readonly Chain[],
): string {
  return [
    `table ${name}`,
    `delete table ${name}`,
    `table ${name} {`,
    ...others.map((line) => `\t${line}`),
    // A chain without rules is asked all the same.
    ...chains
      .filter(([, , rules]) => rules.length > 0)
      .flatMap(([chain, type, rules]) => [
        `\tchain ${chain} {`,
        `\t\ttype ${type};`,
        ...rules.map((rule) => `\t\t${rule}`),
        "\t}",
      ]),
    "}",
    "",
  ].join("\n");
}

/** A name of an interface. */
export const quote = (name: string): string => `"${name}"`;

/** Members of an anonymous set; one alone is compared, and not looked up. */
export function set(members: readonly string[]): string {
  const [one, ...more] = members;
  return one !== undefined && more.length === 0
    ? one
    : `{ ${members.join(", ")} }`;
}

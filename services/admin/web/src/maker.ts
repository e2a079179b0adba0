let byPrefix: Promise<Map<string, string>> | undefined;

/** The makers of network devices by the first 24 bits of their hardware addresses, such as `525400`; loaded once. */
async function load(): Promise<Map<string, string>> {
  const { makers } = await import("virtual:makers");
  return new Map(
    Object.entries(makers).flatMap(([maker, prefixes]) =>
      (prefixes.match(/.{6}/g) ?? []).map((prefix) => [prefix, maker] as const),
    ),
  );
}

/** Who made a device, in words; undefined where nobody knows. @param mac its hardware address, in small letters */
export async function makerOf(mac: string): Promise<string | undefined> {
  // IEEE 802, 8.2.2: such an address was drawn, as phones do, so that nobody knows them again.
  if (Number.parseInt(mac.slice(0, 2), 16) & 2) return "an address it drew";
  byPrefix ??= load();
  return (await byPrefix).get(mac.replaceAll(":", "").slice(0, 6));
}

declare module "virtual:makers" {
  /** Makers of network devices, each with the first 24 bits of its hardware addresses, six hex digits a piece. */
  export const makers: Record<string, string>;
}

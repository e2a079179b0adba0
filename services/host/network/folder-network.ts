import { checkRendered } from "./board-network.ts";
import type { NetworkRunner } from "./home-network.ts";

/** For `npm run dev`: the daemons' checkers are asked, and this machine's own network stays as it is. */
export const folderNetwork: NetworkRunner = {
  check: checkRendered,
  apply: async () => {},
  keep: async () => {},
};

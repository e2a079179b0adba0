/** A node service that cheats, as COPPICE_CHEAT says: everything else is the real one. */
import { randomBytes } from "node:crypto";
import { Keeping } from "../../services/node/peer/keeping.ts";

const { audit, get, put } = Keeping.prototype;
const cheats: Readonly<Record<string, () => void>> = {
  /** Sends other bytes than it signed for. */
  bytes: () => {
    Keeping.prototype.audit = async function (...args) {
      const answer = await audit.apply(this, args);
      return {
        ...answer,
        leaves: answer.leaves.map((one) =>
          one ? [randomBytes(one[0].length), one[1]] : one,
        ),
      };
    };
    Keeping.prototype.get = async function (...args) {
      const answer = await get.apply(this, args);
      return { ...answer, bytes: randomBytes(answer.bytes.length) };
    };
  },
  /** Answers each audit with the first answer that it gave. */
  replay: () => {
    let first: ReturnType<typeof audit> | undefined;
    Keeping.prototype.audit = async function (...args) {
      first ??= audit.apply(this, args);
      return await first;
    };
  },
  /** Signs a receipt that it signed before. */
  receipts: () => {
    let first: ReturnType<typeof put> | undefined;
    Keeping.prototype.put = async function (...args) {
      if (first) return await first;
      first = put.apply(this, args);
      return await first;
    };
  },
};
cheats[process.env.COPPICE_CHEAT ?? ""]?.();
await import("../../services/node/main.ts");

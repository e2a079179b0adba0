import type { TpmState } from "./client.ts";
import type { Tpm } from "./tpm/tpm.ts";

const fixedGroup = 0x100;
const variableGroup = 0x200;

/** What a TPM says of itself: TPM_PT_* properties. @throws TpmError */
export async function describeTpm(tpm: Tpm): Promise<TpmState> {
  const fixed = await tpm.facts.properties(fixedGroup);
  const variable = await tpm.facts.properties(variableGroup);
  const text = (...offsets: number[]): string =>
    offsets
      .map((offset) => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32BE(fixed.get(fixedGroup + offset) ?? 0);
        return bytes.toString("latin1");
      })
      .join("")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: makers pad with NUL
      .replace(/[\u0000 ]+$/g, "");
  const version = fixed.get(fixedGroup + 11) ?? 0;
  const inLockout = 1 << 9;
  return {
    present: true,
    manufacturer: text(5),
    vendor: text(6, 7, 8, 9),
    firmware: `${version >>> 16}.${version & 0xffff}`,
    specification: `${text(0)} ${((fixed.get(fixedGroup + 2) ?? 0) / 100).toFixed(2)}`,
    lockout: {
      locked: ((variable.get(variableGroup) ?? 0) & inLockout) !== 0,
      failures: variable.get(variableGroup + 14) ?? 0,
      maximum: variable.get(variableGroup + 15) ?? 0,
      recovery: variable.get(variableGroup + 16) ?? 0,
    },
  };
}

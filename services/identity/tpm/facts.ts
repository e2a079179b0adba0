import { TpmError } from "./errors.ts";
import { type Esys, fixedHandle } from "./esys.ts";
import type { KeyKind } from "./templates.ts";
import {
  algorithm,
  pcrSelection,
  readPcrSelection,
  WireReader,
} from "./wire.ts";

/** What a TPM tells without a key: what it can, its handles, NV and PCRs. */
export class TpmFacts {
  #esys: Esys;

  constructor(esys: Esys) {
    this.#esys = esys;
  }

  /** Which kind of keys this TPM makes; elliptic curves first, because they are faster. @throws TpmError */
  async keyKinds(): Promise<KeyKind[]> {
    const algorithms = await this.#capability(0, 0, 128, (reader) => {
      const value = reader.u16();
      reader.u32();
      return value;
    });
    const curves = await this.#capability(8, 0, 64, (reader) => reader.u16());
    return [
      ...(curves.includes(3) && algorithms.includes(algorithm.ecdsa)
        ? (["p256"] as const)
        : []),
      ...(algorithms.includes(algorithm.rsa) ? (["rsa2048"] as const) : []),
    ];
  }

  /** Fixed or changing properties (Part 2 table 22) from number `first` on: number to value. @throws TpmError */
  async properties(first: number): Promise<Map<number, number>> {
    return new Map(
      await this.#capability(6, first, 64, (reader): [number, number] => [
        reader.u32(),
        reader.u32(),
      ]),
    );
  }

  /** Numbers of the handles in use from `first` on, such as 0x80000000 for loaded objects. @throws TpmError */
  async handles(first: number): Promise<number[]> {
    const all = await this.#capability(1, first, 64, (reader) => reader.u32());
    return all.filter((handle) => handle >>> 24 === first >>> 24);
  }

  /** Resets and restarts since the TPM was made or cleared. @throws TpmError */
  async resetCount(): Promise<number> {
    return await this.#esys.exclusively(async () => {
      const { outputs } = await this.#esys.command("tell time", "ReadClock");
      return (outputs[0] as Buffer).readUInt32BE(16);
    });
  }

  /** Reads a whole NV index; `undefined` where there is none. @throws TpmError */
  async readNv(index: number): Promise<Buffer | undefined> {
    const present = await this.handles(index);
    if (!present.includes(index)) return undefined;
    return await this.#esys.exclusively(async () => {
      const { handle } = await this.#esys.command(
        "find an NV index",
        "TR_FromTPMPublic",
        { handles: [index] },
      );
      try {
        const about = await this.#esys.command(
          "describe an NV index",
          "NV_ReadPublic",
          { handles: [handle] },
        );
        const area = about.outputs[0] as Buffer;
        const size = area.readUInt16BE(area.length - 2);
        const parts: Buffer[] = [];
        for (let offset = 0; offset < size; offset += 512) {
          const { outputs } = await this.#esys.command(
            "read an NV index",
            "NV_Read",
            {
              handles: [handle, handle],
              sessions: [fixedHandle.password],
              inputs: [Math.min(512, size - offset), offset],
            },
          );
          parts.push((outputs[0] as Buffer).subarray(2));
        }
        return Buffer.concat(parts);
      } finally {
        await this.#esys.close(handle);
      }
    });
  }

  /** PCR values of one bank, while the caller has the TPM for itself. @param pcrs numbers. @throws TpmError */
  async pcrValues(
    pcrs: readonly number[],
    hash: number,
  ): Promise<Map<number, Buffer>> {
    const values = new Map<number, Buffer>();
    let wanted = [...pcrs].sort((a, b) => a - b);
    // The TPM gives at most eight at a time, and says which.
    while (wanted.length > 0) {
      const { outputs } = await this.#esys.command("read PCRs", "PCR_Read", {
        inputs: [pcrSelection(wanted, hash)],
      });
      const given = readPcrSelection(
        new WireReader(outputs[1] as Buffer, "TPM's PCR selection"),
      ).flatMap((bank) => bank.pcrs);
      const digests = new WireReader(outputs[2] as Buffer, "TPM's PCR values");
      digests.u32();
      for (const pcr of given) values.set(pcr, Buffer.from(digests.sized()));
      if (given.length === 0)
        throw new TpmError("read PCRs", 0, {
          advice:
            "it has no bank of SHA-256 PCRs; switch it on in the firmware",
        });
      wanted = wanted.filter((pcr) => !values.has(pcr));
    }
    return values;
  }

  /** How often PCRs changed, as the TPM counts, while the caller has it for itself (Part 1, section 17.9). @throws TpmError */
  async pcrUpdates(): Promise<number> {
    const { outputs } = await this.#esys.command("read PCRs", "PCR_Read", {
      inputs: [pcrSelection([0])],
    });
    return (outputs[0] as Buffer).readUInt32LE();
  }

  async #capability<T>(
    capability: number,
    first: number,
    count: number,
    read: (reader: WireReader) => T,
  ): Promise<T[]> {
    return await this.#esys.exclusively(async () => {
      const { outputs } = await this.#esys.command(
        "describe itself",
        "GetCapability",
        { inputs: [capability, first, count] },
      );
      const reader = new WireReader(outputs[1] as Buffer, "TPM's description");
      reader.u32();
      return Array.from({ length: reader.u32() }, () => read(reader));
    });
  }
}

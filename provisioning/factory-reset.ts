/** From an owner's box back to nobody's: its keys are destroyed, and that they are is seen before it is said. */
import { open } from "node:fs/promises";
import { type Static, Type } from "typebox";
import { Parse } from "typebox/value";
import { CommandError, command } from "../services/host/command.ts";
import type { Tpm } from "../services/identity/tpm/tpm.ts";
import {
  readJson,
  removeDurable,
  writeDurable,
} from "../services/shared/durable.ts";
import { CoppiceError } from "../services/shared/errors.ts";

/** What the owner asked for. It lies on the disk that is booted, outside what is destroyed, so that a power cut changes nothing. */
export const ResetRequest = Type.Object({
  asked: Type.Integer({ description: "milliseconds since 1970" }),
  disks: Type.Array(Type.String({ pattern: "^[0-9a-f-]{36}$" }), {
    maxItems: 64,
    description: "UUIDs of the data disks whose keys are to be destroyed too",
  }),
});
export type ResetRequest = Static<typeof ResetRequest>;

const Slots = Type.Integer({
  description: "LUKS key slots that were destroyed",
});

/** What became of it. */
export const ResetReport = Type.Object({
  asked: Type.Integer(),
  at: Type.Integer({ description: "milliseconds since 1970" }),
  state: Slots,
  disks: Type.Array(
    Type.Object({
      uuid: Type.String(),
      slots: Type.Union([Slots, Type.Null()], {
        description: "null for a disk that was not there",
      }),
    }),
  ),
  tpm: Type.Union([Type.Literal("cleared"), Type.String()], {
    description: "or why it could not be cleared",
  }),
  failure: Type.Union([Type.String(), Type.Null()], {
    description: "why nothing, or not all, was destroyed",
  }),
});
export type ResetReport = Static<typeof ResetReport>;

/** Keys could not be destroyed. */
export class ResetError extends CoppiceError {
  override name = "ResetError";
  constructor(message: string) {
    super(500, "reset-failed", message);
  }
}

/** What a LUKS2 header says, as far as it matters here (LUKS2 On-Disk Format, chapter 3). */
const Header = Type.Object({
  keyslots: Type.Record(Type.String(), Type.Unknown()),
  segments: Type.Record(
    Type.String(),
    Type.Object({ offset: Type.String({ pattern: "^[0-9]+$" }) }),
  ),
});

/** A device's LUKS2 header; undefined where it is no LUKS device (any more). @throws CommandError */
async function luksHeader(
  device: string,
): Promise<Static<typeof Header> | undefined> {
  try {
    await command("cryptsetup", ["isLuks", device]);
  } catch (error) {
    // Whatever else it says, a device that cannot be looked at is not one without keys.
    if (error instanceof CommandError && error.exit === "1") return undefined;
    throw error;
  }
  return Parse(
    Header,
    JSON.parse(
      await command("cryptsetup", ["luksDump", "--dump-json-metadata", device]),
    ),
  );
}

/** The most that LUKS2 puts before its data: two headers of 4 MiB and 128 MiB of key slots. */
const largestHeader = 136 * 2 ** 20;
const piece = 2 ** 20;

function slotsOf(header: Static<typeof Header> | undefined): number {
  return Object.keys(header?.keyslots ?? {}).length;
}

/**
 * Destroys every key slot of a LUKS2 device, and what else is before its data; afterwards no passphrase and no TPM opens it.
 * Goes on where a power cut ended it. @throws ResetError, CommandError
 */
export async function destroyKeys(device: string): Promise<void> {
  const header = await luksHeader(device);
  if (!header) return;
  await command("cryptsetup", ["erase", "--batch-mode", device]);
  const left = slotsOf(await luksHeader(device));
  if (left > 0)
    throw new ResetError(
      `${device} still has ${left} key slots after they were erased. Its disk does not write: take it out, and destroy it.`,
    );
  const ends = Object.values(header.segments).map(({ offset }) =>
    Number(offset),
  );
  await overwrite(device, Math.min(...ends, largestHeader));
  // What the flash keeps of it elsewhere; a disk without TRIM has no elsewhere.
  await command("blkdiscard", [device]).catch(() => {});
}

/** Writes zeros over the first bytes of a device, and reads that they are there. */
async function overwrite(device: string, length: number): Promise<void> {
  await using file = await open(device, "r+");
  const zeros = Buffer.alloc(piece);
  for (let at = 0; at < length; at += piece)
    await file.write(zeros, 0, Math.min(piece, length - at), at);
  await file.sync();
  const back = Buffer.alloc(piece);
  for (let at = 0; at < length; at += piece) {
    const { bytesRead } = await file.read(
      back,
      0,
      Math.min(piece, length - at),
      at,
    );
    if (!back.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead)))
      throw new ResetError(
        `${device} gives back what was overwritten. Take its disk out, and destroy it.`,
      );
  }
}

/**
 * Has the TPM forget its storage seed, so that nothing it sealed or made opens any more, and sees that it did.
 * @returns "cleared", or in words why it was not: the firmware may forbid it.
 */
export async function clearTpm(tpm: Tpm): Promise<string> {
  try {
    const sealed = await tpm.seal(Buffer.from("opens before"));
    await tpm.clear();
    return (await tpm.holds(sealed))
      ? "It says that it was cleared, and still opens what it sealed before."
      : "cleared";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Where a reset finds what it destroys. */
export interface ResetTargets {
  /** Path of the state's partition; undefined where it is gone already. */
  state: string | undefined;
  /** Paths of all devices whose LUKS header has this UUID: a copy of a disk has its keys too. */
  disks: (uuid: string) => Promise<string[]>;
  /** Undefined where there is none. */
  tpm: Tpm | undefined;
}

/**
 * Destroys what was asked for; done twice it does no harm. What is about to be destroyed is written down first: after a power
 * cut the keys are not there to be counted.
 * @param notes keep what became of it, also where it failed
 */
export async function carryOut(
  request: ResetRequest,
  targets: ResetTargets,
  notes: Pick<ResetFolder, "report" | "keep">,
): Promise<ResetReport> {
  const { asked } = request;
  const last = await notes.report().catch(() => undefined);
  const before = last?.asked === asked ? last : undefined;
  const report: ResetReport = {
    asked,
    at: Date.now(),
    state: 0,
    disks: [],
    tpm: "There is no TPM.",
    failure: null,
  };
  try {
    const { state } = targets;
    const found = state === undefined ? 0 : slotsOf(await luksHeader(state));
    const work: { device: string; failed: () => void }[] = [];
    report.state = Math.max(before?.state ?? 0, found);
    for (const uuid of request.disks) {
      const devices = await targets.disks(uuid);
      const known = before?.disks.find((disk) => disk.uuid === uuid)?.slots;
      const disk = { uuid, slots: known ?? null };
      let slots = 0;
      for (const device of devices) {
        slots += slotsOf(await luksHeader(device));
        work.push({
          device,
          failed: () => {
            disk.slots = 0;
          },
        });
      }
      if (devices.length > 0) disk.slots = Math.max(known ?? 0, slots);
      report.disks.push(disk);
    }
    // Last: where a data disk does not let its keys be destroyed, the box still starts and says so.
    if (state !== undefined)
      work.push({
        device: state,
        failed: () => {
          report.state = 0;
        },
      });
    await notes.keep(report);
    while (work[0]) {
      try {
        await destroyKeys(work[0].device);
      } catch (error) {
        for (const { failed } of work) failed();
        throw error;
      }
      work.shift();
    }
    if (targets.tpm) report.tpm = await clearTpm(targets.tpm);
  } catch (error) {
    report.failure = (error as Error).message;
  }
  await notes.keep(report);
  return report;
}

/** The request and the report, in a folder of the disk that is booted. */
export class ResetFolder {
  #request: string;
  #report: string;

  constructor(folder: string) {
    this.#request = `${folder}/reset.json`;
    this.#report = `${folder}/reset-report.json`;
  }

  /** Asks for a reset at the next boot. */
  async ask(request: ResetRequest): Promise<void> {
    await writeDurable(this.#request, JSON.stringify(request));
  }

  /** What was asked for and is not done. */
  async asked(): Promise<ResetRequest | undefined> {
    return await readJson(ResetRequest, this.#request);
  }

  /** What became of the last one. */
  async report(): Promise<ResetReport | undefined> {
    return await readJson(ResetReport, this.#report);
  }

  /** Keeps what becomes of it. */
  async keep(report: ResetReport): Promise<void> {
    await writeDurable(this.#report, JSON.stringify(report));
  }

  /** Asks for nothing any more. */
  async withdraw(): Promise<void> {
    await removeDurable(this.#request);
  }
}

/** What became of a reset, in words for its owner. */
export function wordsOf(report: ResetReport): string[] {
  const { state, disks, tpm, failure } = report;
  const of = (slots: number): string =>
    slots === 1 ? "its key slot is" : `its ${slots} key slots are`;
  return [
    `The box's own storage: ${of(state)} destroyed.`,
    ...disks.map(({ uuid, slots }) =>
      slots === null
        ? `The data disk ${uuid} was not there: its keys are as they were.`
        : `The data disk ${uuid}: ${of(slots)} destroyed.`,
    ),
    tpm === "cleared"
      ? "The TPM: cleared. What it sealed before does not open any more."
      : `The TPM was not cleared: ${tpm}`,
    ...(failure === null ? [] : [`It was not finished: ${failure}`]),
  ];
}

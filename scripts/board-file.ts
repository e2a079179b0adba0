import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { repository } from "./builder.ts";

/** What `board/<name>/board.json` says of an emulated board. */
export interface Board {
  emulator: string;
  firmware: { code: string; variables: string };
  memoryMiB: number;
  systemDiskGiB: number;
  dataDisksGiB: number[];
  kvm: string[];
  /** One processor: with more, QEMU's TCG now and then runs kernel code that was just patched, and the guest panics. */
  tcg: string[];
  tpmDevice: string;
  systemDiskDevice: string;
  networkDevice: string;
  wanAddress: string;
  lanAddress: string;
  devices: string[];
  /** What has the emulator end a hang: the chipset's watchdog, which the kernel finds as on a real machine. */
  watchdog: string[];
}

/** There is no board of this name. */
export class UnknownBoardError extends Error {
  override name = "UnknownBoardError";
  constructor(board: string, known: readonly string[]) {
    super(`there is no board "${board}"; there are ${known.join(", ")}`);
  }
}

/** Reads a board's description. @throws UnknownBoardError */
export async function readBoard(name: string): Promise<Board> {
  const text = await readFile(
    join(repository, "board", name, "board.json"),
    "utf8",
  ).catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as Board;
  throw new UnknownBoardError(name, await boardNames());
}

/** The names of all boards, in order. */
export async function boardNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const file of glob("*/board.json", {
    cwd: join(repository, "board"),
  }))
    names.push(dirname(file));
  return names.sort();
}

import { access, glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Static, Type } from "typebox";
import { Errors } from "typebox/value";
import { Architecture } from "./architecture.ts";
import { repository } from "./builder.ts";

const Words = Type.Array(Type.String({ minLength: 1 }));
const Device = Type.String({ pattern: "^[a-z0-9-]+(,|$)" });
const Address = Type.String({ pattern: "^0x[0-9a-f]{1,2}$" });

/** What `board/<name>/board.json` says of a board: what its image is made for, and how an emulator plays it. */
export const Board = Type.Object(
  {
    description: Type.String({ minLength: 1 }),
    architecture: Architecture,
    /** Debian package of its kernel. */
    kernel: Type.String({ pattern: "^linux-image-[a-z0-9-]+$" }),
    /** Where the kernel writes; the last one is /dev/console, where the setup code is shown. */
    consoles: Type.Array(
      Type.String({ pattern: "^tty[A-Za-z]*[0-9]+(,.+)?$" }),
      {
        minItems: 1,
      },
    ),
    emulator: Type.String({ pattern: "^qemu-system-" }),
    firmware: Type.Object({ code: Type.String(), variables: Type.String() }),
    memoryMiB: Type.Integer({ minimum: 512 }),
    systemDiskGiB: Type.Integer({ minimum: 4 }),
    dataDisksGiB: Type.Array(Type.Integer({ minimum: 1 })),
    kvm: Words,
    /** One processor: with more, QEMU's TCG now and then runs kernel code that was just patched, and the guest panics. Without ERMS: TCG writes its string operations byte by byte, a fifth of a boot when the kernel clears pages. */
    tcg: Words,
    tpmDevice: Device,
    systemDiskDevice: Device,
    networkDevice: Device,
    wanAddress: Address,
    lanAddress: Address,
    devices: Type.Array(Device),
    /**
     * Arguments for the chipset: its watchdog, which ends a hang and which the kernel finds as on a real machine; where there is
     * Secure Boot, that nobody but the firmware writes to its variables.
     */
    chipset: Words,
  },
  { additionalProperties: false },
);
export type Board = Static<typeof Board>;

/** There is no board of this name, or its folder does not say what it has to say. */
export class BoardError extends Error {
  override name = "BoardError";
}

/** Reads a board's description. @throws BoardError */
export async function readBoard(name: string): Promise<Board> {
  const file = join("board", name, "board.json");
  const text = await readFile(join(repository, file), "utf8").catch(
    () => undefined,
  );
  if (text === undefined)
    throw new BoardError(
      `there is no board "${name}"; there are ${(await boardNames()).join(", ")}`,
    );
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (error) {
    throw new BoardError(`${file} is not JSON: ${error}`, { cause: error });
  }
  const [wrong] = Errors(Board, said);
  if (wrong)
    throw new BoardError(
      `${file}: ${wrong.instancePath || "the whole"} ${wrong.message}`,
    );
  return said as Board;
}

/** The path of a board's own part of mkosi's configuration, below the checkout; `undefined` where it has none. */
export async function boardImage(name: string): Promise<string | undefined> {
  const file = join("board", name, "mkosi.conf");
  return await access(join(repository, file)).then(
    () => file,
    () => undefined,
  );
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

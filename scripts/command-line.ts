/** How the commands of this repository end. */
import { hasCode } from "../services/shared/errors.ts";
import { BoardError } from "./board-file.ts";
import { MissingToolError } from "./debian.ts";
import { GuestError } from "./emulator.ts";
import { FlashError } from "./flashing.ts";
import { PackageLockError } from "./package-lock.ts";
import { CommandError } from "./process.ts";

/** Errors that say what was done, to what, and what to do: nobody needs their stack. */
const spoken = [
  ...[BoardError, CommandError, FlashError],
  ...[GuestError, MissingToolError, PackageLockError],
];
/** What parseArgs (node:util) says of wrong use. */
const wrongUse = [
  ...["ERR_PARSE_ARGS_INVALID_OPTION_VALUE"],
  ...["ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL", "ERR_PARSE_ARGS_UNKNOWN_OPTION"],
];

/** Runs a command; what its user can mend is said in one line, and all else with its stack. Ends with 2 for wrong use. @param main resolves to a status, or to nothing. @param failure status of what else went wrong: 2 where 1 is an answer of `main` */
export async function runCommandLine(
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing fits.
  main: () => Promise<number | void>,
  failure: 1 | 2 = 1,
): Promise<void> {
  try {
    process.exitCode = (await main()) ?? process.exitCode ?? 0;
  } catch (error) {
    const isWrongUse = wrongUse.some((code) => hasCode(error, code));
    const inWords = isWrongUse || spoken.some((kind) => error instanceof kind);
    console.error(inWords ? `coppice: ${(error as Error).message}` : error);
    process.exitCode = isWrongUse ? 2 : failure;
  }
}

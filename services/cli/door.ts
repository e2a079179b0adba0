import { readFile } from "node:fs/promises";
import { Parse } from "typebox/value";
import {
  AcceptancePolicy,
  type openIdentityHere,
  type TimedReport,
} from "../identity/client.ts";
import { CliError, type Connection } from "./connection.ts";

/** What the commands need of the program around them. */
export interface Surroundings {
  connect: () => Promise<Connection>;
  print: (value: unknown, text: string) => void;
}

/** An identity in this process. */
export type Here = Awaited<ReturnType<typeof openIdentityHere>>;
/** What a check found. */
export type Report = Pick<TimedReport, "accepted" | "checks">;

/** Runs against the TPM that --tcti names, or against the box. */
export type Ask = <T>(
  here: (one: Here) => Promise<T>,
  box: (api: Connection) => Promise<T>,
) => Promise<T>;

/** Reads a file that the user named. @throws CliError */
export async function input(path: string): Promise<Buffer> {
  return await readFile(path).catch((error: Error) => {
    throw new CliError(`cannot read ${path}: ${error.message}`, 2);
  });
}

/** Bytes in hexadecimal. @param what names the option in the error. @throws CliError */
export function hex(text: string, what: string): Buffer {
  if (!/^([0-9a-fA-F]{2})+$/.test(text))
    throw new CliError(`${what} must be hexadecimal, not ${text}`, 2);
  return Buffer.from(text, "hex");
}

/** Reads a policy file. @throws CliError */
export async function readPolicy(file: string): Promise<AcceptancePolicy> {
  try {
    return Parse(
      AcceptancePolicy,
      JSON.parse((await input(file)).toString("utf8")),
    );
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${file} is no policy: ${(error as Error).message}`, 2);
  }
}

/** Where the running system says what was measured. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../shared/errors.ts";
import { readPcrPolicies, type SignedPcrPolicies } from "./tpm/policy.ts";

/** What a boot left behind; empty where this machine does not measure. */
export interface BootRecord {
  eventLog: Buffer;
  measureLog: Buffer;
  commandLine: string;
  reference: Buffer | null;
}

/** Files of a boot: what systemd passed to this service as credentials, or a folder with the same names on another machine. */
export class BootSources {
  #folder: string | undefined;

  /** @param folder for another machine than the appliance: `eventlog`, `measurelog`, `cmdline`, `reference`, and systemd's two files of PCR policies. */
  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** Reads the logs. */
  async read(): Promise<BootRecord> {
    const folder = this.#folder ?? process.env.CREDENTIALS_DIRECTORY ?? "";
    const [eventLog, measureLog, commandLine, reference] = await Promise.all(
      ["eventlog", "measurelog", "cmdline", "reference"].map(
        async (name) => await readOrEmpty(join(folder, name)),
      ),
    );
    return {
      eventLog: eventLog ?? empty,
      measureLog: measureLog ?? empty,
      commandLine: commandLine?.toString("utf8").trim() ?? "",
      reference: reference && reference.length > 0 ? reference : null,
    };
  }

  /** The signed PCR policies of the running image; `undefined` where there are none. */
  async policies(): Promise<SignedPcrPolicies | undefined> {
    return await readPcrPolicies(this.#folder ?? "/run/systemd");
  }
}

const empty = Buffer.alloc(0);

async function readOrEmpty(path: string): Promise<Buffer> {
  return await readFile(path).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return empty;
    throw error;
  });
}

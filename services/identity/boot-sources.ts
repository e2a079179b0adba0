/** Where the running system says what was measured. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../shared/errors.ts";
import { imageVersion } from "../shared/image.ts";
import { readPcrPolicies, type SignedPcrPolicies } from "./tpm/policy.ts";

/** What a boot left behind; empty where this machine does not measure. */
export interface BootRecord {
  eventLog: Buffer;
  measureLog: Buffer;
  commandLine: string;
  reference: Buffer | null;
}

interface BootFiles {
  eventLog: string;
  measureLog: string;
  commandLine: string;
  reference: string;
  /** Folder of systemd's two files of PCR policies. */
  policies: string;
}

/** Where the files of a boot are. */
export class BootSources {
  #files: BootFiles | undefined;

  private constructor(files: BootFiles | undefined) {
    this.#files = files;
  }

  /** On the appliance: what systemd passed to this service as credentials. */
  static credentials(): BootSources {
    const folder = process.env.CREDENTIALS_DIRECTORY;
    return folder === undefined
      ? new BootSources(undefined)
      : new BootSources({ ...inFolder(folder), policies: "/run/systemd" });
  }

  /** A folder with the same names as the credentials have, and with systemd's two files of PCR policies. */
  static folder(path: string): BootSources {
    return new BootSources({ ...inFolder(path), policies: path });
  }

  /** Another machine with a TPM of its own. */
  static async system(): Promise<BootSources> {
    return new BootSources({
      eventLog: "/sys/kernel/security/tpm0/binary_bios_measurements",
      measureLog: "/run/log/systemd/tpm2-measure.log",
      commandLine: "/proc/cmdline",
      reference: `/efi/coppice/coppice_${await imageVersion()}.reference`,
      policies: "/run/systemd",
    });
  }

  /** A TPM that measured no boot. */
  static none(): BootSources {
    return new BootSources(undefined);
  }

  /** Reads the logs. */
  async read(): Promise<BootRecord> {
    const files = this.#files;
    const read = async (name: Exclude<keyof BootFiles, "policies">) =>
      files ? await readOrEmpty(files[name]) : empty;
    const reference = await read("reference");
    return {
      eventLog: await read("eventLog"),
      measureLog: await read("measureLog"),
      commandLine: (await read("commandLine")).toString("utf8").trim(),
      reference: reference.length > 0 ? reference : null,
    };
  }

  /** The signed PCR policies of the running image; `undefined` where there are none. */
  async policies(): Promise<SignedPcrPolicies | undefined> {
    return this.#files
      ? await readPcrPolicies(this.#files.policies)
      : undefined;
  }
}

function inFolder(folder: string): Omit<BootFiles, "policies"> {
  return {
    eventLog: join(folder, "eventlog"),
    measureLog: join(folder, "measurelog"),
    commandLine: join(folder, "cmdline"),
    reference: join(folder, "reference"),
  };
}

const empty = Buffer.alloc(0);
/** What the unit sets in the place of a file that is not there. */
const emptyLine = Buffer.from("\n");

async function readOrEmpty(path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (hasCode(error, "ENOENT") || hasCode(error, "EACCES")) return empty;
    throw error;
  });
  return bytes.equals(emptyLine) ? empty : bytes;
}

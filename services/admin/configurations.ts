import type { FastifyBaseLogger } from "fastify";
import { Parse } from "typebox/value";
import {
  Configuration,
  type HostClient,
  type NewConfiguration,
} from "../host/client.ts";
import type { NodeClient } from "../node/client.ts";
import { BackupError, lockText, unlockText } from "../shared/age.ts";
import { NotFoundError } from "../shared/errors.ts";
import type { RestoredSettings } from "./client.ts";

/** Seconds in which the network of other settings has to be confirmed. */
const seconds = 90;

/** The box's settings as something that outlives it: in the files' tree, which friends keep, and as a file for the owner. */
export class Configurations {
  readonly #host: HostClient;
  readonly #node: NodeClient;

  constructor(host: HostClient, node: NodeClient) {
    this.#host = host;
    this.#node = node;
  }

  /** Keeps the settings of now in the tree. @throws ConflictError where there is none yet, DiskError */
  async keep(): Promise<void> {
    await this.#node.keepRecord(
      "configuration",
      JSON.stringify(await this.#host.configuration()),
    );
  }

  /** Keeps the settings of now where that is possible: a change is good without it, and the next one takes it along. */
  async keepIfPossible(log: FastifyBaseLogger): Promise<void> {
    await this.keep().catch((error: unknown) =>
      log.warn({ err: error }, "the settings are not in the backup"),
    );
  }

  /** Those that were kept last: on a new box, those of the one before. */
  async kept(): Promise<Configuration | undefined> {
    const text = await this.#node.record("configuration");
    return text === null ? undefined : parse(text);
  }

  /** Puts those into force that were kept last. @throws as take, NotFoundError */
  async adopt(who: string): Promise<RestoredSettings> {
    const kept = await this.kept();
    if (!kept)
      throw new NotFoundError(
        "No box before this one left its settings. Set what you need on the pages.",
      );
    return await this.take(kept, who);
  }

  /** Puts settings into force; the network goes back by itself unless somebody confirms it. @throws ConflictError, NetworkDocumentError, CommandError */
  async take(
    configuration: Configuration,
    who: string,
  ): Promise<RestoredSettings> {
    const taken: NewConfiguration = { configuration, who, seconds };
    const { trial } = await this.#host.takeConfiguration(taken);
    return { trial, document: configuration.network };
  }

  /** The settings of now as an age file. */
  async lock(passphrase: string): Promise<string> {
    const text = JSON.stringify(await this.#host.configuration());
    return await lockText(text, passphrase);
  }
}

/** The settings in an age file. @throws BackupError */
export async function unlockSettings(
  file: string,
  passphrase: string,
): Promise<Configuration> {
  const text = await unlockText(file, passphrase);
  try {
    return parse(text);
  } catch (error) {
    throw new BackupError(
      "This file is not a backup of a box's settings, or of a version that this one does not know. Choose coppice-settings.age.",
      "not-settings",
      { cause: error },
    );
  }
}

function parse(text: string): Configuration {
  return Parse(Configuration, JSON.parse(text)) as Configuration;
}

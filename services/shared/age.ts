/** Texts under a passphrase, as age files (age-encryption.org/v1: scrypt recipient, ASCII armour) that `age -d` opens. */
import { Worker } from "node:worker_threads";
import { BadRequestError } from "./errors.ts";

/** A backup that cannot be opened: not one of ours, or another passphrase. */
export class BackupError extends BadRequestError {
  override name = "BackupError";
}

/** What the age worker is asked. */
export interface AgeRequest {
  act: "encrypt" | "decrypt";
  passphrase: string;
  text: string;
}

/** Puts a text under a passphrase. */
export async function lockText(
  text: string,
  passphrase: string,
  signal?: AbortSignal,
): Promise<string> {
  return await inWorker({ act: "encrypt", passphrase, text }, signal);
}

/** Opens what was put under a passphrase. @throws BackupError */
export async function unlockText(
  file: string,
  passphrase: string,
  signal?: AbortSignal,
): Promise<string> {
  try {
    return await inWorker({ act: "decrypt", passphrase, text: file }, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw new BackupError(
      "This backup does not open with this passphrase. Check the passphrase, and that it is the file you downloaded.",
      "backup-not-opened",
      { cause: error },
    );
  }
}

/** Key derivation takes a second and much memory by design, so it runs beside the event loop. */
async function inWorker(
  request: AgeRequest,
  signal?: AbortSignal,
): Promise<string> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL("age-worker.ts", import.meta.url), {
    workerData: request,
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  worker.once("message", resolve);
  worker.once("error", reject);
  signal?.addEventListener("abort", () => reject(signal.reason), {
    once: true,
  });
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}

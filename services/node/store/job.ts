import {
  type Cipher,
  type Cut,
  openSegment,
  type Restored,
  restoreSegment,
  sealSegment,
} from "./coding.ts";

/** What a worker is asked; memory is shared, so nothing large is copied. */
export type Job =
  | { act: "seal"; memory: SharedArrayBuffer; cut: Cut; cipher?: Cipher }
  | {
      act: "open";
      memory: SharedArrayBuffer;
      cut: Cut;
      cipher: Cipher;
      missing: number[];
    }
  | {
      act: "restore";
      memory: SharedArrayBuffer;
      cut: Cut;
      names: Uint8Array;
      missing: number[];
    };

/** What it answers: names, whether the plain bytes are authentic, or what was restored. */
export type Answer = Uint8Array | Restored | boolean;

/** Does one job, on whatever thread this is. @throws NativeLibraryError without ISA-L */
export function work(job: Job): Answer {
  const memory = Buffer.from(job.memory);
  switch (job.act) {
    case "seal":
      return sealSegment(memory, job.cut, job.cipher);
    case "open":
      return openSegment(memory, job.cut, job.cipher, job.missing);
    case "restore":
      return restoreSegment(
        memory,
        job.cut,
        Buffer.from(job.names),
        job.missing,
      );
  }
}

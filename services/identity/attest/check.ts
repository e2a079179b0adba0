/** One thing that a verifier looked at: never yes or no alone. */
export interface Check {
  /** What was looked at, such as "quote signature". */
  name: string;
  /** `noted` is neither: it is told, and refuses nothing. */
  result: "passed" | "failed" | "noted";
  /** What was found, and what had to be. */
  evidence: string;
}

/** Collects the checks of one verification. */
export class Checks {
  readonly all: Check[] = [];

  /** Adds a check; gives `good`. */
  expect(name: string, good: boolean, evidence: string): boolean {
    this.all.push({ name, result: good ? "passed" : "failed", evidence });
    return good;
  }

  note(name: string, evidence: string): void {
    this.all.push({ name, result: "noted", evidence });
  }

  /** Runs `look`, whose errors are the evidence of a failed check; gives its value. */
  attempt<T>(name: string, look: () => T): T | undefined {
    try {
      return look();
    } catch (error) {
      this.expect(name, false, (error as Error).message);
      return undefined;
    }
  }

  /** Whether nothing failed. */
  get accepted(): boolean {
    return this.all.every(({ result }) => result !== "failed");
  }
}

/** The first bytes of a digest, as people compare them. */
export function short(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").slice(0, 16);
}

/** The kernel makes these files when they are read, and waits for nothing: they may be read on the way. */
import { readdirSync, readFileSync } from "node:fs";

/** What is in a file; nothing where it is not there. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** What is in a folder, by names; nothing where it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

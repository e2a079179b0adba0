import { createHash, randomInt, timingSafeEqual } from "node:crypto";

/** 28 characters that nobody mixes up: no 0 and O, no 1, I and L, no 8 and B, no U beside V. */
export const setupCodeAlphabet = "ACDEFGHJKMNPQRSTVWXYZ2345679";
/** Characters of a setup code; 28^8 is 3.8 * 10^11. */
export const setupCodeLength = 8;

/** Draws a setup code, uniformly. */
export function drawSetupCode(): string {
  return Array.from(
    { length: setupCodeLength },
    () => setupCodeAlphabet[randomInt(setupCodeAlphabet.length)],
  ).join("");
}

/** How a code is printed: two groups of four. */
export function formatSetupCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** Whether what was typed is the code, in constant time; case, spaces and dashes do not matter. */
export function setupCodeMatches(typed: string, code: string): boolean {
  const digest = (text: string): Buffer =>
    createHash("sha256").update(text).digest();
  return timingSafeEqual(
    digest(typed.toUpperCase().replace(/[\s-]/g, "")),
    digest(code),
  );
}

/**
 * Seconds to wait before the next try after `failures` wrong ones in a row: none for the first four, then 5 s, doubling,
 * and never more than 5 minutes, so that nobody is locked out for good.
 */
export function tryDelay(failures: number): number {
  return failures < 5 ? 0 : Math.min(300, 5 * 2 ** (failures - 5));
}

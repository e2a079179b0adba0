import { execFile } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { BadRequestError, hasCode } from "../../shared/errors.ts";
import type { Found, Look } from "./api.ts";

const pings = 5;
const longestPath = 24;
/** Types of records that people look for, in the order in which they are shown. */
const types = ["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "CAA"] as const;

/**
 * Asks the Internet about a name or an address, from the box. @throws BadRequestError: no-such-name where it is not found,
 * no-look where the tool cannot
 */
export async function look(
  { tool, target }: Look,
  signal: AbortSignal,
): Promise<Found> {
  if (tool === "names") return { tool, records: await records(target) };
  if (tool === "ping") {
    const text = await run(
      "ping",
      ["-n", "-c", `${pings}`, "-i", "0.5", "-W", "2", "--", target],
      signal,
    );
    return {
      tool,
      address: /^PING .*? \(?([0-9a-f.:]+)\)? /m.exec(text)?.[1] ?? null,
      sent: Number(/^(\d+) packets transmitted/m.exec(text)?.[1] ?? 0),
      answers: [...text.matchAll(/ time=([\d.]+) ms/g)].map(([, ms]) =>
        Number(ms),
      ),
    };
  }
  const text = await run(
    "traceroute",
    ["-n", "-q", "1", "-w", "2", "-m", `${longestPath}`, "--", target],
    signal,
  );
  return {
    tool,
    hops: [...text.matchAll(/^ *\d+ {2}(?:\*|(\S+) {2}([\d.]+) ms)/gm)].map(
      ([, address, time]) => ({
        address: address ?? null,
        time: time === undefined ? null : Number(time),
      }),
    ),
  };
}

/** What a tool prints; ping ends with 1 where nothing answers, which is an answer too. */
async function run(
  name: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  execFile(
    name,
    args,
    {
      signal,
      timeout: 60_000,
      maxBuffer: 2 ** 16,
      env: { PATH: process.env.PATH ?? "", LC_ALL: "C" },
    },
    (error, stdout, stderr) => {
      if (!error || (error.code === 1 && stdout !== "")) resolve(stdout);
      else if (/not known|No address|Temporary failure/i.test(stderr))
        reject(noSuchName());
      else
        reject(
          new BadRequestError(
            `${name} could not be run: ${(stderr || error.message).trim().slice(0, 200)}`,
            "no-look",
          ),
        );
    },
  );
  return await promise;
}

async function records(
  target: string,
): Promise<{ type: string; value: string }[]> {
  const resolver = new Resolver({ timeout: 3000, tries: 2 });
  const found = await Promise.allSettled(
    isIP(target)
      ? [
          resolver
            .reverse(target)
            .then((names) => names.map((value) => ({ type: "PTR", value }))),
        ]
      : types.map(async (type) =>
          ((await resolver.resolve(target, type)) as unknown[]).map((one) => ({
            type,
            value: lineOf(one),
          })),
        ),
  );
  const all = found.flatMap((one) =>
    one.status === "fulfilled" ? one.value : [],
  );
  const failures = found.flatMap((one) =>
    one.status === "rejected" ? [one.reason as Error] : [],
  );
  // A name that is there may lack records of most types.
  const [failure] = failures.filter((error) => !hasCode(error, "ENODATA"));
  if (all.length > 0 || !failure) return all;
  if (hasCode(failure, "ENOTFOUND")) throw noSuchName();
  throw new BadRequestError(
    `No name server answered: ${failure.message}. Try again, or choose other name servers.`,
    "no-look",
  );
}

/** A record as one line; TXT comes in pieces, others as an object. */
function lineOf(record: unknown): string {
  if (typeof record === "string") return record;
  if (Array.isArray(record)) return record.join("");
  return Object.values(record as object).join(" ");
}

function noSuchName(): BadRequestError {
  return new BadRequestError(
    "There is no such name. See how it is written.",
    "no-such-name",
  );
}

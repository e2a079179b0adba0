import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Static, Type } from "typebox";
import { Check } from "typebox/value";
import { BadRequestError } from "../shared/errors.ts";
import { CommandError } from "./command.ts";
import type {
  LogFilter,
  LogLine,
  LogPart,
  LogQuestion,
  LogSubscription,
} from "./log-lines.ts";

/** systemd.journal-fields(7) */
const Entry = Type.Object({
  __CURSOR: Type.String(),
  __REALTIME_TIMESTAMP: Type.String({ pattern: "^[0-9]+$" }),
  MESSAGE: Type.Optional(Type.Unknown()),
  PRIORITY: Type.Optional(Type.String()),
  UNIT: Type.Optional(Type.String()),
  _SYSTEMD_UNIT: Type.Optional(Type.String()),
  _TRANSPORT: Type.Optional(Type.String()),
  SYSLOG_IDENTIFIER: Type.Optional(Type.String()),
});
const fields = Object.keys(Entry.properties).join(",");
const usual = 200;
/** Lines that a search looks at before it says what it found so far. */
const mostLookedAt = 200_000;

/** The journal, as journalctl(1) reads it. */
export class Journal {
  readonly #source: readonly string[];

  /** @param folder of the journal's files, where it is not the machine's own */
  constructor(folder?: string) {
    this.#source = folder === undefined ? [] : [`--directory=${folder}`];
  }

  /** @throws BadRequestError: no-such-line; CommandError */
  async read(
    { before, count = usual, ...filter }: LogQuestion,
    signal: AbortSignal,
  ): Promise<LogPart> {
    const lines: LogLine[] = [];
    let more = false;
    let looked = 0;
    const where = before === undefined ? [] : [`--after-cursor=${before}`];
    for await (const line of this.#lines(
      ["--reverse", ...where],
      filter,
      signal,
    )) {
      more = lines.length === count || ++looked > mostLookedAt;
      if (more) break;
      if (fits(line, filter)) lines.push(line);
    }
    return { lines: lines.reverse(), more };
  }

  /** What is written from now on, until `signal` aborts or nobody asks for more. @throws as `read` */
  async *follow(
    { after, ...filter }: LogSubscription,
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    const where =
      after === undefined ? ["--lines=0"] : [`--after-cursor=${after}`];
    for await (const line of this.#lines(
      ["--follow", ...where],
      filter,
      signal,
    ))
      if (fits(line, filter)) yield line;
  }

  /** Units that wrote, without their `.service`, and the kernel. @throws CommandError */
  async services(signal: AbortSignal): Promise<string[]> {
    const names = new Set(["kernel"]);
    for await (const name of this.#run(["--field=_SYSTEMD_UNIT"], signal))
      names.add(short(name));
    return [...names].sort();
  }

  async *#lines(
    args: readonly string[],
    { service, priority }: LogFilter,
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    const of =
      service === undefined
        ? []
        : service === "kernel"
          ? ["_TRANSPORT=kernel"]
          : [
              `--unit=${/\.[a-z]+$/.test(service) ? service : `${service}.service`}`,
            ];
    for await (const text of this.#run(
      [
        ...["--output=json", `--output-fields=${fields}`, ...args],
        ...(priority === undefined ? [] : [`--priority=${priority}`]),
        ...of,
      ],
      signal,
    )) {
      const entry: unknown = JSON.parse(text);
      if (Check(Entry, entry)) yield lineOf(entry);
    }
  }

  /** What journalctl prints, line by line; it ends with the loop that asks. */
  async *#run(
    args: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const child = spawn(
      "journalctl",
      ["--no-pager", "--quiet", ...this.#source, ...args],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    const ended = once(child, "close");
    // Who waits for the next line hears of it.
    ended.catch(() => {});
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2000);
    });
    const stop = (): void => void child.kill();
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (signal.aborted) return;
      yield* createInterface({ input: child.stdout });
      const [code] = await ended.catch((error: Error) => {
        throw new CommandError("journalctl", "not started", error.message);
      });
      if (/Failed to seek to cursor/.test(said))
        throw new BadRequestError(
          "No line of the log is there. Read it from its end.",
          "no-such-line",
        );
      if (code !== 0 && !signal.aborted)
        throw new CommandError("journalctl", String(code), said);
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
      child.stdout.destroy();
      await ended.catch(() => {});
    }
  }
}

function fits({ message, service }: LogLine, { search }: LogFilter): boolean {
  if (search === undefined) return true;
  const wanted = search.toLowerCase();
  return [message, service].some((text) => text.toLowerCase().includes(wanted));
}

function lineOf(entry: Static<typeof Entry>): LogLine {
  const { MESSAGE: message, _TRANSPORT: transport } = entry;
  const unit = entry.UNIT ?? entry._SYSTEMD_UNIT;
  return {
    cursor: entry.__CURSOR,
    at: Math.floor(Number(entry.__REALTIME_TIMESTAMP) / 1000),
    service:
      transport === "kernel"
        ? "kernel"
        : unit
          ? short(unit)
          : (entry.SYSLOG_IDENTIFIER ?? "unknown"),
    priority: Number(entry.PRIORITY ?? 6),
    message: textOf(message),
  };
}

/** journalctl leaves out what is longer than 4096 bytes, and writes what is no text as numbers. */
function textOf(message: unknown): string {
  if (typeof message === "string") return message;
  if (Array.isArray(message))
    return Buffer.from(message as number[]).toString("utf8");
  return message === undefined ? "" : "(too long to be shown)";
}

function short(unit: string): string {
  return unit.replace(/\.service$/, "");
}

import { Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { CommandError } from "../command.ts";
import { ip } from "./ip.ts";
import { LineMinute } from "./state.ts";

const Minutes = Type.Array(LineMinute);
const Counters = Type.Array(
  Type.Object({
    stats64: Type.Object({
      rx: Type.Object({ bytes: Type.Integer() }),
      tx: Type.Object({ bytes: Type.Integer() }),
    }),
  }),
);
const Routes = Type.Array(Type.Object({ dst: Type.String() }));

/** Minutes that are kept: a day. */
const kept = 1440;
/** Minutes between two writes: what a power cut costs. */
const written = 15;
const minute = 60_000;

/** A line that is down may have no device. */
function noDevice(error: unknown): [] {
  if (error instanceof CommandError) return [];
  throw error;
}

/** How the line to the Internet was, minute by minute, for a day. */
export class LineHistory implements AsyncDisposable {
  readonly #file: string;
  readonly #uplink: () => string;
  #minutes: LineMinute[];
  #last: { uplink: string; received: number; sent: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sampling: Promise<void> = Promise.resolve();

  private constructor(
    file: string,
    uplink: () => string,
    minutes: LineMinute[],
  ) {
    this.#file = file;
    this.#uplink = uplink;
    this.#minutes = minutes;
  }

  /** @param file where it is kept. @param uplink the interface of the moment. */
  static async open(file: string, uplink: () => string): Promise<LineHistory> {
    // What cannot be read is a day's curve: not worth a service that does not start.
    const minutes = await readJson(Minutes, file).catch(() => undefined);
    return new LineHistory(file, uplink, minutes ?? []);
  }

  /** Looks once a minute from now on. @param onError hears why a look or a write failed */
  start(onError: (error: unknown) => void): void {
    const look = (): void => {
      this.#sampling = this.sample().catch(onError);
    };
    look();
    this.#timer = setInterval(look, minute).unref();
  }

  /** Oldest first. */
  get minutes(): readonly LineMinute[] {
    return this.#minutes;
  }

  /** Takes down what went over the line since the last look. */
  async sample(): Promise<void> {
    const uplink = this.#uplink();
    const [links, routes] = await Promise.all([
      ip(Counters, "-s", "link", "show", "dev", uplink).catch(noDevice),
      ip(Routes, "route", "show", "default", "dev", uplink).catch(noDevice),
    ]);
    const now = links[0]
      ? {
          uplink,
          received: links[0].stats64.rx.bytes,
          sent: links[0].stats64.tx.bytes,
        }
      : undefined;
    const last = this.#last?.uplink === uplink ? this.#last : undefined;
    this.#last = now;
    // Counters begin anew with the interface.
    const grown = (way: "received" | "sent"): number =>
      now && last ? Math.max(0, now[way] - last[way]) : 0;
    this.#minutes = [
      ...this.#minutes,
      {
        at: Date.now(),
        up: now !== undefined && routes.length > 0,
        received: grown("received"),
        sent: grown("sent"),
      },
    ].slice(-kept);
    if (this.#minutes.length % written === 0) await this.#write();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#sampling;
    await this.#write();
  }

  async #write(): Promise<void> {
    await writeDurable(this.#file, JSON.stringify(this.#minutes));
  }
}

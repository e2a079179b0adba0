import { join } from "node:path";
import { type Logger, pino } from "pino";
import { openDirectLibrary } from "./native.ts";

/** Where a process finds and keeps its things; set by its unit, or by `npm run dev`. */
export interface Places {
  /** Holds the Unix sockets of all services. */
  runtime: string;
  /** This service's own lasting state. */
  state: string;
  /** Holds the mounted data disks, one folder each. */
  disks: string;
}

/** Reads this service's places from the environment (systemd's STATE_DIRECTORY, COPPICE_RUNTIME, COPPICE_DISKS). */
export function places(service: string): Places {
  const {
    STATE_DIRECTORY,
    COPPICE_RUNTIME = "/run/coppice",
    COPPICE_DISKS = "/srv/data",
  } = process.env;
  return {
    runtime: COPPICE_RUNTIME,
    state: STATE_DIRECTORY ?? `/var/lib/coppice/${service}`,
    disks: COPPICE_DISKS,
  };
}

/** The path of a service's Unix socket. */
export function socketPath(
  service: string,
  runtime = places(service).runtime,
): string {
  return join(runtime, service, `${service}.sock`);
}

/** The log of a service: JSON lines without host and pid, which the journal knows; secrets are never passed to it. */
export function createLogger(service: string): Logger {
  return pino({
    name: service,
    base: null,
    timestamp: false,
    level: process.env.COPPICE_LOG ?? "info",
  });
}

/** Tells the service manager about this process: sd_notify(3). Does nothing where no manager asked. */
function createNotifier(): (state: string) => void {
  if (!process.env.NOTIFY_SOCKET) return () => {};
  const systemd = openDirectLibrary("libsystemd.so.0", "libsystemd0", {
    sd_notify: ["int", ["int", "string"]],
  });
  return (state) => void systemd.sd_notify(0, state);
}

/**
 * Runs a service until SIGTERM or SIGINT: starts it, tells systemd that it is ready, feeds its watchdog, and closes it.
 * @param start is given a signal that aborts at the end, and returns what to close.
 */
export async function runService(
  name: string,
  start: (log: Logger, signal: AbortSignal) => Promise<AsyncDisposable>,
): Promise<void> {
  const log = createLogger(name);
  const ending = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => ending.abort());
  const notify = createNotifier();
  const service = await start(log, ending.signal);
  notify("READY=1");
  const period = Number(process.env.WATCHDOG_USEC ?? 0) / 1000;
  const watchdog =
    period > 0
      ? setInterval(() => notify("WATCHDOG=1"), period / 3)
      : undefined;
  if (!ending.signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    ending.signal.addEventListener("abort", () => resolve(), { once: true });
    const keepAlive = setInterval(() => {}, 2 ** 30);
    await promise;
    clearInterval(keepAlive);
  }
  clearInterval(watchdog);
  notify("STOPPING=1");
  await service[Symbol.asyncDispose]();
  process.exit();
}

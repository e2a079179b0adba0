import { chmod, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readJson, writeDurable } from "../shared/durable.ts";
import { CoppiceError } from "../shared/errors.ts";
import { isTimeZone } from "../shared/zone.ts";
import { ClockSettings, type ClockState } from "./clock-settings.ts";
import { command } from "./command.ts";

/** There is no such time zone. */
export class NoZoneError extends CoppiceError {
  override name = "NoZoneError";
  constructor(zone: string) {
    super(
      400,
      "no-zone",
      `There is no time zone "${zone}". Name one as IANA's database does, such as Europe/Berlin.`,
    );
  }
}

/** Where the machine keeps time, and how it is told of other servers. */
export interface TimeServers {
  /** Takes these servers from now on; none for its own. @throws CommandError */
  use(servers: readonly string[]): Promise<void>;
  /** When one was heard last, and which. */
  heard(): Promise<Pick<ClockState, "set" | "server">>;
}

/** systemd-timesyncd, by a drop-in in memory. */
export class Timesyncd implements TimeServers {
  readonly #file = "/run/systemd/timesyncd.conf.d/coppice.conf";

  async use(servers: readonly string[]): Promise<void> {
    const before = await stat(this.#file).then(
      () => true,
      () => false,
    );
    if (servers.length > 0)
      await writeForAll(this.#file, `[Time]\nNTP=${servers.join(" ")}\n`);
    else if (before) await rm(this.#file);
    else return;
    await command("systemctl", ["try-restart", "systemd-timesyncd.service"]);
  }

  async heard(): Promise<Pick<ClockState, "set" | "server">> {
    // timesyncd touches it at each answer (systemd-timesyncd.service(8)).
    const set = await stat("/run/systemd/timesync/synchronized").then(
      ({ mtimeMs }) => Math.round(mtimeMs),
      () => null,
    );
    const name = await command("timedatectl", [
      "show-timesync",
      ...["--property=ServerName", "--value"],
    ]).catch(() => "");
    return { set, server: name.trim() || null };
  }
}

/** A machine that keeps its own time. */
export const ownTime: TimeServers = {
  use: async () => {},
  heard: async () => ({ set: null, server: null }),
};

const unset: ClockSettings = { zone: "UTC", servers: [] };

/** The household's time zone, told to all services by a file in memory, and the servers that set the clock. */
export class Clock {
  readonly #file: string;
  readonly #told: string;
  readonly #servers: TimeServers;
  #settings: ClockSettings;

  private constructor(
    file: string,
    told: string,
    servers: TimeServers,
    settings: ClockSettings,
  ) {
    this.#file = file;
    this.#told = told;
    this.#servers = servers;
    this.#settings = settings;
  }

  /** @param state folder of the host's own. @param told file for the other services. @param onError hears what could not be set; the clock goes on */
  static async open(
    state: string,
    told: string,
    servers: TimeServers,
    onError: (error: unknown) => void,
  ): Promise<Clock> {
    const file = join(state, "clock.json");
    // A file that cannot be read costs a setting, not the service.
    const settings = await readJson(ClockSettings, file).catch(onError);
    const clock = new Clock(file, told, servers, settings ?? unset);
    await clock.#tell();
    if (clock.#settings.servers.length > 0)
      await servers.use(clock.#settings.servers).catch(onError);
    return clock;
  }

  get settings(): ClockSettings {
    return this.#settings;
  }

  /** @throws NoZoneError; CommandError */
  async set(settings: ClockSettings): Promise<void> {
    if (!isTimeZone(settings.zone)) throw new NoZoneError(settings.zone);
    await writeDurable(this.#file, JSON.stringify(settings));
    this.#settings = settings;
    await this.#tell();
    await this.#servers.use(settings.servers);
  }

  async state(): Promise<ClockState> {
    return {
      time: Date.now(),
      settings: this.#settings,
      ...(await this.#servers.heard()),
    };
  }

  async #tell(): Promise<void> {
    await mkdir(dirname(this.#told), { recursive: true });
    await writeForAll(this.#told, `${this.#settings.zone}\n`);
  }
}

/** Replaces a file in memory that other users read, whatever this process's umask. */
async function writeForAll(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, text);
  await chmod(fresh, 0o644);
  await rename(fresh, path);
}

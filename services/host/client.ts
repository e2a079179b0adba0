import type { Readable } from "node:stream";
import { type Static, Type } from "typebox";
import { ServiceClient } from "../shared/client.ts";
import { socketPath } from "../shared/service.ts";
import { type ClockSettings, ClockState } from "./clock-settings.ts";
import {
  Configuration,
  ConfigurationTrial,
  type NewConfiguration,
} from "./configuration.ts";
import {
  LogLine,
  LogPart,
  type LogQuestion,
  LogServices,
  type LogSubscription,
} from "./log-lines.ts";
import { Past, type PastQuestion } from "./metrics/state.ts";
import { Network, type Vpn } from "./network/document.ts";
import {
  LineMinute,
  NetworkNow,
  NetworkState,
  NewPhone,
  type NewTrial,
  OwnKey,
  Trial,
} from "./network/state.ts";
import {
  type UpdateCheck,
  type UpdateSettings,
  UpdateState,
} from "./updates/state.ts";

/** A disk that could hold the owner's data. */
export const Disk = Type.Object({
  id: Type.String({ description: "stays the same across reboots" }),
  name: Type.String({ description: "what the owner types to erase it" }),
  model: Type.String(),
  serial: Type.String(),
  size: Type.Integer({ description: "bytes" }),
  contents: Type.Array(Type.String(), {
    description: "what is on it now; empty for an empty disk",
  }),
  uuid: Type.Union([Type.String(), Type.Null()], {
    description: "of a data disk of this box that is open",
  }),
});
export type Disk = Static<typeof Disk>;

/** A step of preparing a disk. */
export const PrepareStep = Type.Union([
  Type.Object({
    step: Type.String(),
    done: Type.Integer(),
    of: Type.Integer(),
  }),
  Type.Object({ uuid: Type.String() }),
  Type.Object({
    error: Type.String(),
    type: Type.String(),
    status: Type.Integer(),
  }),
]);
export type PrepareStep = Static<typeof PrepareStep>;

export { ClockSettings, ClockState } from "./clock-settings.ts";
export * from "./configuration.ts";
export * from "./log-lines.ts";
export * from "./metrics/state.ts";
export * from "./updates/state.ts";

/** What became of a factory reset. */
export const ResetOutcome = Type.Object({
  at: Type.Integer({ description: "milliseconds since 1970" }),
  failed: Type.Boolean({ description: "whether something was not destroyed" }),
  words: Type.Array(Type.String(), { description: "what, for its owner" }),
});
export type ResetOutcome = Static<typeof ResetOutcome>;

const ShareId = Type.String({ pattern: "^[0-9a-f]{32}$" });

/** Somebody with a share who may use the network drive. */
export const DrivePerson = Type.Object({
  share: ShareId,
  name: Type.String({ description: "with which they sign in" }),
});
export type DrivePerson = Static<typeof DrivePerson>;

/** The files as a network drive (SMB). */
export const Drive = Type.Object({
  open: Type.Boolean(),
  port: Type.Integer({ description: "TCP" }),
  people: Type.Array(DrivePerson, { description: "beside the owner" }),
});
export type Drive = Static<typeof Drive>;

/** The password for the network drive; Samba reads lines, and keeps no more than 127 characters. */
export const DrivePassword = Type.Object({
  password: Type.String({ pattern: "^[\\x21-\\x7e]{12,127}$" }),
});

/** Somebody with a share who is to use the network drive. */
export const NewDrivePerson = Type.Object({
  ...DrivePassword.properties,
  share: ShareId,
  label: Type.String({
    maxLength: 100,
    description: "for whom the share is; the name to sign in with follows it",
  }),
  secret: Type.String({ pattern: "^[\\w-]{43}$" }),
});
export type NewDrivePerson = Static<typeof NewDrivePerson>;

export * from "./network/document.ts";
export { freeRange, movedTo } from "./network/ranges.ts";
export * from "./network/state.ts";

const Port = Type.Object({
  present: Type.Boolean(),
  link: Type.Boolean(),
  addresses: Type.Array(Type.String()),
  received: Type.Integer({ description: "bytes" }),
  sent: Type.Integer({ description: "bytes" }),
});

/** What the machine does at the moment. */
export const HostStatus = Type.Object({
  version: Type.String(),
  slot: Type.String(),
  hostname: Type.String(),
  uptime: Type.Number({ description: "seconds" }),
  cpu: Type.Object({
    load: Type.Number({ description: "percent of all cores" }),
    cores: Type.Integer(),
    model: Type.String(),
  }),
  memory: Type.Object({
    total: Type.Integer({ description: "bytes" }),
    used: Type.Integer({ description: "bytes" }),
  }),
  temperature: Type.Union([
    Type.Number({ description: "degrees Celsius" }),
    Type.Null(),
  ]),
  disks: Type.Array(
    Type.Object({
      name: Type.String(),
      model: Type.String(),
      serial: Type.String(),
      size: Type.Integer({ description: "bytes" }),
      used: Type.Union([Type.Integer({ description: "bytes" }), Type.Null()]),
      available: Type.Union([
        Type.Integer({ description: "bytes" }),
        Type.Null(),
      ]),
      role: Type.Union([
        Type.Literal("system"),
        Type.Literal("data"),
        Type.Literal("unused"),
      ]),
      health: Type.Union([
        Type.Literal("good"),
        Type.Literal("failing"),
        Type.Literal("unknown"),
      ]),
      uuid: Type.Union([Type.String(), Type.Null()], {
        description: "of a data disk that is open",
      }),
      temperature: Type.Union([
        Type.Number({ description: "degrees Celsius" }),
        Type.Null(),
      ]),
      hours: Type.Union([
        Type.Number({ description: "hours that it has run" }),
        Type.Null(),
      ]),
      warnings: Type.Array(Type.String(), {
        description: "what it reports that foretells a failure",
      }),
    }),
  ),
  ports: Type.Object({ wan: Port, lan: Port }),
});
export type HostStatus = Static<typeof HostStatus>;

/** What can be done with the machine's power; `recovery` restarts it into the recovery. */
export const PowerAct = Type.Union([
  Type.Literal("reboot"),
  Type.Literal("recovery"),
  Type.Literal("power-off"),
]);
export type PowerAct = Static<typeof PowerAct>;

/** What the recovery finds of the box. */
export const RecoveryFacts = Type.Object({
  opens: Type.Boolean({ description: "whether the box's own state opens" }),
  claimed: Type.Boolean({ description: "whether it has an owner" }),
  locked: Type.Boolean({
    description: "whether the owner lets nobody set a password at the box",
  }),
  dataDisks: Type.Integer({
    description: "data disks whose keys a reset can destroy",
  }),
  hostname: Type.String(),
});
export type RecoveryFacts = Static<typeof RecoveryFacts>;

/** What is shown to whoever stands before a box in its recovery. */
export const RecoveryLabel = Type.Object({
  code: Type.String({ pattern: "^[A-Z2-9]{4}-[A-Z2-9]{4}$" }),
  fingerprint: Type.String({ pattern: "^([0-9A-F]{2}:){31}[0-9A-F]{2}$" }),
});
export type RecoveryLabel = Static<typeof RecoveryLabel>;

/** A recovery key of a data disk. */
export const RecoveryKey = Type.Object({ recoveryKey: Type.String() });

/** Calls the host service: the few privileged acts. */
export class HostClient implements AsyncDisposable {
  #client = new ServiceClient("host", socketPath("host"));

  async status(signal?: AbortSignal): Promise<HostStatus> {
    return await this.#client.call(HostStatus, "GET", "/status", { signal });
  }

  async disks(signal?: AbortSignal): Promise<Disk[]> {
    return await this.#client.call(Type.Array(Disk), "GET", "/disks", {
      signal,
    });
  }

  /** Erases a disk and makes it a data disk, step by step. */
  prepareDisk(
    id: string,
    name: string,
    signal?: AbortSignal,
  ): AsyncGenerator<PrepareStep> {
    return this.#client.lines(PrepareStep, "POST", "/disks/prepare", {
      body: { id, name },
      signal,
    });
  }

  /** Draws a new recovery key for a data disk; the one before is void. */
  async renewRecoveryKey(uuid: string, signal?: AbortSignal): Promise<string> {
    return (
      await this.#client.call(RecoveryKey, "POST", "/disks/recovery-key", {
        body: { uuid },
        signal,
      })
    ).recoveryKey;
  }

  async power(act: PowerAct, signal?: AbortSignal): Promise<void> {
    await this.#dump("/power", { act }, signal);
  }

  /** Closes a data disk, so that it can be unplugged, and forgets it. */
  async closeDisk(uuid: string, signal?: AbortSignal): Promise<void> {
    await this.#dump("/disks/close", { uuid }, signal);
  }

  /** Shows on the console where the admin is, and the setup code while there is one. */
  async showLabel(fingerprint: string, signal?: AbortSignal): Promise<void> {
    await this.#dump("/label", { fingerprint }, signal);
  }

  /** Whether the network drive is open. */
  async drive(signal?: AbortSignal): Promise<Drive> {
    return await this.#client.call(Drive, "GET", "/drive", { signal });
  }

  /** Opens the network drive, or changes its password. @throws CommandError where Samba does not start */
  async openDrive(password: string, signal?: AbortSignal): Promise<Drive> {
    return await this.#client.call(Drive, "POST", "/drive/open", {
      body: { password },
      signal,
    });
  }

  /** Lets somebody with a share use the drive too; whoever is connected has to connect anew. @throws ConflictError: drive-closed, drive-full */
  async admitToDrive(
    person: NewDrivePerson,
    signal?: AbortSignal,
  ): Promise<DrivePerson> {
    return await this.#client.call(DrivePerson, "POST", "/drive/people", {
      body: person,
      signal,
    });
  }

  /** Voids the passwords of whoever used the drive with one of these shares. */
  async expelFromDrive(
    shares: readonly string[],
    signal?: AbortSignal,
  ): Promise<Drive> {
    return await this.#client.call(Drive, "POST", "/drive/expel", {
      body: { shares },
      signal,
    });
  }

  /** Closes the network drive and voids all passwords for it. */
  async closeDrive(signal?: AbortSignal): Promise<Drive> {
    return await this.#client.call(Drive, "POST", "/drive/close", { signal });
  }

  /** The household's network as it is set, and what is being tried. */
  async network(signal?: AbortSignal): Promise<NetworkState> {
    return await this.#client.call(NetworkState, "GET", "/network", { signal });
  }

  /** The household's network as it is at the moment. */
  async networkNow(signal?: AbortSignal): Promise<NetworkNow> {
    return await this.#client.call(NetworkNow, "GET", "/network/now", {
      signal,
    });
  }

  /** What a change kept; 0 is what a new box has. @throws NotFoundError */
  async networkBefore(id: number, signal?: AbortSignal): Promise<Network> {
    return await this.#client.call(Network, "GET", `/network/history/${id}`, {
      signal,
    });
  }

  /** Puts another network into force, for some seconds unless it is confirmed. @throws NetworkDocumentError, CommandError, ConflictError: trial-running, BadRequestError: no-change */
  async tryNetwork(trial: NewTrial, signal?: AbortSignal): Promise<Trial> {
    return await this.#client.call(Trial, "POST", "/network/trial", {
      body: trial,
      signal,
    });
  }

  /** Draws a key for a phone that is to come home by WireGuard. */
  async drawPhone(
    vpn: Vpn,
    name: string,
    signal?: AbortSignal,
  ): Promise<NewPhone> {
    return await this.#client.call(NewPhone, "POST", "/network/phone", {
      body: { vpn, name },
      signal,
    });
  }

  /** How the line to the Internet was, minute by minute. */
  async line(signal?: AbortSignal): Promise<LineMinute[]> {
    return await this.#client.call(
      Type.Array(LineMinute),
      "GET",
      "/network/line",
      { signal },
    );
  }

  /** The box's WireGuard key, its public half. */
  async networkKey(signal?: AbortSignal): Promise<OwnKey> {
    return await this.#client.call(OwnKey, "GET", "/network/key", { signal });
  }

  /** Keeps the network that is being tried. @throws NotFoundError: no-trial */
  async confirmNetwork(
    token: string,
    signal?: AbortSignal,
  ): Promise<NetworkState> {
    return await this.#client.call(NetworkState, "POST", "/network/confirm", {
      body: { token },
      signal,
    });
  }

  /** Takes back the network that is being tried. */
  async revertNetwork(signal?: AbortSignal): Promise<NetworkState> {
    return await this.#client.call(NetworkState, "POST", "/network/revert", {
      signal,
    });
  }

  /** The box's versions: what runs, what is newer, what became of those before. */
  async updates(signal?: AbortSignal): Promise<UpdateState> {
    return await this.#client.call(UpdateState, "GET", "/updates", { signal });
  }

  async clock(signal?: AbortSignal): Promise<ClockState> {
    return await this.#client.call(ClockState, "GET", "/clock", { signal });
  }

  /** @throws RemoteError: no-zone */
  async setClock(
    settings: ClockSettings,
    signal?: AbortSignal,
  ): Promise<ClockState> {
    return await this.#client.call(ClockState, "PUT", "/clock", {
      body: settings,
      signal,
    });
  }

  async setUpdates(
    settings: UpdateSettings,
    signal?: AbortSignal,
  ): Promise<UpdateState> {
    return await this.#client.call(UpdateState, "PUT", "/updates/settings", {
      body: settings,
      signal,
    });
  }

  /** All settings, with the secrets that belong to them. */
  async configuration(signal?: AbortSignal): Promise<Configuration> {
    return await this.#client.call(Configuration, "GET", "/configuration", {
      signal,
    });
  }

  /** Puts settings into force, and tries their network. @throws as tryNetwork */
  async takeConfiguration(
    body: NewConfiguration,
    signal?: AbortSignal,
  ): Promise<ConfigurationTrial> {
    return await this.#client.call(
      ConfigurationTrial,
      "POST",
      "/configuration",
      { body, signal },
    );
  }

  /** Has the source of updates asked, or a stick looked at. @throws ConflictError: no-source, no-stick, busy */
  async checkUpdates(
    check: UpdateCheck,
    signal?: AbortSignal,
  ): Promise<UpdateState> {
    return await this.#client.call(UpdateState, "POST", "/updates/check", {
      body: check,
      signal,
    });
  }

  /** Ends looking for a newer version and bringing it here; what came stays. @throws ConflictError: busy */
  async stopUpdate(signal?: AbortSignal): Promise<UpdateState> {
    return await this.#client.call(UpdateState, "POST", "/updates/stop", {
      signal,
    });
  }

  /** Begins to write what was brought into the other slot. @throws ConflictError: not-ready, busy; UpdateError */
  async installUpdate(signal?: AbortSignal): Promise<UpdateState> {
    return await this.#client.call(UpdateState, "POST", "/updates/install", {
      signal,
    });
  }

  /** Restarts into what was installed. @throws ConflictError: not-ready */
  async restartIntoUpdate(signal?: AbortSignal): Promise<void> {
    await this.#dump("/updates/restart", undefined, signal);
  }

  /** Restarts the box, and has the next boot destroy its keys. @throws ConflictError: not-a-box, busy */
  async factoryReset(eraseDisks: boolean, signal?: AbortSignal): Promise<void> {
    await this.#dump("/reset", { eraseDisks }, signal);
  }

  /** What became of the last reset; empty where there was none. */
  async resets(signal?: AbortSignal): Promise<ResetOutcome[]> {
    return await this.#client.call(Type.Array(ResetOutcome), "GET", "/reset", {
      signal,
    });
  }

  /** What the machine says of itself, as text. */
  async diagnostics(signal?: AbortSignal): Promise<Readable> {
    return (await this.#client.raw("GET", "/diagnostics", { signal })).body;
  }

  /** How the machine was. */
  async past(question: PastQuestion, signal?: AbortSignal): Promise<Past> {
    return await this.#client.call(Past, "POST", "/past", {
      body: question,
      signal,
    });
  }

  /** Lines of the machine's log. @throws CommandError */
  async log(question: LogQuestion, signal?: AbortSignal): Promise<LogPart> {
    return await this.#client.call(LogPart, "POST", "/log", {
      body: question,
      signal,
    });
  }

  /** What has written into the log. @throws CommandError */
  async logServices(signal?: AbortSignal): Promise<string[]> {
    return await this.#client.call(LogServices, "GET", "/log/services", {
      signal,
    });
  }

  /** Lines of the log as they are written, until `signal` aborts. */
  followLog(
    subscription: LogSubscription,
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    return this.#client.lines(LogLine, "POST", "/log/follow", {
      body: subscription,
      signal,
    });
  }

  /** In the recovery: what there is of the box. */
  async recovery(signal?: AbortSignal): Promise<RecoveryFacts> {
    return await this.#client.call(RecoveryFacts, "GET", "/recovery", {
      signal,
    });
  }

  /** In the recovery: shows on the consoles where its page is, and the code that opens it. */
  async showRecovery(
    label: RecoveryLabel,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#dump("/recovery/label", label, signal);
  }

  /** In the recovery: leaves something for the admin's next start. @throws ConflictError: closed, locked, unclaimed */
  async handOver(document: string, signal?: AbortSignal): Promise<void> {
    await this.#dump("/recovery/handover", { document }, signal);
  }

  /** What was there before the update that is being proven, and is not there now, in words. */
  async lostByUpdate(signal?: AbortSignal): Promise<string[]> {
    return await this.#client.call(
      Type.Array(Type.String()),
      "GET",
      "/health",
      {
        signal,
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  async #dump(
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<void> {
    const answer = await this.#client.raw("POST", path, { body, signal });
    await answer.body.dump();
  }
}

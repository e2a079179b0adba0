import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { type Static, type TSchema, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { ConflictError, CoppiceError } from "../../shared/errors.ts";
import type { Speed } from "./api.ts";
import { RefusedError, UnreachableError } from "./errors.ts";
import { Frames } from "./frames.ts";
import type { Friend } from "./friend.ts";
import type { Friends } from "./friends.ts";
import type { Host } from "./host.ts";
import type { Gate } from "./shaper.ts";

/** The protocol by which a friend's box helps to measure a line: a question, whether it may be, and bytes. */
export const speedProtocol = "/coppice/speed/1";

/** Milliseconds for which bytes come, and those of them that do not count: TCP finds its pace. */
const span = 8000;
const warm = 2000;
/** Milliseconds between two handshakes, and that one may take. */
const knockEvery = 250;
const silent = 5000;
/** Milliseconds after which a friend helps again, and for which a run may last. */
const rest = 60_000;
const longest = 40_000;
/** Bytes in a piece. */
const piece = 65_536;

const Way = Type.Union([Type.Literal("down"), Type.Literal("up")]);
type Way = Static<typeof Way>;

const Question = Type.Object({ run: Bytes(16), way: Way });
const Consent = Type.Object({ busy: Type.Boolean() });
const Counted = Type.Object({
  bytes: Type.Integer({ minimum: 0 }),
  milliseconds: Type.Number({ minimum: 0 }),
});
type Counted = Static<typeof Counted>;

/** Measures the household's line by sending bytes to friends' boxes and back, and helps friends to do so. */
export class SpeedMeter {
  readonly #host: Host;
  readonly #friends: Friends;
  readonly #gate: Gate;
  readonly #ending: AbortSignal;
  /** The last run of another box. */
  #helped: { peer: string; run: Buffer; began: number } | undefined;
  #measuring = false;

  /** @param gate keeps the owner's limit on what friends are sent. */
  constructor(host: Host, friends: Friends, gate: Gate, ending: AbortSignal) {
    this.#host = host;
    this.#friends = friends;
    this.#gate = gate;
    this.#ending = ending;
  }

  /**
   * Fills the line with the help of all friends at once, first towards here and then from here, for some seconds each. The
   * owner's limits do not hold for what is sent meanwhile, those of the friends do.
   * @throws ConflictError: measuring, nobody-there
   */
  async measure(signal: AbortSignal): Promise<Speed> {
    if (this.#measuring)
      throw new ConflictError(
        "The line is being measured already. Wait until that is done.",
        "measuring",
      );
    const friends = this.#friends.all.filter(
      (friend) => friend.phase === "active" && this.#direct(friend),
    );
    if (friends.length === 0)
      throw new ConflictError(
        "No friend's box can be reached directly now. Try again when one is there.",
        "nobody-there",
      );
    this.#measuring = true;
    try {
      return await this.#measure(
        friends,
        AbortSignal.any([signal, this.#ending, AbortSignal.timeout(longest)]),
      );
    } finally {
      this.#measuring = false;
    }
  }

  /** Helps a friend. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString();
    const signal = AbortSignal.any([
      this.#ending,
      AbortSignal.timeout(longest),
    ]);
    const frames = new Frames(stream, piece);
    const abort = (): void => stream.abort(new UnreachableError("This box"));
    signal.addEventListener("abort", abort, { once: true });
    try {
      if (this.#friends.withPeer(peer)?.phase !== "active") return abort();
      const question = await next(frames, Question);
      const busy = !this.#admit(peer, Buffer.from(question.run));
      await frames.send(encodeCbor({ busy }), signal);
      if (!busy && question.way === "down")
        // Whoever measures breaks off when it has seen enough.
        await pour(frames, signal, this.#gate);
      if (!busy && question.way === "up") {
        await frames.send(encodeCbor(await receive(frames)), signal);
        // What is on its way is read all the same: a stream that is full breaks, and the answer with it.
        while (await frames.next());
      }
      await frames.close();
    } catch {
      // Whoever measures sees that the stream broke.
      abort();
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #measure(
    friends: readonly Friend[],
    signal: AbortSignal,
  ): Promise<Speed> {
    const run = randomBytes(16);
    const idle: number[] = [];
    const full: number[] = [];
    const doors = friends.flatMap((friend) => doorOf(friend) ?? []);
    for (let round = 0; round < 3; round++)
      for (const door of doors) idle.push(await knock(door, signal));
    const found: Speed["friends"] = friends.map(({ name }) => ({
      name,
      down: 0,
      up: 0,
      problem: null,
    }));
    for (const way of ["down", "up"] as const) {
      const over = new AbortController();
      const until = AbortSignal.any([over.signal, signal]);
      const knocking = doors.map(async (door) => {
        await sleep(warm, undefined, { signal: until });
        for (;;) {
          full.push(await knock(door, until));
          await sleep(knockEvery, undefined, { signal: until });
        }
      });
      const knocked = Promise.allSettled(knocking);
      await Promise.all(
        found.map(async (one, index) => {
          try {
            const counted = await this.#one(
              friends[index] as Friend,
              run,
              way,
              signal,
            );
            one[way] = Math.round(
              counted.bytes / (counted.milliseconds / 1000),
            );
          } catch (error) {
            signal.throwIfAborted();
            one.problem =
              error instanceof CoppiceError ? error.message : "It broke off.";
          }
        }),
      );
      over.abort();
      await knocked;
    }
    const sum = (way: Way): number =>
      found.reduce((total, one) => total + one[way], 0);
    return {
      at: Date.now(),
      down: sum("down"),
      up: sum("up"),
      idle: median(idle),
      full: median(full),
      friends: found,
    };
  }

  /** One stream, one way: of several in one connection yamux lets one have all of it. @throws RefusedError, UnreachableError, WireProtocolError */
  async #one(
    friend: Friend,
    run: Buffer,
    way: Way,
    signal: AbortSignal,
  ): Promise<Counted> {
    const connection = this.#direct(friend);
    if (!connection) throw new UnreachableError(friend.name);
    const stream = await connection.newStream(speedProtocol, { signal });
    const abort = (): void => stream.abort(new UnreachableError("This box"));
    signal.addEventListener("abort", abort, { once: true });
    try {
      const frames = new Frames(stream, piece);
      await frames.send(encodeCbor({ run, way }), signal);
      const { busy } = await next(frames, Consent);
      if (busy)
        throw new RefusedError(
          "busy",
          `${friend.name} has helped somebody within the last minute. Try again in a minute.`,
        );
      if (way === "down") return await receive(frames);
      const counted = next(frames, Counted);
      // It ends with the stream.
      pour(frames, signal).catch(() => {});
      return await counted;
    } finally {
      signal.removeEventListener("abort", abort);
      abort();
    }
  }

  /** A connection to a friend that goes through no other box. */
  #direct({ peer }: Friend): Connection | undefined {
    return this.#host
      .getConnections(peerIdFromString(peer))
      .find(({ limits }) => limits === undefined);
  }

  /** Whether a box may have the line now: each run has all of it, and rests after. */
  #admit(peer: string, run: Buffer): boolean {
    const now = performance.now();
    const last = this.#helped;
    if (last?.peer === peer && last.run.equals(run))
      return now < last.began + longest;
    if (last && now < last.began + rest) return false;
    this.#helped = { peer, run, began: now };
    return true;
  }
}

/** Sends until the other end breaks off. @throws UnreachableError */
async function pour(
  frames: Frames,
  signal: AbortSignal,
  gate?: Gate,
): Promise<never> {
  const bytes = randomBytes(piece);
  for (;;) await frames.send(bytes, signal, gate);
}

/** Counts what comes for a while. @throws UnreachableError, WireProtocolError */
async function receive(frames: Frames): Promise<Counted> {
  let first: number | undefined;
  let from = 0;
  let bytes = 0;
  for (;;) {
    const message = await frames.next();
    if (!message) throw new UnreachableError("The other box");
    const now = performance.now();
    first ??= now;
    if (now < first + warm) from = now;
    else bytes += message.length;
    if (now >= first + span) return { bytes, milliseconds: now - from };
  }
}

/** Where a friend's box listens. */
function doorOf({
  addresses,
}: Friend): { host: string; port: number } | undefined {
  for (const address of addresses) {
    const [, host, port] =
      /^\/ip[46]\/([^/]+)\/tcp\/(\d+)(?:\/p2p\/[^/]+)?$/.exec(address) ?? [];
    if (host !== undefined) return { host, port: Number(port) };
  }
  return undefined;
}

/** Milliseconds that a TCP handshake takes: beside what is sent, and not behind it in the same connection's buffers. */
async function knock(
  door: { host: string; port: number },
  ending: AbortSignal,
): Promise<number> {
  const started = performance.now();
  const socket = connect(door);
  try {
    await once(socket, "connect", {
      signal: AbortSignal.any([ending, AbortSignal.timeout(silent)]),
    });
    return performance.now() - started;
  } catch {
    ending.throwIfAborted();
    return silent;
  } finally {
    socket.destroy();
  }
}

async function next<S extends TSchema>(
  frames: Frames,
  schema: S,
): Promise<Static<S>> {
  return parseCbor(schema, await frames.nextWithin(longest), "a measurement");
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.at(sorted.length >> 1) ?? null;
}

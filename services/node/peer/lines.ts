import type { Connection, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { CoppiceError } from "../../shared/errors.ts";
import { type Answers, Caller, serveCalls } from "./calls.ts";
import { ClockError, StrangerError, UnreachableError } from "./errors.ts";
import { Frames } from "./frames.ts";
import { type Friend, friendId } from "./friend.ts";
import type { Friends } from "./friends.ts";
import { measureRoundTrips } from "./gauge.ts";
import {
  hearHello,
  largestHello,
  refuse,
  type Self,
  sayHello,
  type Visitor,
} from "./hello.ts";
import type { Host } from "./host.ts";
import {
  type Act,
  type Answer,
  callProtocol,
  type Priority,
  type Question,
} from "./messages.ts";
import type { Shaper } from "./shaper.ts";

const dialPatience = 20_000;
/** Milliseconds before a friend that did not answer is tried again: doubled each time. */
const retry = { first: 2000, last: 5 * 60_000 };
/** Milliseconds between looks at the lines, and between measured round trips. */
const lookEvery = 1000;
const pingEvery = 20_000;

/** What the lines need. */
export interface LineInit {
  host: Host;
  friends: Friends;
  upload: Shaper;
  self(): Promise<Self>;
  /** Takes in whoever comes: the friend that it is. @throws StrangerError */
  admit(visitor: Visitor): Promise<{ friend: Friend; proof?: Buffer }>;
  /** What to say beside the hello to a friend. */
  answersFor(id: string): Answers;
  /** Hears that a friend is there, or not any more. */
  onLine(id: string, online: boolean): void;
}

/** How it goes with one friend's line. */
interface Line {
  caller?: Promise<Caller>;
  failures: number;
  next: number;
  pinged: number;
  roundTrip?: number;
  online: boolean;
}

/** Keeps a line to each friend: dials, says hello, asks and answers. */
export class Lines implements AsyncDisposable {
  #init: LineInit;
  #lines = new Map<string, Line>();
  #ending = new AbortController();
  #running: Promise<void>;
  #gauging: Promise<void> | undefined;
  #serving = new Set<Promise<void>>();

  constructor(init: LineInit) {
    this.#init = init;
    this.#running = this.#run();
  }

  /** Whether a friend's box can be asked now. */
  isOnline(id: string): boolean {
    return this.#lines.get(id)?.online ?? false;
  }

  /** The last round trip, milliseconds. */
  roundTrip(id: string): number | undefined {
    return this.#lines.get(id)?.roundTrip;
  }

  /** Asks a friend. @throws UnreachableError, LateError, RefusedError, StrangerError, WireProtocolError */
  async ask<A extends Act>(
    id: string,
    act: A,
    question: Question<A>,
    priority: Priority,
    signal: AbortSignal,
    expected = 0,
  ): Promise<Answer<A>> {
    const caller = await this.#caller(id, signal);
    return await caller.ask(act, question, priority, signal, expected);
  }

  /** Tries a friend now, however often it has failed. */
  hurry(id: string): void {
    this.#line(id).next = 0;
  }

  /** Ends what goes on with a friend. */
  async cut(id: string): Promise<void> {
    const line = this.#lines.get(id);
    this.#lines.delete(id);
    const caller = await line?.caller?.catch(() => undefined);
    await caller?.[Symbol.asyncDispose]();
  }

  /**
   * Makes a first stream to a box that is known by address alone.
   * @param prove says what is added to the hello, for the other's libp2p key. @returns who it is
   */
  async introduce(
    addresses: readonly string[],
    prove: (peerKey: Buffer) => { invitation?: Buffer; proof?: Buffer },
    signal: AbortSignal,
  ): Promise<Visitor> {
    const connection = await this.#dial(addresses.map(multiaddr), signal);
    const { frames, visitor } = await this.#greet(connection, prove, signal);
    await frames.close();
    return visitor;
  }

  /** Answers a stream of the friends' protocol. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const serving = this.#serve(stream, connection).catch(() => {});
    this.#serving.add(serving);
    await serving;
    this.#serving.delete(serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#gauging;
    await Promise.all([...this.#lines.keys()].map((id) => this.cut(id)));
    await Promise.all(this.#serving);
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    const { signal } = this.#ending;
    const frames = new Frames(stream, largestHello);
    let friend: Friend;
    try {
      const visitor = await hearHello(frames, connection);
      const admitted = await this.#init.admit(visitor);
      friend = admitted.friend;
      await sayHello(
        frames,
        await this.#init.self(),
        admitted.proof ? { proof: admitted.proof } : {},
        signal,
      );
    } catch (error) {
      if (error instanceof StrangerError)
        await refuse(frames, error, signal).catch(() => {});
      await frames.close();
      return;
    }
    const id = friendId(friend);
    // Whoever came by itself can be reached: no need to wait for the next try.
    if (!this.isOnline(id)) this.hurry(id);
    await serveCalls(
      frames,
      this.#init.answersFor(id),
      this.#init.upload,
      signal,
    );
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const now = Date.now();
      for (const friend of this.#init.friends.all) {
        const id = friendId(friend);
        if (friend.phase === "expelled") continue;
        const line = this.#line(id);
        if (line.online && now >= line.pinged + pingEvery) {
          line.pinged = now;
          void this.#measure(id, line);
        } else if (!line.caller && now >= line.next)
          void this.#caller(id, signal).catch(() => {});
      }
      if (!this.#gauging && this.#init.upload.wasBusy())
        this.#gauging = this.#gauge(signal);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lookEvery);
        timer.unref();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  async #measure(id: string, line: Line): Promise<void> {
    const { signal } = this.#ending;
    const friend = this.#init.friends.get(id);
    if (!friend) return;
    const [connection] = this.#init.host.getConnections(
      peerIdFromString(friend.peer),
    );
    try {
      if (!connection) throw new UnreachableError(friend.name);
      const started = performance.now();
      const caller = await line.caller;
      if (!caller || caller.ended) throw new UnreachableError(friend.name);
      await caller.ask("ping", {}, "interactive", signal);
      line.roundTrip = performance.now() - started;
      this.#init.upload.learn(id, line.roundTrip);
    } catch {
      this.#down(id, line);
    }
  }

  async #gauge(signal: AbortSignal): Promise<void> {
    const { host, friends, upload } = this.#init;
    try {
      upload.measured(await measureRoundTrips(host, friends.all, signal));
    } catch {
      // It ends.
    }
    this.#gauging = undefined;
  }

  #line(id: string): Line {
    let line = this.#lines.get(id);
    if (!line) {
      line = { failures: 0, next: 0, pinged: 0, online: false };
      this.#lines.set(id, line);
    }
    return line;
  }

  /** A line that breaks is noticed at once, and not with the next question. */
  async #lost(id: string, caller: Caller): Promise<void> {
    const line = this.#lines.get(id);
    const present = await line?.caller?.catch(() => undefined);
    if (line && present === caller) this.#down(id, line);
  }

  #down(id: string, line: Line): void {
    const { caller } = line;
    delete line.caller;
    delete line.roundTrip;
    void caller
      ?.then(async (one) => await one[Symbol.asyncDispose]())
      .catch(() => {});
    line.failures++;
    line.next =
      Date.now() +
      Math.min(retry.last, retry.first * 2 ** Math.min(10, line.failures - 1));
    if (!line.online) return;
    line.online = false;
    this.#init.onLine(id, false);
  }

  async #caller(id: string, signal: AbortSignal): Promise<Caller> {
    const line = this.#line(id);
    const known = await line.caller?.catch(() => undefined);
    if (known && !known.ended) return known;
    if (known) this.#down(id, line);
    line.caller ??= this.#open(id);
    const opening = line.caller;
    try {
      const caller = await raceAbort(opening, signal);
      if (line.caller === opening && !line.online) {
        line.online = true;
        line.failures = 0;
        line.pinged = 0;
        this.#init.onLine(id, true);
      }
      return caller;
    } catch (error) {
      if (line.caller === opening && !signal.aborted) this.#down(id, line);
      throw error;
    }
  }

  async #open(id: string): Promise<Caller> {
    const friend = this.#init.friends.require(id);
    const signal = AbortSignal.any([
      this.#ending.signal,
      AbortSignal.timeout(dialPatience),
    ]);
    const connection = await this.#reach(friend, signal);
    const { frames, visitor } = await this.#greet(
      connection,
      () => ({}),
      signal,
    );
    if (!visitor.owner.equals(friend.owner)) {
      frames.stream.abort(new StrangerError("another box"));
      throw new StrangerError(
        `At the address of ${friend.name} another box answers.`,
      );
    }
    await this.#init.admit(visitor);
    const caller: Caller = new Caller(
      frames,
      friend.name,
      this.#init.upload,
      () => void this.#lost(id, caller),
    );
    return caller;
  }

  async #greet(
    connection: Connection,
    prove: (peerKey: Buffer) => { invitation?: Buffer; proof?: Buffer },
    signal: AbortSignal,
  ): Promise<{ frames: Frames; visitor: Visitor }> {
    const { publicKeyToProtobuf } = await import("@libp2p/crypto/keys");
    const key = connection.remotePeer.publicKey;
    if (!key) throw new StrangerError("The connection does not tell its key.");
    const stream = await connection.newStream(callProtocol, {
      signal,
      runOnLimitedConnection: true,
    });
    const frames = new Frames(stream, largestHello);
    try {
      await sayHello(
        frames,
        await this.#init.self(),
        prove(Buffer.from(publicKeyToProtobuf(key))),
        signal,
      );
      return { frames, visitor: await hearHello(frames, connection) };
    } catch (error) {
      stream.abort(error as Error);
      throw error;
    }
  }

  /** A connection to a friend: the one there is, by the addresses that are known, or where the DHT finds it. */
  async #reach(friend: Friend, signal: AbortSignal): Promise<Connection> {
    const { host } = this.#init;
    const peer = peerIdFromString(friend.peer);
    const addresses = friend.addresses.flatMap((text) => {
      const address = multiaddr(text);
      return text.endsWith(`/p2p/${friend.peer}`)
        ? [address]
        : [address.encapsulate(`/p2p/${friend.peer}`)];
    });
    await host.peerStore.merge(peer, {
      multiaddrs: addresses,
      tags: { "keep-alive-coppice": { value: 50 } },
    });
    try {
      return await host.dial(peer, { signal });
    } catch (error) {
      signal.throwIfAborted();
      const found = await host.peerRouting
        .findPeer(peer, { signal })
        .catch(() => undefined);
      if (found)
        return await this.#dial(
          found.multiaddrs.map((one) => one.encapsulate(`/p2p/${friend.peer}`)),
          signal,
        );
      throw new UnreachableError(friend.name, { cause: error });
    }
  }

  async #dial(
    addresses: Multiaddr[],
    signal: AbortSignal,
  ): Promise<Connection> {
    try {
      return await this.#init.host.dial(addresses, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CoppiceError) throw error;
      if (hasWrongDate(error)) throw new ClockError();
      throw new UnreachableError(
        `The box at ${addresses.map(String).join(" or ")}`,
        { cause: error },
      );
    }
  }
}

/** Whether TLS refused the other's certificate for its dates: those are drawn from a clock (libp2p TLS 1.0.0, certificate). */
function hasWrongDate(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const behind: unknown[] =
    error instanceof AggregateError ? error.errors : [error.cause];
  return (
    /certificate (is not valid yet|has expired)/.test(error.message) ||
    behind.some(hasWrongDate)
  );
}

async function raceAbort<T>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

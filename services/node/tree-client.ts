import { Readable } from "node:stream";
import { Type } from "typebox";
import type { ServiceClient } from "../shared/client.ts";
import {
  type Act,
  BinEntry,
  Entry,
  EntryDetails,
  EntryVersion,
  FoundNames,
  type ListQuery,
  Lock,
  type LockAct,
  type NameQuery,
  type PatchQuery,
  type ReadQuery,
  Room,
  shareHeader,
  TreeChange,
  VerifyLine,
  type WriteQuery,
} from "./tree/api.ts";

import { encodePieces, type Piece } from "./tree/pieces.ts";
/** Calls the storage node's block tree. Entries are named by a path that begins with a slash, or by their id. */
export class TreeClient {
  #client: ServiceClient;
  #headers: Record<string, string>;

  constructor(client: ServiceClient, headers: Record<string, string> = {}) {
    this.#client = client;
    this.#headers = headers;
  }

  /** The same tree, as whoever has a share's secret may see and change it. */
  as(secret: string): TreeClient {
    return new TreeClient(this.#client, { [shareHeader]: secret });
  }

  /** @throws CoppiceError: no-such-file, not-a-directory */
  async entry(at: string, signal?: AbortSignal): Promise<EntryDetails> {
    return await this.#client.call(
      EntryDetails,
      "GET",
      `/tree/entry?${query({ at })}`,
      { headers: this.#headers, signal },
    );
  }

  /** Entries of a directory behind a name, in the byte order of their names. */
  async list(wanted: ListQuery, signal?: AbortSignal): Promise<Entry[]> {
    return await this.#client.call(
      Type.Array(Entry),
      "GET",
      `/tree/list?${query(wanted)}`,
      { headers: this.#headers, signal },
    );
  }

  /** Entries by words that are in their names. @throws CoppiceError 403 for whoever may not see everything */
  async search(wanted: NameQuery, signal?: AbortSignal): Promise<FoundNames> {
    return await this.#client.call(
      FoundNames,
      "GET",
      `/tree/search?${query(wanted)}`,
      { headers: this.#headers, signal },
    );
  }

  /** As `list`, with everything that is known of each; at most 200. */
  async details(
    wanted: ListQuery,
    signal?: AbortSignal,
  ): Promise<EntryDetails[]> {
    return await this.#client.call(
      Type.Array(EntryDetails),
      "GET",
      `/tree/details?${query(wanted)}`,
      { headers: this.#headers, signal },
    );
  }

  /** Streams a file out, or a piece of it. @returns bytes that come, and that the whole has */
  async read(
    wanted: ReadQuery,
    signal?: AbortSignal,
  ): Promise<{ length: number; size: number; stream: Readable }> {
    const { headers, body } = await this.#client.raw(
      "GET",
      `/tree/content?${query(wanted)}`,
      { headers: this.#headers, signal },
    );
    return {
      length: Number(headers["content-length"]),
      size: Number(headers["x-coppice-size"]),
      stream: body,
    };
  }

  /** Streams a file in; it is durable when this resolves. @param size its bytes, where they are known. */
  async write(
    wanted: WriteQuery,
    stream: Readable,
    size?: number,
    signal?: AbortSignal,
  ): Promise<Entry> {
    return await this.#client.call(
      Entry,
      "PUT",
      `/tree/content?${query(wanted)}`,
      {
        stream,
        headers: {
          ...this.#headers,
          ...(size === undefined ? {} : { "x-coppice-size": String(size) }),
        },
        signal,
      },
    );
  }

  /** Replaces pieces of a file, which are in order of their places. @param bytes of each piece */
  async patch(
    wanted: PatchQuery,
    pieces: readonly Piece[],
    bytes: readonly Buffer[],
    signal?: AbortSignal,
  ): Promise<Entry> {
    const stream = Readable.from([encodePieces(pieces), ...bytes], {
      objectMode: false,
    });
    return await this.#client.call(
      Entry,
      "POST",
      `/tree/patch?${query(wanted)}`,
      { stream, headers: this.#headers, signal },
    );
  }

  /** Does something to an entry. @param durable whether to wait until it is safe. @returns the entry, where there is one after it */
  async act(
    act: Act,
    durable = true,
    signal?: AbortSignal,
  ): Promise<Entry | null> {
    return await this.#client.call(
      Type.Union([Entry, Type.Null()]),
      "POST",
      `/tree/act?durable=${durable}`,
      { body: act, headers: this.#headers, signal },
    );
  }

  /** Bytes of content that the disks have room for. */
  async room(signal?: AbortSignal): Promise<Room> {
    return await this.#client.call(Room, "GET", "/tree/room", {
      headers: this.#headers,
      signal,
    });
  }

  /** Resolves when everything so far is durable. */
  async flush(signal?: AbortSignal): Promise<void> {
    await (
      await this.#client.raw("POST", "/tree/flush", {
        headers: this.#headers,
        signal,
      })
    ).body.dump();
  }

  /** Locks an entry, renews the lock, or gives it back. */
  async lock(act: LockAct, signal?: AbortSignal): Promise<Lock | null> {
    return await this.#client.call(
      Type.Union([Lock, Type.Null()]),
      "POST",
      "/tree/lock",
      { body: act, headers: this.#headers, signal },
    );
  }

  /** The versions of a file, the newest first. */
  async history(at: string, signal?: AbortSignal): Promise<EntryVersion[]> {
    return await this.#client.call(
      Type.Array(EntryVersion),
      "GET",
      `/tree/history?${query({ at })}`,
      { headers: this.#headers, signal },
    );
  }

  async bin(signal?: AbortSignal): Promise<BinEntry[]> {
    return await this.#client.call(Type.Array(BinEntry), "GET", "/tree/bin", {
      signal,
    });
  }

  async snapshots(signal?: AbortSignal): Promise<Entry[]> {
    return await this.#client.call(
      Type.Array(Entry),
      "GET",
      "/tree/snapshots",
      { headers: this.#headers, signal },
    );
  }

  /** What happens at and beneath a path, until `signal` aborts. */
  watch(at: string, signal?: AbortSignal): AsyncGenerator<TreeChange> {
    return this.#client.lines(
      TreeChange,
      "GET",
      `/tree/watch?${query({ at })}`,
      { headers: this.#headers, signal },
    );
  }

  /** Walks a subtree and tells what is wrong in it. */
  verify(at: string, signal?: AbortSignal): AsyncGenerator<VerifyLine> {
    return this.#client.lines(
      VerifyLine,
      "GET",
      `/tree/verify?${query({ at })}`,
      { headers: this.#headers, signal },
    );
  }
}

/** A query string of those values that are there. */
export function query(
  values: Record<string, string | number | boolean | undefined>,
): string {
  return new URLSearchParams(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  ).toString();
}

import type { Readable } from "node:stream";
import { type Static, Type } from "typebox";
import { ServiceClient } from "../shared/client.ts";
import { socketPath } from "../shared/service.ts";
import { FriendsClient } from "./friends-client.ts";
import {
  Found,
  type HookCall,
  type Look,
  type Mail,
  Portal,
  type Publication,
  type Waking,
} from "./line/api.ts";
import { ObjectHealth, ObjectInfo } from "./store/object-info.ts";
import { ScrubReport, type StoreSettings, StoreState } from "./store/state.ts";
import {
  Box,
  NewShare,
  Request,
  Share,
  type ShareTerms,
  shareHeader,
} from "./tree/api.ts";
import { TreeClient } from "./tree-client.ts";

export { FriendsClient } from "./friends-client.ts";
export * from "./line/api.ts";
export * from "./peer/api.ts";
export * from "./store/object-info.ts";
export * from "./store/state.ts";
export * from "./tree/api.ts";
export { TreeClient } from "./tree-client.ts";

/** What the storage node says of itself. */
export const StorageState = Type.Object({
  rootKey: Type.Union([Type.String(), Type.Null()], {
    description: "principal of the root key, hex",
  }),
  disk: Type.Union([Type.String(), Type.Null()], {
    description: "UUID of a data disk",
  }),
  files: Type.Integer(),
  bytes: Type.Integer(),
  mended: Type.Integer({
    description: "fragments that were found damaged and written anew",
  }),
  lastMended: Type.Optional(
    Type.Number({ description: "milliseconds since 1970" }),
  ),
  failure: Type.Optional(
    Type.String({ description: "what is wrong with the disk" }),
  ),
});
export type StorageState = Static<typeof StorageState>;

const Base64 = Type.String({
  pattern: "^[A-Za-z0-9+/]*={0,2}$",
  maxLength: 2048,
});
/** What the owner signs to put a new TPM in a lost one's place; bytes in base64. */
export const ReEnrolmentQuestion = Type.Object({
  from: Base64,
  to: Base64,
  endorsement: Base64,
  at: Type.Integer({ minimum: 0 }),
});
/** What only the owner has: the root key's 24 words, or its backup with the passphrase. */
export const OwnerProof = Type.Union([
  Type.Object({ words: Type.String({ minLength: 1, maxLength: 1024 }) }),
  Type.Object({
    backup: Type.String({ minLength: 1, maxLength: 16384 }),
    passphrase: Type.String({ minLength: 8, maxLength: 1024 }),
  }),
]);
export type OwnerProof = Static<typeof OwnerProof>;

/** A COSE_Sign1 in base64. */
export const Signed = Type.Object({ bytes: Base64 });

/** What another service keeps in the tree. */
export const RecordName = Type.Union([
  Type.Literal("configuration"),
  Type.String({
    pattern: "^activity-\\d{4}-\\d\\d-\\d\\d$",
    description: "what was done on a day",
  }),
]);
/** Names of records. */
export const RecordNames = Type.Array(Type.String());
/** A record as text; null where nothing is kept. */
export const KeptRecord = Type.Object({
  text: Type.Union([Type.String(), Type.Null()]),
});

/** The backups of a root key: an age file, and 24 words. */
export const Backup = Type.Object({
  backup: Type.String(),
  words: Type.String(),
});
export type Backup = Static<typeof Backup>;

/** Calls the storage node. */
export class NodeClient implements AsyncDisposable {
  #client = new ServiceClient("node", socketPath("node"));
  /** The block tree. */
  readonly tree = new TreeClient(this.#client);
  /** Friends' boxes. */
  readonly friends = new FriendsClient(this.#client);

  async state(signal?: AbortSignal): Promise<StorageState> {
    return await this.#client.call(StorageState, "GET", "/state", { signal });
  }

  /** Makes the node look for a disk that was mounted. */
  async rescan(signal?: AbortSignal): Promise<StorageState> {
    return await this.#client.call(StorageState, "POST", "/rescan", {
      body: {},
      signal,
    });
  }

  /** Makes the root key; resolves to its backups. */
  async createRootKey(
    passphrase: string,
    signal?: AbortSignal,
  ): Promise<Backup> {
    return await this.#client.call(Backup, "POST", "/root-key", {
      body: { passphrase },
      signal,
    });
  }

  async restoreRootKeyFromWords(
    words: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#dump("POST", "/root-key/words", { words }, signal);
  }

  async restoreRootKey(
    backup: string,
    passphrase: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#dump(
      "POST",
      "/root-key/restore",
      { backup, passphrase },
      signal,
    );
  }

  /** Whether somebody has this box's root key. @throws BackupError */
  async provesOwner(proof: OwnerProof, signal?: AbortSignal): Promise<boolean> {
    const { owner } = await this.#client.call(
      Type.Object({ owner: Type.Boolean() }),
      "POST",
      "/root-key/proof",
      { body: proof, signal },
    );
    return owner;
  }

  /** Signs a re-enrolment with the owner's root key; resolves to a COSE_Sign1 in base64. */
  async signReEnrolment(
    question: Static<typeof ReEnrolmentQuestion>,
    signal?: AbortSignal,
  ): Promise<string> {
    return (
      await this.#client.call(Signed, "POST", "/root-key/re-enrolment", {
        body: question,
        signal,
      })
    ).bytes;
  }

  async forgetRootKey(signal?: AbortSignal): Promise<void> {
    await this.#dump("DELETE", "/root-key", undefined, signal);
  }

  /** What another service kept in the tree, and which came back with the root key; null for nothing. */
  async record(
    name: Static<typeof RecordName>,
    signal?: AbortSignal,
  ): Promise<string | null> {
    return (
      await this.#client.call(KeptRecord, "GET", `/records/${name}`, {
        signal,
      })
    ).text;
  }

  /** Keeps something in the tree, in place of what was there. @throws ConflictError where there is no tree yet */
  async keepRecord(
    name: Static<typeof RecordName>,
    text: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#dump("PUT", `/records/${name}`, { text }, signal);
  }

  /** Names of those records that begin so. */
  async recordNames(prefix: string, signal?: AbortSignal): Promise<string[]> {
    const query = new URLSearchParams({ prefix });
    return await this.#client.call(RecordNames, "GET", `/records?${query}`, {
      signal,
    });
  }

  /** Forgets a record; a missing one is fine. */
  async dropRecord(
    name: Static<typeof RecordName>,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#dump("DELETE", `/records/${name}`, undefined, signal);
  }

  /** Whether a captive portal stands before the Internet. */
  async portal(signal?: AbortSignal): Promise<Portal> {
    return await this.#client.call(Portal, "GET", "/line/portal", { signal });
  }

  /** Wakes a computer at home (Wake-on-LAN). */
  async wake(waking: Waking, signal?: AbortSignal): Promise<void> {
    await this.#dump("POST", "/line/wake", waking, signal);
  }

  /** Asks the Internet about a name or an address. @throws BadRequestError: no-such-name, no-look */
  async look(question: Look, signal?: AbortSignal): Promise<Found> {
    return await this.#client.call(Found, "POST", "/line/look", {
      body: question,
      signal,
    });
  }

  /** Sends an e-mail. @throws CoppiceError: not-delivered, unsafe */
  async sendMail(mail: Mail, signal?: AbortSignal): Promise<void> {
    await this.#dump("POST", "/line/mail", mail, signal);
  }

  /** Tells a program by HTTP. @throws CoppiceError: not-delivered */
  async callHook(call: HookCall, signal?: AbortSignal): Promise<void> {
    await this.#dump("POST", "/line/hook", call, signal);
  }

  /** Gives messages to a broker. @throws CoppiceError: not-delivered, unsafe */
  async publish(publication: Publication, signal?: AbortSignal): Promise<void> {
    await this.#dump("POST", "/line/publish", publication, signal);
  }

  /** Who was given what, those that ended too. */
  async shares(signal?: AbortSignal): Promise<Share[]> {
    return await this.#client.call(Type.Array(Share), "GET", "/shares", {
      signal,
    });
  }

  /**
   * Gives somebody a cap; its secret is told this once. @param by secret of the share of whom passes on what he has; the
   * owner without. @throws CoppiceError 403 where it would be more
   */
  async createShare(
    terms: ShareTerms,
    by?: string,
    signal?: AbortSignal,
  ): Promise<NewShare> {
    return await this.#client.call(NewShare, "POST", "/shares", {
      body: terms,
      headers: by === undefined ? {} : { [shareHeader]: by },
      signal,
    });
  }

  /** Takes a share back. */
  async revokeShare(id: string, signal?: AbortSignal): Promise<void> {
    await this.#dump("DELETE", `/shares/${id}`, undefined, signal);
  }

  /** Gives a share's holder a new link; the old one is void. */
  async renewShare(id: string, signal?: AbortSignal): Promise<NewShare> {
    return await this.#client.call(NewShare, "POST", `/shares/${id}/renew`, {
      signal,
    });
  }

  /** Which nodes sign in the owner's name. */
  async boxes(signal?: AbortSignal): Promise<Box[]> {
    return await this.#client.call(Type.Array(Box), "GET", "/boxes", {
      signal,
    });
  }

  /** Takes another node's cap back. @param principal hex. */
  async revokeBox(principal: string, signal?: AbortSignal): Promise<void> {
    await this.#dump("DELETE", `/boxes/${principal}`, undefined, signal);
  }

  /** What a secret opens. @throws CoppiceError: no-such-share, expired-cap, revoked-cap */
  async openShare(secret: string, signal?: AbortSignal): Promise<Share> {
    return await this.#client.call(Share, "POST", "/shares/open", {
      body: { secret },
      signal,
    });
  }

  /** Who asks to be allowed to write. */
  async shareRequests(signal?: AbortSignal): Promise<Request[]> {
    return await this.#client.call(
      Type.Array(Request),
      "GET",
      "/shares/requests",
      { signal },
    );
  }

  /** Asks the owner for the right to write. */
  async requestWrite(
    secret: string,
    words: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#dump("POST", "/shares/requests", { secret, words }, signal);
  }

  /** Allows what somebody asked for, or does not. @param id of the share. */
  async answerRequest(
    id: string,
    allow: boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#dump("POST", `/shares/requests/${id}`, { allow }, signal);
  }

  /** The disks, their use and the scrub. */
  async store(signal?: AbortSignal): Promise<StoreState> {
    return await this.#client.call(StoreState, "GET", "/store", { signal });
  }

  async configureStore(
    settings: StoreSettings,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#dump("PUT", "/store/settings", settings, signal);
  }

  /** Reads and mends everything; resolves when that is done. */
  async scrub(signal?: AbortSignal): Promise<ScrubReport> {
    return await this.#client.call(ScrubReport, "POST", "/store/scrub", {
      signal,
    });
  }

  /** Makes the index anew from the packs. */
  async reindex(signal?: AbortSignal): Promise<void> {
    await this.#dump("POST", "/store/reindex", undefined, signal);
  }

  /** Begins or ends to empty a disk. */
  async drainDisk(
    uuid: string,
    drain: boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#dump("POST", `/store/disks/${uuid}/drain`, { drain }, signal);
  }

  /** Makes the node do without a disk that is empty or gone. */
  async forgetDisk(uuid: string, signal?: AbortSignal): Promise<void> {
    await this.#dump("DELETE", `/store/disks/${uuid}`, undefined, signal);
  }

  /** Stores what comes under a new id. */
  async putObject(
    code: { k: number; m: number },
    stream: Readable,
    signal?: AbortSignal,
  ): Promise<ObjectInfo> {
    return await this.#client.call(
      ObjectInfo,
      "POST",
      `/objects?k=${code.k}&m=${code.m}`,
      { stream, signal },
    );
  }

  /** Streams an object out, or its bytes from `start` to before `end`. */
  async getObject(
    id: string,
    range: { start?: number; end?: number },
    signal?: AbortSignal,
  ): Promise<{ size: number; stream: Readable }> {
    const query = new URLSearchParams(
      Object.entries(range).map(([name, value]) => [name, String(value)]),
    );
    const { headers, body } = await this.#client.raw(
      "GET",
      `/objects/${id}?${query}`,
      { signal },
    );
    return { size: Number(headers["content-length"]), stream: body };
  }

  async object(id: string, signal?: AbortSignal): Promise<ObjectHealth> {
    return await this.#client.call(ObjectHealth, "GET", `/objects/${id}/info`, {
      signal,
    });
  }

  async removeObject(id: string, signal?: AbortSignal): Promise<void> {
    await this.#dump("DELETE", `/objects/${id}`, undefined, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  async #dump(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<void> {
    const answer = await this.#client.raw(method, path, { body, signal });
    await answer.body.dump();
  }
}

/** A fragment store in this process, on folders of this machine; the key file is made where there is none. */
export async function openStoreHere(
  folders: readonly string[],
  keyFile: string,
  onError: (error: unknown) => void,
): Promise<import("./store/here.ts").StoreHere> {
  // Only who wants it loads the index and the coder.
  const { StoreHere } = await import("./store/here.ts");
  return await StoreHere.open(folders, keyFile, onError);
}

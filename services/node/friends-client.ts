import type { Static, TSchema } from "typebox";
import { Type } from "typebox";
import type { ServiceClient } from "../shared/client.ts";
import {
  AuditResult,
  ContractExport,
  type FriendChange,
  type FriendSettings,
  FriendsState,
  type InvitationTerms,
  type Joining,
  NewInvitation,
  Recovery,
  Speed,
} from "./peer/api.ts";

/** Calls the storage node about friends. */
export class FriendsClient {
  #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  async state(signal?: AbortSignal): Promise<FriendsState> {
    return await this.#ask(FriendsState, "GET", "/friends", undefined, signal);
  }

  async invite(
    terms: InvitationTerms,
    signal?: AbortSignal,
  ): Promise<NewInvitation> {
    return await this.#ask(
      NewInvitation,
      "POST",
      "/friends/invitations",
      terms,
      signal,
    );
  }

  async withdraw(id: string, signal?: AbortSignal): Promise<void> {
    await this.#do("DELETE", `/friends/invitations/${id}`, undefined, signal);
  }

  async join(body: Joining, signal?: AbortSignal): Promise<{ id: string }> {
    return await this.#ask(
      Type.Object({ id: Type.String() }),
      "POST",
      "/friends/join",
      body,
      signal,
    );
  }

  async change(
    id: string,
    change: FriendChange,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#do("PATCH", `/friends/${id}`, change, signal);
  }

  async forget(id: string, signal?: AbortSignal): Promise<void> {
    await this.#do("DELETE", `/friends/${id}`, undefined, signal);
  }

  async audit(id: string, signal?: AbortSignal): Promise<AuditResult> {
    return await this.#ask(
      AuditResult,
      "POST",
      `/friends/${id}/audit`,
      {},
      signal,
    );
  }

  async contracts(id: string, signal?: AbortSignal): Promise<ContractExport> {
    return await this.#ask(
      ContractExport,
      "GET",
      `/friends/${id}/contracts`,
      undefined,
      signal,
    );
  }

  /** Measures the line with all friends at once; takes half a minute. @throws ConflictError: measuring, nobody-there */
  async speed(signal?: AbortSignal): Promise<Speed> {
    return await this.#ask(Speed, "POST", "/friends/speed", {}, signal);
  }

  async configure(
    settings: FriendSettings,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#do("PUT", "/friends/settings", settings, signal);
  }

  async promise(
    path: string,
    losses: number | null,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#do("PUT", "/friends/protection", { path, losses }, signal);
  }

  async recover(address: string, signal?: AbortSignal): Promise<Recovery> {
    return await this.#ask(
      Recovery,
      "POST",
      "/friends/recover",
      { address },
      signal,
    );
  }

  async #ask<S extends TSchema>(
    schema: S,
    method: "GET" | "POST",
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<Static<S>> {
    return await this.#client.call(schema, method, path, { body, signal });
  }

  async #do(
    method: "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<void> {
    const answer = await this.#client.raw(method, path, { body, signal });
    await answer.body.dump();
  }
}

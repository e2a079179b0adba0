import { type Static, Type } from "typebox";
import { ServiceClient } from "../shared/client.ts";
import { socketPath } from "../shared/service.ts";

/** What the TPM says of itself. */
export const TpmState = Type.Object({
  present: Type.Boolean(),
  manufacturer: Type.String(),
  vendor: Type.String(),
  firmware: Type.String(),
  specification: Type.String(),
});
export type TpmState = Static<typeof TpmState>;

/** Calls the identity service. */
export class IdentityClient implements AsyncDisposable {
  #client = new ServiceClient("identity", socketPath("identity"));

  /** The TPM's maker and state. */
  async tpm(signal?: AbortSignal): Promise<TpmState> {
    return await this.#client.call(TpmState, "GET", "/tpm", { signal });
  }

  /** Resolves where `code` is the setup code. @throws CoppiceError 403, 409, 429 as SetupCode.verify. */
  async verifySetupCode(code: string, signal?: AbortSignal): Promise<void> {
    const answer = await this.#client.raw("POST", "/setup-code/verify", {
      body: { code },
      signal,
    });
    await answer.body.dump();
  }

  /** Forgets the setup code: the box has an owner. */
  async retireSetupCode(signal?: AbortSignal): Promise<void> {
    const answer = await this.#client.raw("POST", "/setup-code/retire", {
      body: {},
      signal,
    });
    await answer.body.dump();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { Mutex } from "../../shared/mutex.ts";
import { invitationId } from "./invitation.ts";

const day = 86_400_000;
const lifetime = 3 * day;
const mostOpen = 50;
/** Wrong proofs for one invitation, after which it is void: somebody else is trying. */
const mostWrong = 5;

const Open = Type.Object({
  /** Hex of 9 bytes. */
  secret: Type.String(),
  /** Whom it is for, in the owner's words. */
  name: Type.String({ maxLength: 64 }),
  /** Bytes that this box will keep for the friend, and that it will ask for. */
  offer: Type.Number(),
  wish: Type.Number(),
  /** Milliseconds since 1970. */
  expires: Type.Number(),
  wrong: Type.Number(),
});
export type OpenInvitation = Static<typeof Open>;
const File = Type.Array(Open, { maxItems: 1000 });

/** Invitations that nobody has used yet; each is good for one friend and three days. */
export class Invitations {
  #path: string;
  #open: OpenInvitation[];
  #queue = new Mutex();

  private constructor(path: string, open: OpenInvitation[]) {
    this.#path = path;
    this.#open = open;
  }

  /** @param folder of the node's own state: the secrets are in it. */
  static async load(folder: string): Promise<Invitations> {
    const path = join(folder, "invitations.json");
    return new Invitations(path, (await readJson(File, path)) ?? []);
  }

  /** Those that are still good. */
  list(now = Date.now()): readonly OpenInvitation[] {
    return this.#open.filter(
      ({ expires, wrong }) => expires > now && wrong < mostWrong,
    );
  }

  async add(
    secret: Buffer,
    { name, offer, wish }: { name: string; offer: number; wish: number },
  ): Promise<OpenInvitation> {
    const fresh: OpenInvitation = {
      secret: secret.toString("hex"),
      name,
      offer,
      wish,
      expires: Date.now() + lifetime,
      wrong: 0,
    };
    await this.#save((open) => [...open, fresh].slice(-mostOpen));
    return fresh;
  }

  /** The invitation with this id. @param id 8 bytes */
  find(id: Uint8Array): OpenInvitation | undefined {
    return this.list().find(({ secret }) =>
      invitationId(Buffer.from(secret, "hex")).equals(id),
    );
  }

  /** Counts a wrong proof. */
  async miss({ secret }: OpenInvitation): Promise<void> {
    await this.#save((open) =>
      open.map((one) =>
        one.secret === secret ? { ...one, wrong: one.wrong + 1 } : one,
      ),
    );
  }

  /** It was used, or the owner takes it back. @param secret hex */
  async remove(secret: string): Promise<void> {
    await this.#save((open) => open.filter((one) => one.secret !== secret));
  }

  async #save(
    change: (open: OpenInvitation[]) => OpenInvitation[],
  ): Promise<void> {
    await this.#queue.run(async () => {
      const now = Date.now();
      const open = change(this.#open).filter(({ expires }) => expires > now);
      await writeDurable(this.#path, JSON.stringify(open));
      this.#open = open;
    });
  }
}

import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { ConflictError, NotFoundError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";

/** An API token as the owner sees it; its secret is shown once. */
export const Token = Type.Object({
  id: Type.String(),
  name: Type.String(),
  created: Type.Integer({ description: "milliseconds since 1970" }),
});
export type Token = Static<typeof Token>;

const Stored = Type.Object({
  tokens: Type.Array(Type.Interface([Token], { hash: Type.String() })),
});
const prefix = "coppice_";

/** Tokens for scripts, kept by the hash of their secret. */
export class Tokens {
  #file: string;
  #tokens: Static<typeof Stored>["tokens"];
  #queue = new Mutex();

  private constructor(file: string, tokens: Static<typeof Stored>["tokens"]) {
    this.#file = file;
    this.#tokens = tokens;
  }

  /** @param folder the admin's state. */
  static async load(folder: string): Promise<Tokens> {
    const file = join(folder, "tokens.json");
    return new Tokens(file, (await readJson(Stored, file))?.tokens ?? []);
  }

  list(): Token[] {
    return this.#tokens.map(({ id, name, created }) => ({ id, name, created }));
  }

  /** Makes a token. @throws ConflictError beyond 100. */
  async create(name: string): Promise<{ token: Token; secret: string }> {
    return await this.#queue.run(async () => {
      if (this.#tokens.length >= 100)
        throw new ConflictError(
          "There are 100 tokens already. Delete those that nothing uses.",
          "too-many-tokens",
        );
      const secret = prefix + randomBytes(32).toString("base64url");
      const token = { id: crypto.randomUUID(), name, created: Date.now() };
      await this.#save([...this.#tokens, { ...token, hash: digest(secret) }]);
      return { token, secret };
    });
  }

  /** @returns what it was. @throws NotFoundError */
  async remove(id: string): Promise<Token> {
    return await this.#queue.run(async () => {
      const [found] = this.#tokens.filter((token) => token.id === id);
      if (!found)
        throw new NotFoundError(
          "There is no token with that id.",
          "no-such-token",
        );
      await this.#save(this.#tokens.filter((token) => token !== found));
      return found;
    });
  }

  /** Whose secret this is; `undefined` where it is no token's. Compared by hash, so timing tells nothing of the secret. */
  find(secret: string): Token | undefined {
    const hash = digest(secret);
    return this.#tokens.find((token) => token.hash === hash);
  }

  async #save(tokens: Static<typeof Stored>["tokens"]): Promise<void> {
    await writeDurable(this.#file, JSON.stringify({ tokens }));
    this.#tokens = tokens;
  }
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { ConflictError, NotFoundError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import { Tries } from "../../shared/tries.ts";
import type { Guests } from "./guests.ts";
import { SignInError } from "./owner.ts";
import { openUnder, SealedSecret, sealUnder } from "./password.ts";

/** Somebody who signs in beside the owner, and has what was shared with him. */
export const Person = Type.Object({
  id: Type.String({ format: "uuid" }),
  name: Type.String({
    maxLength: 64,
    pattern:
      "^[^\\u0000-\\u001f\\u007f]*[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]*$",
  }),
  share: Type.String({ pattern: "^[0-9a-f]{32}$" }),
  made: Type.Integer({ description: "milliseconds since 1970" }),
});
export type Person = Static<typeof Person>;

const Stored = Type.Array(
  Type.Object({ ...Person.properties, sealed: SealedSecret }),
);
type Stored = Static<typeof Stored>;

/** People of one household. */
const most = 100;

/** People with a name and a password of their own. What they may do is what their share's caps say; its secret opens by their password alone. */
export class People {
  readonly #file: string;
  /** Those who are in; somebody who is taken out is shown the door. */
  readonly #guests: Guests;
  readonly #tries = new Map<string, Tries>();
  readonly #queue = new Mutex();
  #people: Stored;

  private constructor(file: string, guests: Guests, people: Stored) {
    this.#file = file;
    this.#guests = guests;
    this.#people = people;
  }

  /** @param folder the admin's state */
  static async load(folder: string, guests: Guests): Promise<People> {
    const file = join(folder, "people.json");
    return new People(file, guests, (await readJson(Stored, file)) ?? []);
  }

  list(): Person[] {
    return this.#people.map(({ id, name, share, made }) => ({
      ...{ id, name, share, made },
    }));
  }

  /** Whether somebody has this name. */
  has(name: string): boolean {
    return this.#named(name) !== undefined;
  }

  /** The name of whom a share is. @param share its id */
  nameOf(share: string): string | undefined {
    return this.#people.find((one) => one.share === share)?.name;
  }

  /** Gives whoever holds a share's secret a name and a password, durably. @throws ConflictError where he has one, the name is somebody's, or there are too many; BadRequestError for a weak password */
  async add(
    name: string,
    password: string,
    { share, secret }: { share: string; secret: string },
  ): Promise<Person> {
    const plain = name.trim();
    return await this.#queue.run(async () => {
      if (this.has(plain))
        throw new ConflictError(
          `Somebody is called ${plain} here already. Take another name.`,
          "name-taken",
        );
      if (this.#people.some((one) => one.share === share))
        throw new ConflictError(
          "This link has a name and a password already: sign in with them.",
          "account-there",
        );
      if (this.#people.length >= most)
        throw new ConflictError(
          `There are ${most} people. The owner has to remove somebody first.`,
          "too-many-people",
        );
      const sealed = await sealUnder(password, secret);
      const person = {
        ...{ id: randomUUID(), name: plain, share },
        made: Date.now(),
      };
      await this.#keep([...this.#people, { ...person, sealed }]);
      return person;
    });
  }

  /** Somebody's name as it was taken, and the secret of the share. @throws SignInError (401 wrong, 429 too early) */
  async open(
    name: string,
    password: string,
  ): Promise<{ name: string; secret: string }> {
    return await this.#queue.run(async () => {
      const person = this.#named(name);
      if (!person) throw wrongPassword(0);
      const tries = this.#tries.get(person.id) ?? new Tries();
      this.#tries.set(person.id, tries);
      if (tries.wait > 0)
        throw new SignInError(
          429,
          "too-many-tries",
          `Too many wrong passwords. Wait ${Math.ceil(tries.wait)} seconds, then try again.`,
          { retryAfter: tries.wait },
        );
      const secret = await openUnder(password, person.sealed);
      if (secret === undefined) throw wrongPassword(tries.wrong());
      tries.right();
      return { name: person.name, secret };
    });
  }

  /** Gives somebody another password, durably. @returns the name as it was taken. @throws SignInError, BadRequestError for a weak one */
  async change(
    called: string,
    password: string,
    fresh: string,
  ): Promise<string> {
    const { name, secret } = await this.open(called, password);
    await this.#queue.run(async () => {
      const sealed = await sealUnder(fresh, secret);
      await this.#keep(
        this.#people.map((one) =>
          one.name === name ? { ...one, sealed } : one,
        ),
      );
    });
    return name;
  }

  /** Takes somebody's name and password away, durably, and shows him the door; his link stays as it is. @returns his name. @throws NotFoundError */
  async remove(id: string): Promise<string> {
    return await this.#queue.run(async () => {
      const person = this.#people.find((one) => one.id === id);
      if (!person)
        throw new NotFoundError("Nobody like that is here.", "no-such-person");
      await this.#keep(this.#people.filter((one) => one !== person));
      this.#tries.delete(id);
      this.#guests.dismiss(person.share);
      return person.name;
    });
  }

  /** Takes away the names of whose shares these were. Whoever is in stays there, for the node to tell him that they were taken back. */
  async forget(shares: readonly string[]): Promise<void> {
    await this.#queue.run(async () => {
      const kept = this.#people.filter(({ share }) => !shares.includes(share));
      if (kept.length < this.#people.length) await this.#keep(kept);
    });
  }

  #named(name: string): Stored[number] | undefined {
    const plain = name.trim().toLowerCase();
    return this.#people.find((one) => one.name.toLowerCase() === plain);
  }

  async #keep(people: Stored): Promise<void> {
    await writeDurable(this.#file, JSON.stringify(people));
    this.#people = people;
  }
}

/** @param wait seconds until the next try counts */
function wrongPassword(wait: number): SignInError {
  return new SignInError(
    401,
    "wrong-password",
    "Name or password are not right.",
    wait > 0 ? { retryAfter: wait } : {},
  );
}

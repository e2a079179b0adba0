import { readRevocations, signRevocations } from "./capability.ts";
import { Records } from "./records.ts";
import type { Tree } from "./tree.ts";

/** The owner's signed list of what was taken back. */
export class Revocations {
  /** The name of the record. */
  static readonly record = "revoked";
  #tree: Tree;
  #records: Records;
  #number = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#records = new Records(tree);
  }

  /** Takes in the list that is kept. @throws ForgedError */
  async load(): Promise<void> {
    const list = await this.#records.read(Revocations.record);
    if (!list) return;
    const { number, revoked } = readRevocations(list, this.#tree.root.person);
    this.#number = number;
    this.#tree.revoked = revoked;
  }

  /** Whether one of these serials of caps, or principals, hex, was taken back. */
  has(...names: string[]): boolean {
    return names.some((one) => this.#tree.revoked.has(one));
  }

  /** Takes a cap back from now on. @param serial hex. */
  async add(serial: string): Promise<void> {
    await this.addAll(new Map([[serial, Date.now()]]));
  }

  /** Takes several back. @param more since when, by serial of a cap or principal, hex */
  async addAll(more: ReadonlyMap<string, number>): Promise<void> {
    const revoked = new Map([...more, ...this.#tree.revoked]);
    await this.#records.write(
      Revocations.record,
      signRevocations(this.#tree.root.person, ++this.#number, revoked),
    );
    this.#tree.revoked = revoked;
  }
}

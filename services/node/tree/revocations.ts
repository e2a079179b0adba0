import { readRevocations, signRevocations } from "./capability.ts";
import { Records } from "./records.ts";
import type { Tree } from "./tree.ts";

const name = "revoked";

/** The owner's signed list of what was taken back. */
export class Revocations {
  #tree: Tree;
  #records: Records;
  #number = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#records = new Records(tree);
  }

  /** Takes in the list that is kept. @throws ForgedError */
  async load(): Promise<void> {
    const list = await this.#records.read(name);
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
    const revoked = new Map(this.#tree.revoked).set(serial, Date.now());
    await this.#records.write(
      name,
      signRevocations(this.#tree.root.person, ++this.#number, revoked),
    );
    this.#tree.revoked = revoked;
  }
}

import { type Actor, demand, type Right, verifyChain } from "./capability.ts";
import { LoopError, NotDirectoryError, ReadOnlyError } from "./errors.ts";
import type { Locks } from "./locks.ts";
import type { Node } from "./node-row.ts";
import type { Place, Places } from "./places.ts";
import type { RootKey } from "./rootkey.ts";

/** Whether somebody may do something now. */
export class Guard {
  /** What was taken back, as the owner's signed list says. */
  revoked: ReadonlyMap<string, number> = new Map();
  #places: Places;
  #locks: Locks;
  #root: RootKey;

  constructor(places: Places, locks: Locks, root: RootKey) {
    this.#places = places;
    this.#locks = locks;
    this.#root = root;
  }

  /** @throws NoRightError, ExpiredCapError, RevokedCapError where an actor's caps do not give a right at an entry */
  authorize(actor: Actor, right: Right, id: Buffer): void {
    if (
      actor.chain.length === 0 &&
      actor.person.principal.equals(this.#root.principal)
    )
      return;
    const now = Date.now();
    const grant = verifyChain(
      actor.chain,
      this.#root.person,
      now,
      this.revoked,
    );
    demand(grant, right, this.#places.pathOf(id));
  }

  /** @throws RefusedError, ReadOnlyError, LockedError where this actor may not write an entry now */
  mayWrite(node: Node, actor: Actor, token: number | undefined): void {
    this.authorize(actor, "write", node.id);
    this.#refuseReadOnly(node.id);
    if (this.#locks.of(node.id) || token !== undefined)
      this.#locks.check(node.id, this.#places.pathOf(node.id), token);
  }

  /** The directory at a place, where an actor may write. @throws NotDirectoryError and as `mayWrite` */
  writable(place: Place, actor: Actor): Node {
    const node = this.#places.find(place);
    if (node.kind !== "directory")
      throw new NotDirectoryError(this.#places.pathOf(node.id));
    this.mayWrite(node, actor, undefined);
    return node;
  }

  /** @throws LoopError, ReadOnlyError where an entry cannot go there */
  refuseLoop(node: Node, to: Node): void {
    this.refuseSystem(node);
    if (this.#places.isBeneath(to.id, node.id))
      throw new LoopError(this.#places.pathOf(node.id));
  }

  /** @throws ReadOnlyError where an entry is one of the tree's own */
  refuseSystem(node: Node): void {
    if (node.id.equals(this.#places.rootId) || this.#places.isSystem(node.id))
      throw new ReadOnlyError(this.#places.pathOf(node.id));
  }

  #refuseReadOnly(id: Buffer): void {
    if (
      this.#places.isBeneath(id, this.#places.systemId("snapshots")) ||
      this.#places.isBeneath(id, this.#places.systemId("bin"))
    )
      throw new ReadOnlyError(this.#places.pathOf(id));
  }
}

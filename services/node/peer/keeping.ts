import type { CoseSigner } from "../../shared/cose.ts";
import { Mutex } from "../../shared/mutex.ts";
import { fragmentLength } from "../store/coding.ts";
import type { NewFragment } from "../store/disk-store.ts";
import type { ForeignFragments } from "../store/foreign.ts";
import { leafCount, merkleRoot, proveLeaf } from "../store/merkle.ts";
import type { OrderedIndex } from "../store/ordered-index.ts";
import type { Place } from "../store/record.ts";
import type { PlacedRow } from "../store/rows.ts";
import { readContract } from "./contract.ts";
import { RefusedError } from "./errors.ts";
import { accountOf, type Friend } from "./friend.ts";
import type { Answer, FragmentTuple, Question } from "./messages.ts";
import { batchRoot, receiptHash, signReceipt } from "./receipt.ts";

/** Bytes of audits that one friend may have in a minute, whatever the contract says for a day. */
const listLimit = 2000;

/** What this box keeps for friends, and how it answers for it. */
export class Keeping {
  #foreign: ForeignFragments;
  #index: OrderedIndex<"issued">;
  #signer: () => CoseSigner;
  #node: () => Buffer;
  #issuing = new Mutex();
  /** Bytes of audits given today, by friend. */
  #audited = new Map<string, { day: number; bytes: number }>();

  /** @param index remembers the last receipt for each friend. @param signer signs receipts. @param node principal of this box */
  constructor(
    foreign: ForeignFragments,
    index: OrderedIndex<"issued">,
    signer: () => CoseSigner,
    node: () => Buffer,
  ) {
    this.#foreign = foreign;
    this.#index = index;
    this.#signer = signer;
    this.#node = node;
  }

  /**
   * Keeps a batch; durable when it resolves, with the receipt in this box's own ledger before it leaves.
   * @throws RefusedError, QuotaError, DiskFullError, DiskError
   */
  async put(
    friend: Friend,
    { fragments }: Question<"put">,
  ): Promise<Answer<"put">> {
    const contract = contractOf(friend);
    // A contract of the box before this one binds that box: receipts name who keeps it.
    if (
      !contract ||
      contract.until < Date.now() ||
      !this.#node().equals(contract.provider)
    )
      throw new RefusedError(
        "no-contract",
        "There is no contract under which this could be kept.",
      );
    const account = accountOf(friend.owner);
    const created = Date.now();
    const fresh = fragments.map(([tuple, bytes]) =>
      checked(account, tuple, Buffer.from(bytes), created),
    );
    // What is there already is sent again after a connection broke: it needs no room.
    const missing = fresh.filter(
      (one) => !this.#foreign.row(one)?.name.equals(one.name),
    );
    if (missing.length > 0) await this.#foreign.put(account, missing);
    const receipt = await this.#issue(friend, contract, fragments);
    return { receipt };
  }

  /** One fragment, checked against its name. @throws RefusedError where it is not here */
  async get(
    friend: Friend,
    { place }: Question<"get">,
  ): Promise<Answer<"get">> {
    const found = await this.#foreign.get(placeOf(friend, place));
    if (!found)
      throw new RefusedError("not-here", "That fragment is not on this box.");
    return {
      fragment: tupleOf({ ...placeOf(friend, place), row: found.row }),
      bytes: found.bytes,
    };
  }

  /** What is kept for a friend, in order. */
  list(friend: Friend, { after, limit }: Question<"list">): Answer<"list"> {
    const most = Math.min(limit, listLimit);
    const rows = this.#foreign.after(
      accountOf(friend.owner),
      after ? placeOf(friend, after) : undefined,
      most,
    );
    return { fragments: rows.map(tupleOf), done: rows.length < most };
  }

  /** Forgets what a friend does not need any more. */
  async drop(
    friend: Friend,
    { places }: Question<"drop">,
  ): Promise<Answer<"drop">> {
    const dropped = await this.#foreign.remove(
      places.map((place) => placeOf(friend, place)),
    );
    return { dropped };
  }

  /** Proves that leaves are here; an honest "not here" is no lie. @throws RefusedError beyond the contract's budget */
  async audit(
    friend: Friend,
    { nonce, leaves }: Question<"audit">,
    signal: AbortSignal,
  ): Promise<Answer<"audit">> {
    this.#charge(friend, leaves.length * 17_000);
    const answers: Answer<"audit">["leaves"] = [];
    for (const [place, number] of leaves) {
      signal.throwIfAborted();
      const found = await this.#foreign.get(placeOf(friend, place));
      if (!found || number >= leafCount(found.bytes.length)) {
        answers.push(null);
        continue;
      }
      const { leaf, path } = proveLeaf(found.bytes, number);
      answers.push([leaf, path]);
    }
    return { nonce, leaves: answers };
  }

  #charge(friend: Friend, bytes: number): void {
    const day = Math.floor(Date.now() / 86_400_000);
    const id = Buffer.from(friend.owner).toString("hex");
    const before = this.#audited.get(id);
    const sum = (before?.day === day ? before.bytes : 0) + bytes;
    if (sum > (contractOf(friend)?.audits ?? 0))
      throw new RefusedError(
        "audit-budget",
        "That is more audits a day than the contract allows.",
      );
    this.#audited.set(id, { day, bytes: sum });
  }

  async #issue(
    friend: Friend,
    contract: { id: Uint8Array; provider: Uint8Array },
    fragments: Question<"put">["fragments"],
  ): Promise<Buffer> {
    return await this.#issuing.run(async () => {
      const key = accountOf(friend.owner);
      const last = this.#index.get("issued", key);
      const number = last ? last.readUIntBE(0, 6) + 1 : 1;
      const receipt = await signReceipt(
        {
          contract: contract.id,
          provider: contract.provider,
          owner: friend.owner,
          number,
          previous: last ? last.subarray(6) : Buffer.alloc(0),
          root: batchRoot(fragments.map(([tuple]) => tuple)),
          count: fragments.length,
          bytes: fragments.reduce((sum, [, bytes]) => sum + bytes.length, 0),
          at: Date.now(),
        },
        this.#signer(),
      );
      const row = Buffer.alloc(6);
      row.writeUIntBE(number, 0, 6);
      await this.#index.commit([
        {
          table: "issued",
          key,
          value: Buffer.concat([row, receiptHash(receipt)]),
        },
      ]);
      return receipt;
    });
  }
}

/** The contract under which something is kept for a friend. */
function contractOf(friend: Friend) {
  return friend.theirs ? readContract(friend.theirs).contract : undefined;
}

function placeOf(
  friend: Friend,
  [block, segment, index]: readonly [Uint8Array, number, number],
): Place {
  return {
    account: accountOf(friend.owner),
    block: Buffer.from(block),
    segment,
    index,
  };
}

/** @throws RefusedError where a fragment is not what is said of it */
function checked(
  account: Buffer,
  [block, segment, index, k, m, segmentLength, name]: FragmentTuple,
  bytes: Buffer,
  created: number,
): NewFragment {
  const length = fragmentLength({ k, m, segmentLength });
  if (k + m > 255 || index >= k + m || bytes.length !== length)
    throw new RefusedError("bad-fragment", "A fragment has another length.");
  if (!merkleRoot(bytes).equals(name))
    throw new RefusedError(
      "wrong-name",
      "A fragment did not arrive as it was sent. Send it again.",
    );
  return {
    account,
    block: Buffer.from(block),
    segment,
    index,
    k,
    m,
    segmentLength,
    length,
    created,
    expires: 0,
    name: Buffer.from(name),
    bytes,
  };
}

/** What a row says, as the wire has it. */
export function tupleOf({
  block,
  segment,
  index,
  row,
}: PlacedRow): FragmentTuple {
  const { k, m, segmentLength, name } = row;
  return [block, segment, index, k, m, segmentLength, name];
}

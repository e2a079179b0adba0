import { publicKeyToProtobuf } from "@libp2p/crypto/keys";
import { peerIdFromString } from "@libp2p/peer-id";
import { CoppiceError } from "../../shared/errors.ts";
import type { OrderedIndex } from "../store/ordered-index.ts";
import type { Friend } from "./friend.ts";
import type { Host } from "./host.ts";
import type { FragmentTuple } from "./messages.ts";
import { batchRoot, openReceipt, receiptHash } from "./receipt.ts";

const numberBytes = 6;

/** A friend signed for something else than what was sent. */
export class WrongReceiptError extends CoppiceError {
  override name = "WrongReceiptError";
  constructor(what: string) {
    super(502, "wrong-receipt", what);
  }
}

/** The receipts that friends gave, checked, each in its place behind the one before. */
export class Receipts {
  #index: OrderedIndex<"receipts">;
  #owner: Buffer;
  #host: () => Host;

  /** @param owner principal of this box's owner. */
  constructor(
    index: OrderedIndex<"receipts">,
    owner: Buffer,
    host: () => Host,
  ) {
    this.#index = index;
    this.#owner = owner;
    this.#host = host;
  }

  /** Keeps a receipt for a batch, durably. @throws WrongReceiptError, SignatureError, CborError */
  async take(
    friend: Friend,
    bytes: Uint8Array,
    fragments: readonly FragmentTuple[],
  ): Promise<void> {
    const peer = peerIdFromString(friend.peer);
    // An RSA key is not in its id: the connection told it.
    const key =
      peer.publicKey ??
      this.#host().getConnections(peer)[0]?.remotePeer.publicKey;
    if (!key) throw new WrongReceiptError("Nobody is there who could sign.");
    const receipt = openReceipt(bytes, publicKeyToProtobuf(key));
    const last = this.#last(friend);
    const root = batchRoot(fragments);
    if (
      !this.#owner.equals(receipt.owner) ||
      !Buffer.from(friend.node).equals(receipt.provider) ||
      !root.equals(receipt.root) ||
      receipt.count !== fragments.length
    )
      throw new WrongReceiptError(
        `It signed for ${receipt.count} fragments that are not the ${fragments.length} which it was sent.`,
      );
    // One that got lost on the way leaves a gap; what goes back was signed before.
    if (
      last &&
      (receipt.number <= last.number ||
        (receipt.number === last.number + 1 &&
          !last.hash.equals(receipt.previous)))
    )
      throw new WrongReceiptError(
        `Its receipt ${receipt.number} does not follow on its receipt ${last.number}, which it gave before.`,
      );
    const number = Buffer.alloc(numberBytes);
    number.writeUIntBE(receipt.number, 0, numberBytes);
    await this.#index.commit([
      {
        table: "receipts",
        key: Buffer.concat([seriesOf(friend), number]),
        value: Buffer.concat([receiptHash(bytes), Buffer.from(bytes)]),
      },
      { table: "receipts", key: seriesOf(friend), value: number },
    ]);
  }

  #last(friend: Friend): { number: number; hash: Buffer } | undefined {
    const series = seriesOf(friend);
    const number = this.#index.get("receipts", series);
    const row =
      number && this.#index.get("receipts", Buffer.concat([series, number]));
    return number && row
      ? {
          number: number.readUIntBE(0, numberBytes),
          hash: row.subarray(0, 32),
        }
      : undefined;
  }
}

/** Each node counts its own receipts: a friend's new box begins anew. */
function seriesOf({ node }: Friend): Buffer {
  return Buffer.from(node.subarray(0, 16));
}

/** What is kept of a friend: in the block tree, so that it is there again with the root key. */
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { Budget, Conditions } from "./contract.ts";

const Time = Type.Integer({ minimum: 0, maximum: 2 ** 48 });

/** How things are with a friend. */
export const FriendPhase = Type.Union([
  /** Invited and known; nothing is stored before both have attested each other. */
  Type.Literal("pending"),
  Type.Literal("active"),
  /** Emptied at present, at the wish of one of the two. */
  Type.Literal("leaving"),
  /** Declared lost by the owner: what it kept is made anew elsewhere. */
  Type.Literal("lost"),
  /** It lied: nothing that it says counts any more. */
  Type.Literal("expelled"),
]);
export type FriendPhase = Static<typeof FriendPhase>;

/** One friend's record. */
export const Friend = Type.Object(
  {
    type: Type.Literal("coppice friend 1"),
    /** Principal of the owner's root key: the friend. */
    owner: Bytes(32),
    /** Principal and SubjectPublicKeyInfo of the node key. */
    node: Bytes(32),
    key: Bytes(1, 1024),
    /** libp2p's. */
    peer: Type.String({ maxLength: 256 }),
    /** How the owner calls the friend: as in the invitation, or as the friend's box called itself. */
    name: Type.String({ maxLength: 64 }),
    addresses: Type.Array(Type.String({ maxLength: 256 }), { maxItems: 32 }),
    /** When the owner said that this is their box, milliseconds since 1970; a later word counts. */
    stated: Time,
    joined: Time,
    phase: FriendPhase,
    /** Friends with the same word stand in one house, and are lost together. */
    household: Type.String({ maxLength: 64 }),
    city: Type.String({ maxLength: 64 }),
    /** The last attestation that the owner's policy judged. */
    attested: Type.Union([
      Type.Object({
        at: Time,
        accepted: Type.Boolean(),
        version: Type.String({ maxLength: 128 }),
        /** The first check that failed, and how, or nothing. */
        reason: Type.String({ maxLength: 500 }),
      }),
      Type.Null(),
    ]),
    /** Bytes of fragments that this box keeps for the friend at most, and that it asks the friend to keep. */
    offer: Type.Integer({ minimum: 0, maximum: 2 ** 52 }),
    wish: Type.Integer({ minimum: 0, maximum: 2 ** 52 }),
    /** What this box asks of the friend for it, and what it pays the friend at most. */
    asks: Conditions,
    pays: Budget,
    /** COSE_Sign: what the friend keeps for me, and what I keep for the friend. */
    mine: Type.Union([Bytes(1, 8192), Type.Null()]),
    theirs: Type.Union([Bytes(1, 8192), Type.Null()]),
    /** Contracts that ended, with what ended them, the newest last. */
    ended: Type.Array(
      Type.Object({
        contract: Bytes(1, 8192),
        ending: Type.Union([Bytes(1, 4096), Type.Null()]),
        at: Time,
      }),
      { maxItems: 64 },
    ),
  },
  { additionalProperties: false },
);
export type Friend = Static<typeof Friend>;

/** How a friend's name is spelled in paths and keys: the owner's principal in hex. */
export function friendId({ owner }: { owner: Uint8Array }): string {
  return Buffer.from(owner).toString("hex");
}

/** The account under which a friend's fragments are kept: 16 bytes of the owner's principal. */
export function accountOf(owner: Uint8Array): Buffer {
  return Buffer.from(owner.subarray(0, 16));
}

export function encodeFriend(friend: Friend): Buffer {
  return encodeCbor(friend);
}

/** @throws CborError */
export function decodeFriend(bytes: Buffer): Friend {
  return parseCbor(Friend, bytes, "a friend's record");
}

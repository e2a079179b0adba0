/** What two boxes agree on: a COSE_Sign (RFC 9052) that both node keys sign, so that anybody can check it later. */
import { createHash, randomBytes } from "node:crypto";
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import {
  checkCoseSignature,
  coseSign,
  readCoseSign,
  SignatureError,
} from "../../shared/cose.ts";
import { principalOf, verificationKey } from "../tree/person.ts";
import { ContractError } from "./errors.ts";

const Milliseconds = Type.Integer({ minimum: 0, maximum: 2 ** 48 });
const Count = Type.Integer({ minimum: 0, maximum: 2 ** 52 });

/** What a provider asks of one consumer, and gives. */
export const Conditions = Type.Object({
  price: Type.Integer({
    minimum: 0,
    maximum: 1e12,
    description:
      "for a gigabyte (10^9 bytes) and 30 days, in millionths of the currency; 0 among friends",
  }),
  currency: Type.String({ pattern: "^[A-Z]{0,8}$" }),
  days: Type.Integer({
    minimum: 1,
    maximum: 366,
    description: "how long a contract is good; it is renewed in time",
  }),
  bandwidth: Type.Integer({
    minimum: 0,
    maximum: 2 ** 40,
    description:
      "bytes a second that the provider gives at least; 0: as much as is free",
  }),
});
export type Conditions = Static<typeof Conditions>;

/** What a contract says. */
export const Contract = Type.Object(
  {
    type: Type.Literal("coppice contract 1"),
    /** The same in all renewals. */
    id: Bytes(16),
    /** 1 for the first, one more for each renewal, which takes the place of the one before. */
    version: Type.Integer({ minimum: 1, maximum: 2 ** 32 }),
    /** SHA-256 of the payload before; empty for the first. */
    previous: Bytes(0, 32),
    /** Principal of the node that keeps fragments, and of its owner. */
    provider: Bytes(32),
    providerOwner: Bytes(32),
    /** The same of whoever's fragments they are. */
    consumer: Bytes(32),
    consumerOwner: Bytes(32),
    /** Bytes of fragments. */
    space: Count,
    bandwidth: Conditions.properties.bandwidth,
    /** Bytes a day that the consumer may ask for in audits. */
    audits: Count,
    price: Conditions.properties.price,
    currency: Conditions.properties.currency,
    from: Milliseconds,
    until: Milliseconds,
    /** Milliseconds after the end for which the provider still gives back what it keeps: a dead box is when it is needed. */
    grace: Count,
  },
  { additionalProperties: false },
);
export type Contract = Static<typeof Contract>;

const Ending = Type.Object(
  {
    type: Type.Literal("coppice contract ending 1"),
    id: Bytes(16),
    provider: Bytes(32),
    consumer: Bytes(32),
    /** Why, in words; and whether it is for a breach. */
    reason: Type.String({ maxLength: 500 }),
    breach: Type.Boolean(),
    at: Milliseconds,
  },
  { additionalProperties: false },
);
export type Ending = Static<typeof Ending>;

/** Milliseconds. */
export const day = 86_400_000;
const grace = 90 * day;
/** Bytes of audits a day: enough to catch a holder that dropped 1 %, three times over. */
const auditBudget = 40_000_000;

/** What friends ask of each other where nothing else was said. */
export const amongFriends: Conditions = {
  price: 0,
  currency: "",
  days: 31,
  bandwidth: 0,
};

/** What a consumer pays at most. */
export const Budget = Type.Pick(Conditions, ["price", "currency"]);
export type Budget = Static<typeof Budget>;

/** Whether a price is within a budget: what costs nothing always is. */
export function affords(budget: Budget, asked: Budget): boolean {
  return (
    asked.price === 0 ||
    (asked.currency === budget.currency && asked.price <= budget.price)
  );
}

/** When a contract is to be renewed: three quarters of it are left then, for a friend may be away for long. Milliseconds since 1970. */
export function renewalOf({ from, until }: Contract): number {
  return from + (until - from) / 4;
}

/** The two of a contract: principals of node and owner. */
export interface Party {
  node: Buffer;
  owner: Buffer;
}

/** A contract as the consumer proposes it. @param before what it takes the place of. */
export function draftContract(
  provider: Party,
  consumer: Party,
  { space, days, ...terms }: Conditions & { space: number },
  now: number,
  before?: SignedContract,
): Buffer {
  return encodeCbor({
    type: "coppice contract 1",
    id: before ? before.contract.id : randomBytes(16),
    version: (before?.contract.version ?? 0) + 1,
    previous: before ? hashOf(before.payload) : Buffer.alloc(0),
    provider: provider.node,
    providerOwner: provider.owner,
    consumer: consumer.node,
    consumerOwner: consumer.owner,
    space,
    ...terms,
    audits: auditBudget,
    from: now,
    until: now + days * day,
    grace,
  } satisfies Contract);
}

/** A contract with the signatures that it bears. */
export interface SignedContract {
  contract: Contract;
  payload: Buffer;
  /** COSE_Signatures by the signer's principal in hex. */
  signatures: Map<string, Buffer>;
  bytes: Buffer;
}

/** Reads a contract; its signatures are not checked. @throws ContractError */
export function readContract(bytes: Uint8Array): SignedContract {
  try {
    const { payload, signatures } = readCoseSign(bytes);
    return {
      contract: parseCbor(Contract, payload, "a contract"),
      payload,
      signatures: new Map(
        signatures.map(({ kid, signature }) => [
          kid.toString("hex"),
          signature,
        ]),
      ),
      bytes: Buffer.from(bytes),
    };
  } catch (error) {
    throw asContractError(error);
  }
}

/** A contract of a payload and its signatures. */
export function sealContract(
  payload: Buffer,
  signatures: readonly Uint8Array[],
): SignedContract {
  return readContract(coseSign(payload, signatures));
}

/** @param spki the signer's node key. @throws ContractError unless that key signed this contract */
export function checkSigner(
  { payload, signatures }: SignedContract,
  spki: Uint8Array,
): void {
  const principal = principalOf(spki);
  const signature = signatures.get(principal.toString("hex"));
  if (!signature)
    throw new ContractError("This contract lacks a signature.", "not-signed");
  try {
    checkCoseSignature(payload, signature, principal, verificationKey(spki));
  } catch (error) {
    throw asContractError(error);
  }
}

/** The ending of a contract, to be signed by one of its two. */
export function draftEnding(
  { id, provider, consumer }: Contract,
  reason: string,
  breach: boolean,
  at: number,
): Buffer {
  return encodeCbor({
    type: "coppice contract ending 1",
    id,
    provider,
    consumer,
    reason,
    breach,
    at,
  } satisfies Ending);
}

/** What an ending says. @param spki node key of whoever ends it. @throws ContractError */
export function openEnding(bytes: Uint8Array, spki: Uint8Array): Ending {
  try {
    const { payload, signatures } = readCoseSign(bytes);
    const principal = principalOf(spki);
    const one = signatures.find(({ kid }) => kid.equals(principal));
    if (!one) throw new SignatureError("this was signed by somebody else");
    checkCoseSignature(
      payload,
      one.signature,
      principal,
      verificationKey(spki),
    );
    return parseCbor(Ending, payload, "the ending of a contract");
  } catch (error) {
    throw asContractError(error);
  }
}

/** SHA-256 that the next version names. */
export function hashOf(payload: Uint8Array): Buffer {
  return createHash("sha256").update(payload).digest();
}

function asContractError(error: unknown): unknown {
  return error instanceof SignatureError ||
    (error as Error).name === "CborError"
    ? new ContractError((error as Error).message)
    : error;
}

/** What this box accepts of other boxes, as files that the owner changes: policy, makers' roots, signers of images, known nodes. */
import { createPublicKey, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "typebox";
import { readJson, removeDurable, writeDurable } from "../shared/durable.ts";
import { BadRequestError, NotFoundError } from "../shared/errors.ts";
import { Mutex } from "../shared/mutex.ts";
import { principalOf } from "../shared/principal.ts";
import type { Trust } from "./attest/acceptance.ts";
import { AcceptancePolicy, defaultPolicy } from "./attest/policy.ts";
import { KnownNode } from "./attest/report.ts";

const Known = Type.Record(
  Type.String({ pattern: "^[0-9a-f]{64}$" }),
  KnownNode,
);

/** Kinds of keys that the owner may trust. */
export type AnchorKind = "root" | "signer";

/** One trusted key, for showing it. */
export interface Anchor {
  kind: AnchorKind;
  /** SHA-256 in hex, of the certificate or of the public key. */
  id: string;
  name: string;
  /** Whether the owner added it; others came with the image. */
  added: boolean;
}

/** Folders of keys that come with the image. */
export interface ShippedAnchors {
  roots: string;
  signers: string;
}

/** The owner's word on whom to trust. */
export class TrustStore {
  #folder: string;
  #shipped: ShippedAnchors;
  #changes = new Mutex();

  /** @param folder of the owner's files. */
  constructor(folder: string, shipped: ShippedAnchors) {
    this.#folder = folder;
    this.#shipped = shipped;
  }

  /** The policy; the default until the owner wrote one. */
  async policy(): Promise<AcceptancePolicy> {
    return (
      (await readJson(AcceptancePolicy, join(this.#folder, "policy.json"))) ??
      defaultPolicy
    );
  }

  async setPolicy(policy: AcceptancePolicy): Promise<void> {
    await this.#changes.run(async () => {
      await mkdir(this.#folder, { recursive: true });
      await writeDurable(
        join(this.#folder, "policy.json"),
        `${JSON.stringify(policy, undefined, 2)}\n`,
      );
    });
  }

  /** All that a verification needs. */
  async read(): Promise<Trust> {
    const { readTrust } = await import("./attest/acceptance.ts");
    return await readTrust(
      await this.policy(),
      [this.#shipped.roots, this.#own("root")],
      [this.#shipped.signers, this.#own("signer")],
    );
  }

  async anchors(): Promise<Anchor[]> {
    const { readTrust } = await import("./attest/acceptance.ts");
    const policy = defaultPolicy;
    const [shipped, own] = await Promise.all([
      readTrust(policy, [this.#shipped.roots], [this.#shipped.signers]),
      readTrust(policy, [this.#own("root")], [this.#own("signer")]),
    ]);
    return [shipped, own].flatMap(({ roots, signers }, index) => [
      ...roots.map((root) => ({
        kind: "root" as const,
        id: rootId(root),
        name: root.subject.replaceAll("\n", ", "),
        added: index === 1,
      })),
      ...signers.map((signer) => ({
        kind: "signer" as const,
        id: principalOf(signer).toString("hex"),
        name: `${signer.asymmetricKeyType} key`,
        added: index === 1,
      })),
    ]);
  }

  /** Trusts a maker's root certificate or a signer's public key. @param pem its text. @throws BadRequestError */
  async add(kind: AnchorKind, pem: string): Promise<Anchor> {
    return await this.#changes.run(async () => {
      const { id, name } = readAnchor(kind, pem);
      await mkdir(this.#own(kind), { recursive: true });
      await writeDurable(join(this.#own(kind), `${id}.pem`), pem);
      return { kind, id, name, added: true };
    });
  }

  /** Trusts it no more. @throws NotFoundError where the owner did not add it */
  async remove(kind: AnchorKind, id: string): Promise<void> {
    await this.#changes.run(async () => {
      const file = join(this.#own(kind), `${id}.pem`);
      const there = await readFile(file).catch(() => undefined);
      if (!there || !/^[0-9a-f]{64}$/.test(id))
        throw new NotFoundError(
          "This key is not one that was added on this box.",
        );
      await removeDurable(file);
    });
  }

  /** Runs `work` with the nodes that were attested before, and keeps what it changes. */
  async withKnown<T>(work: (known: Map<string, KnownNode>) => T): Promise<T> {
    return await this.#changes.run(async () => {
      const file = join(this.#folder, "known-nodes.json");
      const known = new Map(
        Object.entries((await readJson(Known, file)) ?? {}),
      );
      const before = JSON.stringify([...known]);
      const result = work(known);
      if (JSON.stringify([...known]) !== before) {
        await mkdir(this.#folder, { recursive: true });
        await writeDurable(file, JSON.stringify(Object.fromEntries(known)));
      }
      return result;
    });
  }

  #own(kind: AnchorKind): string {
    return join(this.#folder, `${kind}s`);
  }
}

function rootId(root: X509Certificate): string {
  return root.fingerprint256.replaceAll(":", "").toLowerCase();
}

function readAnchor(
  kind: AnchorKind,
  pem: string,
): { id: string; name: string } {
  try {
    if (kind === "root") {
      const root = new X509Certificate(pem);
      if (!root.ca) throw new TypeError("it does not sign certificates");
      return { id: rootId(root), name: root.subject.replaceAll("\n", ", ") };
    }
    const key = createPublicKey(pem);
    return {
      id: principalOf(key).toString("hex"),
      name: `${key.asymmetricKeyType} key`,
    };
  } catch (error) {
    throw new BadRequestError(
      `This is not a ${kind === "root" ? "maker's root certificate" : "public key"} in PEM: ${(error as Error).message}.`,
    );
  }
}

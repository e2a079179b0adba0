import { randomBytes, timingSafeEqual } from "node:crypto";
import { CoppiceError } from "../../shared/errors.ts";
import {
  attribute,
  nameOf,
  type PublicArea,
  readPublic,
} from "../tpm/public-area.ts";
import { endorsementPolicy } from "../tpm/templates.ts";
import { algorithm } from "../tpm/wire.ts";
import type { Trust } from "./acceptance.ts";
import { checkBoot } from "./boot-checks.ts";
import { Checks, short } from "./check.ts";
import { makeCredential } from "./credential.ts";
import {
  CertificateChainError,
  checkCertifiedKey,
  validateEndorsement,
} from "./ek-certificate.ts";
import {
  type Challenge,
  type Evidence,
  type Introduction,
  nodePrincipal,
} from "./evidence.ts";
import {
  checkQuote,
  readAttest,
  readSignature,
  signatureMatches,
} from "./quote.ts";
import type { KnownNode, Report } from "./report.ts";

/** An answer to a challenge that this verifier did not set, set too long ago, or has taken an answer to already. */
export class ChallengeError extends CoppiceError {
  override name = "ChallengeError";
  constructor() {
    super(
      409,
      "no-such-challenge",
      "This answers no open challenge: it was answered already, or is older than five minutes. Ask for a new one.",
    );
  }
}

/** The PCRs that a challenge asks for: firmware, boot, Secure Boot, image and what was added to it. */
export const challengePcrs = [0, 1, 2, 3, 4, 5, 7, 9, 11, 12, 13, 14, 15];

const lifetime = 5 * 60_000;
const maximumOpen = 1000;

/** Attests other nodes: challenges, each good for one answer, and judges the answers. */
export class Verifier {
  #open = new Map<
    string,
    { secret: Buffer; introduction: Introduction; expires: number }
  >();

  /** A challenge for who introduces itself so. @throws WireError where its keys cannot be used */
  challenge(introduction: Introduction): Challenge {
    const now = Date.now();
    for (const [nonce, { expires }] of this.#open)
      if (expires < now || this.#open.size >= maximumOpen)
        this.#open.delete(nonce);
    const [nonce, secret] = [randomBytes(32), randomBytes(32)];
    const credential = makeCredential(
      introduction.endorsement,
      nameOf(readPublic(introduction.attestation)),
      secret,
    );
    this.#open.set(nonce.toString("hex"), {
      secret,
      introduction,
      expires: now + lifetime,
    });
    return {
      type: "coppice challenge 1",
      nonce,
      pcrs: challengePcrs,
      ...credential,
    };
  }

  /**
   * Judges an answer; each challenge takes one.
   * @param known by principal, what was seen of nodes before; a node that is accepted is added or brought up to date.
   * @throws ChallengeError
   */
  examine(
    evidence: Evidence,
    trust: Trust,
    known: Map<string, KnownNode>,
  ): Report {
    const id = Buffer.from(evidence.nonce).toString("hex");
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (!open || open.expires < Date.now()) throw new ChallengeError();
    const checks = new Checks();
    const { introduction } = evidence;
    const keys = checks.attempt("keys", () => ({
      endorsement: readPublic(introduction.endorsement),
      attestation: readPublic(introduction.attestation),
      node: readPublic(introduction.node),
      principal: nodePrincipal(introduction.node),
    }));
    if (!keys)
      return {
        accepted: false,
        checks: checks.all,
        node: null,
        boot: null,
        version: null,
      };
    const same = (["endorsement", "attestation", "node"] as const).every(
      (key) => Buffer.from(introduction[key]).equals(open.introduction[key]),
    );
    checks.expect(
      "introduction",
      same,
      same
        ? "the keys that the challenge was made for"
        : "the keys changed since the challenge",
    );
    checkEndorsement(checks, introduction, keys.endorsement, trust);
    const good = timingSafeEqual(evidence.secret, open.secret);
    checks.expect(
      "credential",
      good,
      good
        ? "endorsement key and attestation key are in one TPM"
        : "the secret is wrong: the attestation key is not in the TPM of this endorsement key",
    );
    checkAttestationKey(checks, keys.attestation);
    checkNodeKey(checks, evidence, keys.attestation, keys.node);
    const quote = checkQuote(
      checks,
      keys.attestation.key,
      {
        attest: evidence.quote,
        signature: evidence.quoteSignature,
        values: [{ hash: algorithm.sha256, values: new Map(evidence.values) }],
      },
      { nonce: evidence.nonce, pcrs: challengePcrs },
    );
    const node = keys.principal.toString("hex");
    const found = quote
      ? checkBoot(checks, evidence, quote.values, trust)
      : undefined;
    if (quote)
      checkHistory(
        checks,
        node,
        nameOf(keys.endorsement).toString("hex"),
        quote.attest.clock,
        known,
      );
    return {
      accepted: checks.accepted,
      checks: checks.all,
      node,
      boot: found?.boot ?? null,
      version: found?.version ?? null,
    };
  }
}

/** TCG EK Credential Profile: the endorsement key is the standard one, and its maker vouches for it. */
function checkEndorsement(
  checks: Checks,
  introduction: Introduction,
  area: PublicArea,
  { policy, roots }: Trust,
): void {
  const wanted = attribute.fixedTpm | attribute.restricted | attribute.decrypt;
  const standard =
    (area.attributes & (wanted | attribute.sign)) === wanted &&
    area.policy.equals(endorsementPolicy) &&
    area.key !== undefined;
  checks.expect(
    "endorsement key",
    standard,
    standard
      ? `${short(nameOf(area).subarray(2))}, ${area.type === algorithm.rsa ? "RSA 2048" : "ECC P-256"}`
      : "it is not made by the standard template",
  );
  const name = "endorsement certificate";
  const { certificate, chain } = introduction;
  const firstUse = policy.endorsement === "first-use";
  if (!area.key) return;
  if (certificate === null) {
    if (firstUse) checks.note(name, "this TPM has none: trusted on first use");
    else
      checks.expect(
        name,
        false,
        "this TPM has none, and the policy asks for one",
      );
    return;
  }
  try {
    const subject = validateEndorsement(
      certificate,
      area.key,
      chain,
      roots,
      Date.now(),
    );
    checks.expect(
      name,
      true,
      `${subject.manufacturer} ${subject.model}, issued by ${subject.issuer}`,
    );
  } catch (error) {
    // An unknown maker is like no certificate; one that is wrong in itself is refused under any policy.
    if (error instanceof CertificateChainError && firstUse) {
      checkCertifiedKey(certificate, area.key);
      checks.note(name, `trusted on first use: ${error.message}`);
    } else checks.expect(name, false, (error as Error).message);
  }
}

function checkAttestationKey(checks: Checks, area: PublicArea): void {
  const wanted =
    attribute.fixedTpm |
    attribute.fixedParent |
    attribute.sensitiveDataOrigin |
    attribute.restricted |
    attribute.sign;
  const good =
    (area.attributes & (wanted | attribute.decrypt)) === wanted &&
    area.key !== undefined;
  checks.expect(
    "attestation key",
    good,
    good
      ? `${short(nameOf(area).subarray(2))}, made in the TPM, signs only what the TPM says`
      : "it could sign what others say",
  );
}

/** The node key is in the same TPM: TPM2_Certify under the attestation key. */
function checkNodeKey(
  checks: Checks,
  evidence: Evidence,
  attestation: PublicArea,
  node: PublicArea,
): void {
  const name = "node key";
  checks.attempt(name, () => {
    const statement = readAttest(evidence.certification);
    const signature = readSignature(evidence.certificationSignature);
    const wanted =
      attribute.fixedTpm |
      attribute.fixedParent |
      attribute.sensitiveDataOrigin |
      attribute.sign;
    const { subject } = statement;
    const reason =
      attestation.key === undefined ||
      !signatureMatches(attestation.key, evidence.certification, signature)
        ? "the attestation key did not vouch for it"
        : !statement.nonce.equals(evidence.nonce)
          ? "it was vouched for at another time"
          : subject.kind !== "certify" || !subject.name.equals(nameOf(node))
            ? "another key was vouched for"
            : (node.attributes & (wanted | attribute.decrypt)) !== wanted
              ? "it can leave its TPM"
              : undefined;
    checks.expect(
      name,
      reason === undefined,
      reason ??
        `${short(nodePrincipal(evidence.introduction.node))}, in the same TPM and not to be taken out`,
    );
  });
}

/** A node keeps its TPM, and that TPM's counters never go back. */
function checkHistory(
  checks: Checks,
  node: string,
  endorsement: string,
  clock: { resets: number; restarts: number },
  known: Map<string, KnownNode>,
): void {
  const before = known.get(node);
  const { resets, restarts } = clock;
  if (!before) checks.note("history", "seen for the first time");
  else {
    checks.expect(
      "history",
      before.endorsement === endorsement,
      before.endorsement === endorsement
        ? `the same TPM since ${new Date(before.firstSeen).toISOString().slice(0, 10)}`
        : "this node had another TPM before",
    );
    const forward =
      resets > before.resets ||
      (resets === before.resets && restarts >= before.restarts);
    checks.expect(
      "boot counters",
      forward,
      `${resets} resets, ${before.resets} when last seen`,
    );
  }
  if (checks.accepted)
    known.set(node, {
      endorsement,
      resets,
      restarts,
      firstSeen: before?.firstSeen ?? Date.now(),
    });
}

/** Two nodes attest each other, and every way in which one lies. */
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { makeCredential } from "../../../services/identity/attest/credential.ts";
import {
  certificateLifetime,
  readCertificate,
  verifyDeviceCertificate,
} from "../../../services/identity/attest/device-certificate.ts";
import { readEventLog } from "../../../services/identity/attest/event-log.ts";
import {
  type Evidence,
  readChallenge,
  readEvidence,
  readIntroduction,
  writeMessage,
} from "../../../services/identity/attest/evidence.ts";
import {
  followLinks,
  openLink,
  signReEnrolment,
} from "../../../services/identity/attest/key-link.ts";
import { readMeasureLog } from "../../../services/identity/attest/measure-log.ts";
import { ChallengeError } from "../../../services/identity/attest/verifier.ts";
import { BootSources } from "../../../services/identity/boot-sources.ts";
import type { NodeIdentity } from "../../../services/identity/node-identity.ts";
import { CredentialError } from "../../../services/identity/tpm/errors.ts";
import {
  nameOf,
  readPublic,
} from "../../../services/identity/tpm/public-area.ts";
import { IdentityLostError } from "../../../services/identity/vault.ts";
import { RootKey } from "../../../services/node/tree/rootkey.ts";
import { SignatureError } from "../../../services/shared/cose.ts";
import { ed25519Raw } from "../../../services/shared/ed25519.ts";
import { replayCapturedBoot, TpmStand } from "./tpm-stand.ts";

/** A TPM that measured what the captured boot measured. */
async function bootedStand(): Promise<TpmStand> {
  const stand = await TpmStand.start();
  await replayCapturedBoot(stand.tcti, stand.folder);
  return stand;
}

const boot = (stand: TpmStand): BootSources =>
  BootSources.folder(stand.path("boot"));
const bytes = (text: string): Buffer => Buffer.from(text, "base64");
const text = (message: Uint8Array): string =>
  Buffer.from(message).toString("base64");

/** The exchange between two nodes; `tamper` is what lies on the way. */
async function exchange(
  prover: NodeIdentity,
  verifier: NodeIdentity,
  tamper: (evidence: Evidence) => Evidence = (evidence) => evidence,
) {
  const challenge = await verifier.exchange(
    "challenge",
    await prover.exchange("introduce", ""),
  );
  const evidence = readEvidence(
    bytes(await prover.exchange("answer", challenge)),
  );
  const sent = text(writeMessage(tamper(evidence)));
  return { report: await verifier.examine(sent), sent, challenge };
}

const failed = (report: {
  checks: { name: string; result: string }[];
}): string[] => [
  ...new Set(
    report.checks
      .filter(({ result }) => result === "failed")
      .map(({ name }) => name),
  ),
];

test("two nodes attest each other, and a nonce is good once", async (t) => {
  await using first = await bootedStand();
  await using second = await bootedStand();
  await using ada = await first.openIdentity({ boot: boot(first) });
  await using bob = await second.openIdentity({ boot: boot(second) });
  for (const [prover, verifier] of [
    [ada, bob],
    [bob, ada],
  ] as const) {
    const { report, sent } = await exchange(prover, verifier);
    t.deepEqual(failed(report), []);
    t.true(report.accepted);
    t.is(report.node, (await prover.state()).node);
    t.like(report.boot, {
      secureBoot: "off",
      phases: ["enter-initrd", "leave-initrd", "sysinit", "ready"],
    });
    t.regex(report.boot?.commandLine ?? "", /^roothash=/);
    t.is(report.version, "0.1.0");
    t.true(
      report.checks.some(
        ({ name, result, evidence }) =>
          name === "endorsement certificate" &&
          result === "noted" &&
          /trusted on first use/.test(evidence),
      ),
    );
    await t.throwsAsync(verifier.examine(sent), { instanceOf: ChallengeError });
  }
  const again = await exchange(ada, bob);
  t.true(
    again.report.checks.some(
      ({ name, result }) => name === "history" && result === "passed",
    ),
  );
});

test("each lie is refused by the check that is for it", async (t) => {
  await using first = await bootedStand();
  await using second = await bootedStand();
  await using third = await TpmStand.start();
  await using ada = await first.openIdentity({ boot: boot(first) });
  await using bob = await second.openIdentity({ boot: boot(second) });
  await using eve = await third.openIdentity();
  const eves = readIntroduction(bytes(await eve.exchange("introduce", "")));
  const flip = (message: Uint8Array, at: number): Buffer => {
    const copy = Buffer.from(message);
    const place = at < 0 ? copy.length + at : at;
    copy.writeUInt8(copy.readUInt8(place) ^ 1, place);
    return copy;
  };
  const lies: [string, (evidence: Evidence) => Partial<Evidence>, string][] = [
    ["magic flipped", ({ quote }) => ({ quote: flip(quote, 0) }), "quote"],
    [
      "nonce in the quote flipped",
      ({ quote }) => ({ quote: flip(quote, 50) }),
      "quote signature",
    ],
    [
      "clock set",
      ({ quote }) => ({ quote: flip(quote, 80) }),
      "quote signature",
    ],
    [
      "PCR digest flipped",
      ({ quote }) => ({ quote: flip(quote, -1) }),
      "quote signature",
    ],
    [
      "signature flipped",
      ({ quoteSignature }) => ({ quoteSignature: flip(quoteSignature, -1) }),
      "quote signature",
    ],
    [
      "value of PCR 4 changed",
      ({ values }) => ({
        values: values.map(([pcr, value]) =>
          pcr === 4 ? [pcr, flip(value, 3)] : [pcr, value],
        ),
      }),
      "PCR digest",
    ],
    [
      "value of PCR 4 left out",
      ({ values }) => ({ values: values.filter(([pcr]) => pcr !== 4) }),
      "PCR digest",
    ],
    [
      "log cut short",
      ({ eventLog }) => ({ eventLog: eventLog.subarray(0, -40) }),
      "firmware event log",
    ],
    [
      "log with an event more",
      ({ eventLog }) => ({
        eventLog: Buffer.concat([
          eventLog,
          Buffer.from(eventLog).subarray(-97),
        ]),
      }),
      "firmware event log",
    ],
    [
      "digest in the log flipped",
      ({ eventLog }) => ({ eventLog: flip(eventLog, 90) }),
      "firmware event log",
    ],
    ["no log", () => ({ eventLog: Buffer.alloc(0) }), "firmware event log"],
    [
      "systemd's log cut short",
      ({ measureLog }) => ({
        measureLog: Buffer.from(measureLog).subarray(
          0,
          Buffer.from(measureLog).lastIndexOf("\u001e"),
        ),
      }),
      "systemd measurement log",
    ],
    [
      "systemd's log damaged",
      ({ measureLog }) => ({ measureLog: measureLog.subarray(0, -20) }),
      "systemd measurement log",
    ],
    [
      "other reference values",
      ({ reference }) => ({
        reference: flip(reference ?? Buffer.alloc(1), -1),
      }),
      "reference values",
    ],
    ["no reference values", () => ({ reference: null }), "reference values"],
    ["secret guessed", () => ({ secret: randomBytes(32) }), "credential"],
    [
      "attestation key from another TPM",
      ({ introduction }) => ({
        introduction: { ...introduction, attestation: eves.attestation },
      }),
      "introduction",
    ],
    [
      "node key from another TPM",
      ({ introduction }) => ({
        introduction: { ...introduction, node: eves.node },
      }),
      "node key",
    ],
    [
      "endorsement key from another TPM",
      ({ introduction }) => ({
        introduction: { ...introduction, endorsement: eves.endorsement },
      }),
      "introduction",
    ],
    [
      "certification of another key",
      ({ certification }) => ({ certification: flip(certification, -40) }),
      "node key",
    ],
    [
      "certification signed by nobody",
      ({ certificationSignature }) => ({
        certificationSignature: flip(certificationSignature, 20),
      }),
      "node key",
    ],
    ["command line told differently", () => ({ commandLine: "quiet" }), ""],
  ];
  for (const [name, change, check] of lies) {
    const { report } = await exchange(ada, bob, (evidence) => ({
      ...evidence,
      ...change(evidence),
    }));
    if (check === "") {
      t.true(report.accepted, "the text is not believed, what is measured is");
      t.regex(report.boot?.commandLine ?? "", /^roothash=/);
    } else {
      t.false(report.accepted, name);
      t.true(failed(report).includes(check), `${name}: ${failed(report)}`);
    }
  }
  // A challenge for Ada is of no use to Eve, whose attestation key is in another TPM.
  const challenge = await bob.exchange(
    "challenge",
    await ada.exchange("introduce", ""),
  );
  await t.throwsAsync(eve.exchange("answer", challenge), {
    instanceOf: CredentialError,
  });
  // A quote that covers more than was asked for.
  const { pcrs } = readChallenge(bytes(challenge));
  const wider = text(
    writeMessage({ ...readChallenge(bytes(challenge)), pcrs: [...pcrs, 23] }),
  );
  const report = await bob.examine(await ada.exchange("answer", wider));
  t.true(failed(report).includes("PCR selection"));
});

test("a credential opens for its endorsement key and its attestation key alone", async (t) => {
  await using first = await TpmStand.start();
  await using second = await TpmStand.start();
  await using ada = await first.openIdentity();
  await using eve = await second.openIdentity();
  const [adas, eves] = [
    readIntroduction(bytes(await ada.exchange("introduce", ""))),
    readIntroduction(bytes(await eve.exchange("introduce", ""))),
  ];
  const { writeCredentialFile } = await import(
    "../../../services/identity/attest/credential.ts"
  );
  const name = (area: Uint8Array): Buffer => nameOf(readPublic(area));
  const secret = randomBytes(32);
  const file = (endorsement: Uint8Array, key: Uint8Array): string =>
    text(writeCredentialFile(makeCredential(endorsement, name(key), secret)));
  t.deepEqual(
    bytes(
      await ada.exchange("activate", file(adas.endorsement, adas.attestation)),
    ),
    secret,
  );
  await t.throwsAsync(
    ada.exchange("activate", file(eves.endorsement, adas.attestation)),
    { instanceOf: CredentialError },
  );
  await t.throwsAsync(
    ada.exchange("activate", file(adas.endorsement, eves.attestation)),
    { instanceOf: CredentialError },
  );
  await t.throwsAsync(ada.exchange("activate", text(randomBytes(100))), {
    message: /credential file/,
  });
});

test("keys are made once, and survive restarts of service and TPM", async (t) => {
  await using stand = await bootedStand();
  const look = async () => {
    await using identity = await stand.openIdentity({ boot: boot(stand) });
    const { publicKey } = identity.peer();
    t.truthy(await identity.signAsPeer(Buffer.from("hello")));
    return { ...(await identity.state()), publicKey };
  };
  const before = await look();
  t.true(before.peerBound, "sealed under the signed PCR policy");
  t.deepEqual(await look(), before);
  // Another image signs nothing in our name: the libp2p key stays closed.
  await stand.tool("tpm2_pcrextend", `11:sha256=${"22".repeat(32)}`);
  await using identity = await stand.openIdentity({ boot: boot(stand) });
  await t.throwsAsync(identity.signAsPeer(Buffer.from("hello")), {
    message: /what was started is not what/,
  });
});

test("the device certificate is issued, checked by name, renewed before its end, and revoked", async (t) => {
  await using stand = await TpmStand.start();
  let now = Math.floor(Date.now() / 1000);
  await using identity = await stand.openIdentity({ now: () => now });
  const { node } = await identity.state();
  const verify = (
    change: Partial<Parameters<typeof verifyDeviceCertificate>[1]> = {},
    certificate = bytes(identity.peer().certificate),
  ) =>
    verifyDeviceCertificate(certificate, {
      peer: bytes(identity.peer().publicKey),
      node: Buffer.from(node, "hex"),
      revocations: identity.peer().revocations.map(bytes),
      links: identity.peer().links.map(bytes),
      now,
      ...change,
    });
  const good = verify();
  t.true(good.accepted, JSON.stringify(good.checks));
  t.deepEqual(
    good.checks.map(({ name }) => name),
    ["signature", "libp2p key", "node", "lifetime", "validity", "revocation"],
  );
  t.is(
    (good.certificate?.expires ?? 0) - (good.certificate?.issued ?? 0),
    certificateLifetime,
  );
  t.deepEqual(failed(verify({ peer: randomBytes(36) })), ["libp2p key"]);
  t.deepEqual(failed(verify({ node: randomBytes(32) })), ["node"]);
  t.deepEqual(failed(verify({ now: now + certificateLifetime })), ["validity"]);
  t.deepEqual(failed(verify({ now: now - 3600 })), ["validity"]);
  const damaged = bytes(identity.peer().certificate);
  damaged.writeUInt8(
    damaged.readUInt8(damaged.length - 1) ^ 1,
    damaged.length - 1,
  );
  t.deepEqual(failed(verify({}, damaged)), ["signature"]);
  t.deepEqual(failed(verify({}, randomBytes(300))), ["certificate"]);

  const first = identity.peer();
  now += certificateLifetime - 9 * 86_400;
  await identity[Symbol.asyncDispose]();
  await using later = await stand.openIdentity({ now: () => now });
  const renewed = later.peer();
  t.not(renewed.certificate, first.certificate);
  t.is(renewed.publicKey, first.publicKey);
  t.true(
    verifyDeviceCertificate(bytes(renewed.certificate), {
      peer: bytes(first.publicKey),
      node: Buffer.from(node, "hex"),
      revocations: [],
      links: [],
      now,
    }).accepted,
  );
  await later.revoke("sealed");
  const after = later.peer();
  t.not(after.publicKey, first.publicKey);
  const revoked = verifyDeviceCertificate(bytes(renewed.certificate), {
    peer: bytes(first.publicKey),
    node: Buffer.from(node, "hex"),
    revocations: after.revocations.map(bytes),
    links: [],
    now,
  });
  t.deepEqual(failed(revoked), ["revocation"]);
  t.true(
    verifyDeviceCertificate(bytes(after.certificate), {
      peer: bytes(after.publicKey),
      node: Buffer.from(node, "hex"),
      revocations: after.revocations.map(bytes),
      links: [],
      now,
    }).accepted,
  );
});

test("a changed key is linked to the old one, and a link that others made leads nowhere", async (t) => {
  await using stand = await TpmStand.start();
  await using strangers = await TpmStand.start();
  await using identity = await stand.openIdentity();
  await using eve = await strangers.openIdentity();
  const old = Buffer.from((await identity.state()).node, "hex");
  const { attestationName } = await identity.state();
  await identity.rotate("node");
  await identity.rotate("attestation");
  await identity.rotate("node");
  const state = await identity.state();
  t.not(state.attestationName, attestationName);
  const { certificate, publicKey, links } = identity.peer();
  t.is(links.length, 3);
  t.is(followLinks(old, links.map(bytes)).toString("hex"), state.node);
  t.deepEqual(
    links.map((link) => openLink(bytes(link)).kind),
    ["node", "attestation", "node"],
  );
  const context = {
    peer: bytes(publicKey),
    node: old,
    revocations: [],
    now: Math.floor(Date.now() / 1000),
  };
  t.true(
    verifyDeviceCertificate(bytes(certificate), {
      ...context,
      links: links.map(bytes),
    }).accepted,
  );
  t.deepEqual(
    failed(
      verifyDeviceCertificate(bytes(certificate), { ...context, links: [] }),
    ),
    ["node"],
  );
  t.deepEqual(
    failed(
      verifyDeviceCertificate(bytes(certificate), {
        ...context,
        links: links.slice(1).map(bytes),
      }),
    ),
    ["node"],
  );
  await eve.rotate("node");
  const [foreign = ""] = eve.peer().links;
  t.is(followLinks(old, [bytes(foreign)]).toString("hex"), old.toString("hex"));
  for (const place of [20, 120, -1]) {
    const damaged = bytes(links[0] ?? "");
    const at = place < 0 ? damaged.length + place : place;
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
    t.throws(() => openLink(damaged), undefined, `byte ${place}`);
  }
});

test("a cleared or replaced TPM is said so, refuses to be the old node, and goes on by the owner's root key alone", async (t) => {
  await using first = await TpmStand.start();
  await using second = await TpmStand.start();
  const root = RootKey.create();
  const stranger = RootKey.create();
  const old = await (async () => {
    await using identity = await first.openIdentity();
    await identity.setOwner(root.principal.toString("hex"));
    await t.throwsAsync(identity.setOwner(stranger.principal.toString("hex")), {
      message: /another root key/,
    });
    return await identity.state();
  })();
  const record = await readFile(first.path("state/identity.json"));
  await first.tool("tpm2_clear", "-c", "p");
  await second.tool("mkdir", "-p", "state");
  await writeFile(second.path("state/identity.json"), record);
  for (const [stand, loss] of [
    [first, "cleared"],
    [second, "replaced"],
  ] as const) {
    await using identity = await stand.openIdentity();
    const state = await identity.state();
    t.like(state, { state: loss, node: old.node, peerId: old.peerId });
    t.regex(
      state.message,
      loss === "cleared" ? /TPM was cleared/ : /has another TPM/,
    );
    const expected = {
      instanceOf: IdentityLostError,
      message: /Enrol it again|enrol the box again/,
    };
    await t.throwsAsync(identity.attest(), expected);
    await t.throwsAsync(identity.quote({ nonce: "00", pcrs: [0] }), expected);
    await t.throwsAsync(identity.signAsPeer(Buffer.from("hello")), expected);
    await t.throwsAsync(identity.rotate("node"), expected);
    const { from, to, endorsement, at } = await identity.beginReEnrolment();
    t.is(bytes(from).toString("hex"), old.node);
    const statement = {
      type: "coppice re-enrolment 1",
      from: bytes(from),
      to: bytes(to),
      endorsement: bytes(endorsement),
      at,
    } as const;
    const forged = await signReEnrolment(
      { ...statement, root: ed25519Raw(stranger.publicKey) },
      stranger.signer,
    );
    await t.throwsAsync(identity.enrolAgain(text(forged)), {
      instanceOf: SignatureError,
    });
    const pretended = await signReEnrolment(
      { ...statement, root: ed25519Raw(root.publicKey) },
      stranger.signer,
    );
    await t.throwsAsync(identity.enrolAgain(text(pretended)), {
      instanceOf: SignatureError,
    });
    const signed = await signReEnrolment(
      { ...statement, root: ed25519Raw(root.publicKey) },
      root.signer,
    );
    const fresh = await identity.enrolAgain(text(signed));
    t.like(fresh, { state: "whole", owner: old.owner });
    t.not(fresh.node, old.node);
    t.not(fresh.peerId, old.peerId);
    t.is(
      readCertificate(bytes(identity.peer().certificate)).node.length,
      bytes(to).length,
    );
    t.truthy(await identity.signAsPeer(Buffer.from("hello")));
    await t.throwsAsync(identity.beginReEnrolment(), {
      message: /nothing to enrol again/,
    });
  }
});

test("a box without an owner begins anew in another TPM", async (t) => {
  await using stand = await TpmStand.start();
  const before = await (async () => {
    await using identity = await stand.openIdentity();
    return await identity.state();
  })();
  await stand.tool("tpm2_clear", "-c", "p");
  await using identity = await stand.openIdentity();
  const after = await identity.state();
  t.is(after.state, "whole");
  t.not(after.node, before.node);
});

test("the owner's policy decides", async (t) => {
  await using first = await bootedStand();
  await using second = await bootedStand();
  await using ada = await first.openIdentity({ boot: boot(first) });
  await using bob = await second.openIdentity({ boot: boot(second) });
  const { policy } = await bob.trust();
  const judge = async (change: Partial<typeof policy>) => {
    await bob.setPolicy({ ...policy, ...change });
    return failed((await exchange(ada, bob)).report);
  };
  t.deepEqual(await judge({}), []);
  t.deepEqual(await judge({ secureBoot: "required" }), ["Secure Boot"]);
  t.deepEqual(await judge({ endorsement: "certificate" }), [
    "endorsement certificate",
  ]);
  t.deepEqual(await judge({ minimumVersion: "0.2" }), ["image version"]);
  t.deepEqual(await judge({ minimumVersion: "0.1.0" }), []);
  t.deepEqual(await judge({ firmware: ["00".repeat(32)] }), ["firmware"]);
  t.deepEqual(
    await judge({
      firmware: [
        "c501c20076e9fced2e4b00cef62aa471dad27b6fc9037a3aa99ec41d6feaa6bf",
      ],
    }),
    [],
  );
  const { anchors } = await bob.trust();
  t.like(anchors, [{ kind: "signer", added: false }]);
  await t.throwsAsync(bob.addAnchor("signer", "no key"), {
    message: /not a public key/,
  });
});

test("a system that measures a good boot after its own is found out", async (t) => {
  // Its loader is measured by the firmware; then it measures the captured boot itself, and tells that its loader was an action.
  const captured = join(import.meta.dirname, "captured");
  const events = readEventLog(await readFile(join(captured, "eventlog.bin")));
  const log = await readFile(join(captured, "eventlog.bin"));
  const first = events.findIndex(
    ({ pcr, type }) => pcr === 4 && type === 0x80000003,
  );
  const loader = Buffer.from("an evil loader's code");
  for (const [type, data] of [
    [0x80000007, loader],
    [0x80000003, Buffer.alloc(0)],
    [0x4, loader],
    [0xd, loader],
  ] as const) {
    await using stand = await TpmStand.start();
    await using other = await bootedStand();
    const event = Buffer.alloc(4 + 4 + 4 + 2 + 32 + 4);
    event.writeUInt32LE(4, 0);
    event.writeUInt32LE(type, 4);
    event.writeUInt32LE(1, 8);
    event.writeUInt16LE(0x000b, 12);
    createHash("sha256").update(loader).digest().copy(event, 14);
    event.writeUInt32LE(data.length, 46);
    const target = events[first]?.digest ?? Buffer.alloc(0);
    const start = log.indexOf(target) - 14;
    const forged = Buffer.concat([
      log.subarray(0, start),
      event,
      data,
      log.subarray(start),
    ]);
    await stand.tool(
      "tpm2_pcrextend",
      ...readEventLog(forged)
        .filter(({ type: kind }) => kind !== 3)
        .map(({ pcr, digest }) => `${pcr}:sha256=${digest.toString("hex")}`),
    );
    await stand.tool(
      "tpm2_pcrextend",
      ...readMeasureLog(await readFile(join(captured, "measure.log"))).map(
        ({ pcr, digest }) => `${pcr}:sha256=${digest.toString("hex")}`,
      ),
    );
    await stand.tool(
      "cp",
      "-r",
      other.path("boot"),
      other.path("image-signers"),
      ".",
    );
    await writeFile(stand.path("boot/eventlog"), forged);
    await using eve = await stand.openIdentity({ boot: boot(stand) });
    await using bob = await other.openIdentity({ boot: boot(other) });
    const { report } = await exchange(eve, bob);
    t.false(report.accepted);
    const names = failed(report);
    t.false(names.includes("firmware event log"), "its log leads to its PCRs");
    t.true(
      names.includes("meaning of PCR 4 and 11") ||
        names.includes("nothing else started"),
      `${type}: ${names}`,
    );
  }
});

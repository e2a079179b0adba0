/** The captured boot, damaged by hand in each field; and whatever bytes come, parsers answer with an error of their own. */
import { X509Certificate } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { readTrust } from "../../../services/identity/attest/acceptance.ts";
import { Checks } from "../../../services/identity/attest/check.ts";
import { readCredentialFile } from "../../../services/identity/attest/credential.ts";
import { verifyDeviceCertificate } from "../../../services/identity/attest/device-certificate.ts";
import { describeCertificate } from "../../../services/identity/attest/ek-certificate.ts";
import {
  readEventLog,
  readVariable,
  replay,
} from "../../../services/identity/attest/event-log.ts";
import { readEvidence } from "../../../services/identity/attest/evidence.ts";
import { openLink } from "../../../services/identity/attest/key-link.ts";
import { readMeasureLog } from "../../../services/identity/attest/measure-log.ts";
import { describeBoot } from "../../../services/identity/attest/measured-boot.ts";
import { defaultPolicy } from "../../../services/identity/attest/policy.ts";
import {
  readAttest,
  readSignature,
} from "../../../services/identity/attest/quote.ts";
import {
  readPcrFile,
  verifyQuoteFolder,
  writePcrFile,
} from "../../../services/identity/attest/quote-folder.ts";
import {
  compareBoot,
  openReference,
} from "../../../services/identity/attest/reference.ts";
import { splitCertificates } from "../../../services/identity/der.ts";
import { parsePcrSignatures } from "../../../services/identity/tpm/policy.ts";
import { readPublic } from "../../../services/identity/tpm/public-area.ts";
import { CoppiceError } from "../../../services/shared/errors.ts";
import { temporaryFolder } from "../../folder.ts";
import { Maker } from "./tpm-stand.ts";

const captured = join(import.meta.dirname, "captured");
const nonce = Buffer.from("00112233", "hex");
const trust = await readTrust(defaultPolicy, [], [join(captured, "signers")]);

/** Verifies the captured folder with one file changed; gives the failed checks. */
async function damaged(
  file: string,
  change: (bytes: Buffer) => Buffer,
  asked = nonce,
): Promise<string[]> {
  await using folder = await temporaryFolder();
  await cp(captured, folder.path, { recursive: true });
  const path = join(folder.path, file);
  await writeFile(path, change(await readFile(path)));
  const report = await verifyQuoteFolder(folder.path, asked, trust, true);
  const failed = report.checks.filter(({ result }) => result === "failed");
  if (report.accepted !== (failed.length === 0))
    throw new Error("accepted and checks disagree");
  return failed.map(({ name }) => name);
}

const flip =
  (at: number) =>
  (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    const place = at < 0 ? copy.length + at : at;
    copy.writeUInt8(copy.readUInt8(place) ^ 0x10, place);
    return copy;
  };

test("the captured boot is accepted, and says what was booted", async (t) => {
  const report = await verifyQuoteFolder(captured, nonce, trust, true);
  t.true(report.accepted);
  t.is(report.version, "0.1.0");
  t.like(report.boot, {
    firmware: "not told",
    secureBoot: "off",
    phases: ["enter-initrd", "leave-initrd", "sysinit", "ready"],
  });
  t.is(report.boot?.applications.length, 3);
  t.regex(report.boot?.rootHash ?? "", /^[0-9a-f]{64}$/);
  t.true(report.checks.every(({ evidence }) => evidence.length > 0));
});

test("with Secure Boot the unified image answers for its kernel, without it the firmware measures that too", async (t) => {
  const { boot } = await verifyQuoteFolder(captured, nonce, trust, true);
  if (!boot) throw new Error("the captured boot is not there");
  const reference = openReference(
    await readFile(join(captured, "image.reference")),
    trust.signers,
  );
  const judge = (changes: Partial<typeof boot>): string[] => {
    const checks = new Checks();
    compareBoot(checks, { ...boot, ...changes }, reference);
    return checks.all
      .filter(({ result }) => result === "failed")
      .map(({ name }) => name);
  };
  const [loader = "", unified = ""] = boot.applications;
  const without = [loader, unified];
  t.deepEqual(judge({ secureBoot: "on" }), []);
  t.deepEqual(judge({ secureBoot: "on", applications: without }), []);
  t.deepEqual(judge({ applications: without }), ["kernel as started"]);
  t.deepEqual(
    judge({ secureBoot: "on", applications: [...without, "0".repeat(64)] }),
    ["kernel as started"],
  );
});

test("a flipped bit in any field of the quote is refused by name", async (t) => {
  // Offsets in TPMS_ATTEST: magic, type, signer, nonce, clock, resets, restarts, safe, firmware, selection, digest.
  for (const [field, at, check] of [
    ["magic", 0, "quote"],
    ["type", 5, "quote"],
    ["signer", 20, "quote signature"],
    ["nonce", 44, "nonce"],
    ["clock", 50, "quote signature"],
    ["reset counter", 57, "quote signature"],
    ["restart counter", 61, "quote signature"],
    ["firmware version", 68, "quote signature"],
    ["PCR selection", 80, "PCR digest"],
    ["PCR digest", -1, "PCR digest"],
  ] as const) {
    const failed = await damaged("quote.msg", flip(at));
    t.true(failed.includes(check), `${field}: ${failed}`);
    if (check !== "quote") t.true(failed.includes("quote signature"), field);
  }
  t.true((await damaged("quote.sig", flip(-1))).includes("quote signature"));
  t.true((await damaged("quote.sig", flip(0))).includes("quote signature"));
  t.true((await damaged("quote.pcrs", flip(140))).length > 0);
  t.deepEqual(
    await damaged("ak.pub", flip(-1)).then((failed) => failed.length > 0),
    true,
  );
  t.deepEqual(
    await damaged("cmdline", (bytes) => bytes, Buffer.from("00112234", "hex")),
    ["nonce"],
  );
});

test("a changed log is refused by the log that it is", async (t) => {
  const log = await readFile(join(captured, "eventlog.bin"));
  const last = log.length - 4 - 40 - 4 - 8 - 2 - 32 + 4;
  for (const [name, change] of [
    ["a digest flipped", flip(200)],
    ["cut in the middle of an event", (bytes: Buffer) => bytes.subarray(0, -3)],
    ["without its last event", (bytes: Buffer) => bytes.subarray(0, last - 4)],
    [
      "with an event more",
      (bytes: Buffer) => Buffer.concat([bytes, bytes.subarray(last - 4)]),
    ],
    ["header flipped", flip(40)],
    ["empty", () => Buffer.alloc(0)],
  ] as const) {
    const failed = await damaged("eventlog.bin", change);
    t.true(failed.includes("firmware event log"), `${name}: ${failed}`);
  }
  const swapped = (bytes: Buffer): Buffer => {
    const parts = bytes.toString("utf8").split("\u001e").slice(1);
    return Buffer.from(
      ["", parts[1], parts[0], ...parts.slice(2)].join("\u001e"),
    );
  };
  for (const [name, change] of [
    ["two records swapped", swapped],
    [
      "a digest changed",
      (bytes: Buffer) =>
        Buffer.from(
          bytes.toString("utf8").replace(/"digest":"../, '"digest":"00'),
        ),
    ],
    ["cut", (bytes: Buffer) => bytes.subarray(0, -30)],
  ] as const)
    t.true(
      (await damaged("measure.log", change)).includes(
        "systemd measurement log",
      ),
      name,
    );
  // The text beside a digest is not what was measured: it is not believed.
  const renamed = await damaged("measure.log", (bytes) =>
    Buffer.from(bytes.toString("utf8").replace("sysinit", "sysquit")),
  );
  t.true(renamed.includes("phases"));
});

test("an image that nobody signed, or that is another, is refused by its part", async (t) => {
  t.deepEqual(await damaged("image.reference", flip(-1)), ["reference values"]);
  t.deepEqual(await damaged("signers/builder.pem", (bytes) => bytes), []);
  const strangers = { ...trust, signers: [] };
  const report = await verifyQuoteFolder(captured, nonce, strangers, true);
  t.deepEqual(
    report.checks
      .filter(({ result }) => result === "failed")
      .map(({ name }) => name),
    ["reference values"],
  );
});

test("a million broken inputs end in a value or in an error of our own", async (t) => {
  t.timeout(10 * 60_000);
  await using folder = await temporaryFolder();
  const maker = await Maker.create(folder.path);
  const file = async (name: string): Promise<Buffer> =>
    await readFile(join(captured, name));
  const root = new X509Certificate(await readFile(maker.root)).raw;
  const key = await file("tpm2-pcr-public-key.pem").then((pem) =>
    import("node:crypto").then(({ createPublicKey }) => createPublicKey(pem)),
  );
  const context = {
    peer: Buffer.alloc(36),
    revocations: [],
    links: [],
    now: 0,
  };
  const event = await file("eventlog.bin");
  const parsers: [string, Buffer, number, (bytes: Buffer) => unknown][] = [
    ["TPMS_ATTEST", await file("quote.msg"), 150_000, readAttest],
    ["TPMT_SIGNATURE", await file("quote.sig"), 100_000, readSignature],
    ["quote.pcrs", await file("quote.pcrs"), 60_000, readPcrFile],
    ["TPM2B_PUBLIC", await file("ek.pub"), 100_000, readPublic],
    [
      "event log",
      event,
      120_000,
      (bytes) => describeBoot(readEventLog(bytes), [], undefined),
    ],
    ["replay", event, 30_000, (bytes) => replay(readEventLog(bytes))],
    [
      "variable",
      Buffer.from(
        "61dfe48bca93d211aa0d00e098032b8c0a0000000000000001000000000000005300650063007500720065004200",
        "hex",
      ),
      100_000,
      readVariable,
    ],
    ["measure log", await file("measure.log"), 100_000, readMeasureLog],
    [
      "reference",
      await file("image.reference"),
      40_000,
      (bytes) => openReference(bytes, trust.signers),
    ],
    [
      "credential",
      Buffer.concat([
        Buffer.from("badcc0de00000001", "hex"),
        Buffer.from([0, 4, 1, 2, 3, 4, 0, 2, 1, 2]),
      ]),
      100_000,
      readCredentialFile,
    ],
    ["evidence", await file("image.reference"), 30_000, readEvidence],
    ["certificates", root, 40_000, splitCertificates],
    ["certificate", root, 10_000, describeCertificate],
    [
      "device certificate",
      await file("image.reference"),
      30_000,
      (bytes) => verifyDeviceCertificate(bytes, context),
    ],
    ["key link", await file("image.reference"), 30_000, openLink],
    [
      ".pcrsig",
      await file("tpm2-pcr-signature.json"),
      5_000,
      (bytes) => parsePcrSignatures(bytes.toString("latin1"), key),
    ],
  ];
  t.true(parsers.reduce((sum, [, , runs]) => sum + runs, 0) >= 1_000_000);
  for (const [, seed, numRuns, parse] of parsers) {
    // Cut, then flip or overwrite a few bytes: near misses go deeper than noise.
    const broken = fc
      .tuple(
        fc.nat(seed.length),
        fc.array(
          fc.tuple(fc.nat(seed.length - 1), fc.integer({ min: 0, max: 255 })),
          { maxLength: 4 },
        ),
        fc.uint8Array({ maxLength: 8 }),
      )
      .map(([length, changes, tail]) => {
        const bytes = Buffer.from(seed);
        for (const [at, value] of changes) bytes.writeUInt8(value, at);
        return Buffer.concat([
          length % 3 === 0 ? bytes.subarray(0, length) : bytes,
          tail,
        ]);
      });
    fc.assert(
      fc.property(broken, (bytes) => {
        try {
          parse(bytes);
        } catch (error) {
          if (!(error instanceof CoppiceError)) throw error;
        }
      }),
      {
        numRuns,
        interruptAfterTimeLimit: 120_000,
        markInterruptAsFailure: true,
      },
    );
    // Fast-check runs on the event loop; the test runner wants a word between.
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("what we write as quote.pcrs we read again", (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 24 }),
      (pcrs) => {
        const values = new Map(pcrs.map((pcr) => [pcr, Buffer.alloc(32, pcr)]));
        const [bank] = readPcrFile(writePcrFile(values));
        t.deepEqual(
          [...(bank?.values ?? [])].map(([pcr, value]) => [
            pcr,
            Buffer.from(value),
          ]),
          [...values].sort(([a], [b]) => a - b),
        );
      },
    ),
  );
});

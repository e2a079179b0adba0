import {
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import {
  CertificateChainError,
  CertificateExpiredError,
  CertificateFormatError,
  CertificateUsageError,
  EndorsementKeyMismatchError,
  validateEndorsement,
} from "../../../services/identity/attest/ek-certificate.ts";
import { temporaryFolder } from "../../folder.ts";
import { type CertificateOptions, Maker } from "./tpm-stand.ts";

const day = 86_400_000;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
const ecc = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
const pem = (key: typeof rsa): string =>
  key.export({ format: "pem", type: "spki" }).toString();

test("a maker's certificate is accepted, for RSA and for P-256, also where NV holds more bytes than it has", async (t) => {
  await using folder = await temporaryFolder();
  const maker = await Maker.create(folder.path);
  const roots = [new X509Certificate(await readFile(maker.root))];
  for (const key of [rsa, ecc]) {
    const certificate = await maker.certify(pem(key));
    t.like(
      validateEndorsement(
        Buffer.concat([certificate, Buffer.alloc(50, 0xff)]),
        createPublicKey(pem(key)),
        [],
        roots,
        Date.now(),
      ),
      { manufacturer: "TEST", model: "Birch", version: "id:00010002" },
    );
  }
});

test("an intermediate authority is followed, and one that may not sign is not", async (t) => {
  await using folder = await temporaryFolder();
  const maker = await Maker.create(folder.path);
  const roots = [new X509Certificate(await readFile(maker.root))];
  const between = async (): Promise<Buffer> =>
    new X509Certificate(await readFile(join(folder.path, "between.pem"))).raw;
  await maker.intermediate();
  const certificate = await maker.certify(pem(rsa), {}, "between");
  t.is(
    validateEndorsement(certificate, rsa, [await between()], roots, Date.now())
      .manufacturer,
    "TEST",
  );
  t.throws(() => validateEndorsement(certificate, rsa, [], roots, Date.now()), {
    instanceOf: CertificateChainError,
  });
  for (const extensions of [
    "basicConstraints=critical,CA:FALSE",
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature",
  ]) {
    await maker.intermediate(extensions);
    const signed = await maker.certify(pem(rsa), {}, "between");
    const issuer = await between();
    const error = t.throws(() =>
      validateEndorsement(signed, rsa, [issuer], roots, Date.now()),
    );
    t.true(
      error instanceof CertificateUsageError ||
        error instanceof CertificateChainError,
      String(error),
    );
  }
});

test("each way in which a certificate is wrong has an error of its own", async (t) => {
  await using folder = await temporaryFolder();
  await using elsewhere = await temporaryFolder();
  const maker = await Maker.create(folder.path);
  const other = await Maker.create(elsewhere.path);
  const roots = [new X509Certificate(await readFile(maker.root))];
  const good = await maker.certify(pem(rsa));
  const check =
    (certificate: Buffer, key = rsa, now = Date.now(), trusted = roots) =>
    () =>
      validateEndorsement(certificate, key, [], trusted, now);
  t.notThrows(check(good));
  t.throws(check(good, rsa, Date.now() - 2 * day), {
    instanceOf: CertificateExpiredError,
    message: /valid from/,
  });
  t.throws(check(good, rsa, Date.now() + 4000 * day), {
    instanceOf: CertificateExpiredError,
  });
  t.throws(check(good, ecc), {
    instanceOf: EndorsementKeyMismatchError,
    message: /another TPM/,
  });
  t.throws(
    check(good, generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey),
    { instanceOf: EndorsementKeyMismatchError },
  );
  t.throws(
    check(good, rsa, Date.now(), [
      new X509Certificate(await readFile(other.root)),
    ]),
    { instanceOf: CertificateChainError, message: /Add that maker's root/ },
  );
  t.throws(
    check(await other.certify(pem(rsa))),
    { instanceOf: CertificateChainError },
    "the same names, another key",
  );
  const usages: CertificateOptions[] = [
    { usage: "keyUsage=critical,digitalSignature" },
    { extendedUsage: "extendedKeyUsage=serverAuth" },
    { extendedUsage: "" },
    { alternativeName: "subjectAltName=DNS:coppice.local" },
    { alternativeName: "" },
    { critical: "1.2.3.4=critical,DER:0500" },
  ];
  for (const options of usages)
    t.throws(
      check(await maker.certify(pem(rsa), options)),
      { instanceOf: CertificateUsageError },
      JSON.stringify(options),
    );
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from("no certificate"),
    good.subarray(0, 100),
    Buffer.concat([good.subarray(0, 40), Buffer.alloc(good.length - 40)]),
  ])
    t.throws(check(bytes), { instanceOf: CertificateFormatError });
});

/** The box's certificate, and the authority behind it. */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { Certificates } from "../../../services/admin/certificates.ts";
import { temporaryFolder } from "../../folder.ts";

const exec = promisify(execFile);
const day = 24 * 3_600_000;
const at = (days: number): Date => new Date(Date.now() + days * day);

/** What stock openssl says of a certificate under the authority in `folder`. @param how what else it has to be good for */
async function verdict(
  folder: string,
  certificate: string,
  ...how: string[]
): Promise<string> {
  const args = [
    "verify",
    "-x509_strict",
    ...["-purpose", "sslserver"],
    ...["-CAfile", join(folder, "authority/cert.pem")],
    ...how,
    certificate,
  ];
  return await exec("openssl", args).then(
    ({ stdout }) => stdout,
    ({ stderr }: { stderr: string }) => stderr,
  );
}

test("stock openssl takes it for the box's names and addresses, and nothing else that the authority signs", async (t) => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const certificates = await Certificates.open(path, [
    "192.168.77.1",
    "fd12::1",
    "93.184.0.1",
  ]);
  const box = join(path, "box/cert.pem");
  for (const how of [
    ["-verify_hostname", "coppice.local"],
    ["-verify_ip", "192.168.77.1"],
    ["-verify_ip", "fd12::1"],
  ])
    t.regex(await verdict(path, box, ...how), /OK/, how.join(" "));
  t.regex(
    await verdict(path, box, "-verify_ip", "93.184.0.1"),
    /IP address mismatch/,
  );
  const shown = new X509Certificate(certificates.current.cert);
  t.is(certificates.current.cert.match(/BEGIN CERTIFICATE/g)?.length, 2);
  t.is(shown.fingerprint256, certificates.current.fingerprint);
  t.true(Date.parse(shown.validTo) - Date.parse(shown.validFrom) < 398 * day);

  // Whoever has the authority's key cannot play the Internet to devices that trust it.
  for (const name of ["DNS:bank.example", "IP:93.184.0.1"]) {
    const forged = join(path, "forged.pem");
    await exec("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=forged/"],
      ...["-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"],
      ...["-addext", `subjectAltName=${name}`],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-CA", join(path, "authority/cert.pem")],
      ...["-CAkey", join(path, "authority/key.pem")],
      ...["-keyout", join(path, "forged.key"), "-out", forged],
    ]);
    t.regex(await verdict(path, forged), /permitted subtree violation/, name);
  }
});

test("it is signed anew where the box moves, and in time; the authority stays", async (t) => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const home = ["192.168.77.1"];
  const certificates = await Certificates.open(path, home);
  const { authority, current } = certificates;
  t.false(await certificates.renew(home, at(0)));
  t.false(await certificates.renew([...home, "93.184.0.1"], at(0)));
  t.deepEqual(certificates.current, current);

  t.true(await certificates.renew(["10.1.2.1", "fd12:0:0:3::1"], at(0)));
  t.false(await certificates.renew(["10.1.2.1", "fd12:0:0:3::1"], at(0)));
  t.not(certificates.current.fingerprint, current.fingerprint);
  t.regex(
    await verdict(path, join(path, "box/cert.pem"), "-verify_ip", "10.1.2.1"),
    /OK/,
  );
  t.false(await certificates.renew(["10.1.2.1"], at(300)));
  t.true(await certificates.renew(["10.1.2.1"], at(310)), "it ends soon");
  t.true(
    await certificates.renew(["10.1.2.1"], at(-1)),
    "the clock was ahead when it was made",
  );

  const again = await Certificates.open(path, home);
  t.deepEqual(again.current, certificates.current);
  t.deepEqual(again.authority, authority);
  // What a power cut left of a certificate is none.
  await writeFile(join(path, "box/cert.pem"), "");
  const made = await Certificates.open(path, home);
  t.not(made.current.fingerprint, again.current.fingerprint);
  t.deepEqual(made.authority, authority);
  t.is(
    await readFile(join(path, "authority/cert.pem"), "utf8"),
    authority.cert,
  );
});

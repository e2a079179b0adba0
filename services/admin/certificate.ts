import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { syncFolder } from "../shared/durable.ts";
import { hasCode } from "../shared/errors.ts";

/** The box's own TLS certificate. */
export interface Certificate {
  key: string;
  cert: string;
  /** SHA-256 over the DER, as browsers show it: `AB:CD:...`. */
  fingerprint: string;
}

const names = [
  "DNS:coppice.local",
  "DNS:coppice.home.arpa",
  "DNS:coppice",
  "DNS:localhost",
  "IP:192.168.77.1",
  "IP:127.0.0.1",
];
const days = 3650;

/** Reads the certificate in a folder, or makes one: self-signed, P-256, its key never leaves the box. */
export async function ensureCertificate(folder: string): Promise<Certificate> {
  const made = await readCertificate(folder);
  if (made) return made;
  await rm(`${folder}.new`, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  await mkdir(`${folder}.new`, { recursive: true, mode: 0o700 });
  const request = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-sha256",
    "-days",
    String(days),
    "-subj",
    "/CN=Coppice/",
  ];
  const extensions = [
    `subjectAltName=${names.join(",")}`,
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=serverAuth",
    "basicConstraints=critical,CA:FALSE",
  ];
  const outputs = [
    "-keyout",
    join(`${folder}.new`, "key.pem"),
    "-out",
    join(`${folder}.new`, "cert.pem"),
  ];
  await promisify(execFile)("openssl", [
    ...request,
    ...extensions.flatMap((extension) => ["-addext", extension]),
    ...outputs,
  ]);
  await syncFolder(`${folder}.new`);
  await rename(`${folder}.new`, folder);
  await syncFolder(join(folder, ".."));
  const certificate = await readCertificate(folder);
  if (!certificate)
    throw new Error(
      `the certificate in ${folder} is gone right after it was made; look at the disk`,
    );
  return certificate;
}

async function readCertificate(
  folder: string,
): Promise<Certificate | undefined> {
  try {
    const [key, cert] = await Promise.all([
      readFile(join(folder, "key.pem"), "utf8"),
      readFile(join(folder, "cert.pem"), "utf8"),
    ]);
    const der = new X509Certificate(cert).raw;
    const hex = createHash("sha256").update(der).digest("hex").toUpperCase();
    return { key, cert, fingerprint: hex.match(/../g)?.join(":") ?? "" };
  } catch (error) {
    if (
      hasCode(error, "ENOENT") ||
      hasCode(error, "ERR_OSSL_PEM_NO_START_LINE")
    )
      return undefined;
    throw error;
  }
}

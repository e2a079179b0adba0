import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Makes a key and a certificate that it signs itself, and resolves to their PEM files in `folder`.
 * @param altName for whom, as openssl's subjectAltName has it
 */
export async function selfSigned(
  folder: string,
  altName: string,
): Promise<{ key: string; certificate: string }> {
  const key = join(folder, "key.pem");
  const certificate = join(folder, "certificate.pem");
  await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...["-nodes", "-days", "2", "-subj", "/CN=test"],
    ...["-addext", `subjectAltName=${altName}`],
    ...["-keyout", key, "-out", certificate],
  ]);
  return { key, certificate };
}

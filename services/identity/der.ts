/** Where DER elements end (X.690 section 10.1). */

/** Bytes of the DER element that begins here. @throws RangeError where there is none */
export function derLength(der: Uint8Array): number {
  const first = der[1] ?? 0;
  if (der[0] !== 0x30)
    throw new RangeError("it does not begin as a certificate");
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  if (count > 3) throw new RangeError("it is too long");
  let length = 0;
  for (let index = 0; index < count; index++)
    length = length * 256 + (der[2 + index] ?? 0);
  if (2 + count + length > der.length) throw new RangeError("it is cut off");
  return 2 + count + length;
}

/** Splits the certificates that a TPM keeps behind each other. */
export function splitCertificates(bytes: Uint8Array): Buffer[] {
  const found: Buffer[] = [];
  let rest = Buffer.from(bytes);
  while (rest[0] === 0x30 && found.length < 8) {
    let length: number;
    try {
      length = derLength(rest);
    } catch {
      break;
    }
    found.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return found;
}

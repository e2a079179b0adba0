/** What the box shows browsers: a certificate for its names and addresses, and the authority behind it, which a household may trust. */
import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { syncFolder } from "../shared/durable.ts";
import { hasCode } from "../shared/errors.ts";
import { homeNets, isAtHome } from "../shared/home-addresses.ts";

/** A certificate with the key to it. */
export interface Certificate {
  /** PEM. */
  key: string;
  /** PEM: the certificate, and the authority's behind it. */
  cert: string;
  /** SHA-256 over the certificate's DER, as browsers show it: `AB:CD:...`. */
  fingerprint: string;
}

const day = 24 * 3_600_000;
/** Days that an authority is good for: longer than the box. */
const authorityDays = 7300;
/** Days that a certificate is good for: browsers take none for longer than 398 (CA/Browser Forum, Baseline Requirements 6.3.2). */
const boxDays = 397;
/** Milliseconds before its end at which it is replaced. */
const early = 90 * day;

/** Names that every box of this kind has at home. */
const names = ["coppice.local", "coppice.home.arpa", "coppice", "localhost"];
/** The authority speaks for the addresses at home and no others, each net by its mask (RFC 5280, 4.2.1.10). */
const netmasks: Readonly<Record<(typeof homeNets)[number][0], string>> = {
  "10.0.0.0": "255.0.0.0",
  "172.16.0.0": "255.240.0.0",
  "192.168.0.0": "255.255.0.0",
  "127.0.0.0": "255.0.0.0",
  "fc00::": "fe00::",
  "fe80::": "ffc0::",
};

/** openssl's arguments for a new P-256 key and a certificate of it. */
function request(
  folder: string,
  subject: string,
  days: number,
  extensions: readonly string[],
): string[] {
  return [
    ...["req", "-x509", "-newkey", "ec"],
    ...["-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256"],
    ...["-days", String(days), "-subj", subject],
    ...extensions.flatMap((extension) => ["-addext", extension]),
    ...["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")],
  ];
}

/**
 * An authority whose key never leaves the box, and that can speak for nothing but the household's own names and addresses
 * (name constraints, RFC 5280, 4.2.1.10): whoever trusts it trusts the box with no site of the Internet. And the certificate
 * that it signs for the box, anew where the box's addresses change, and in time before it ends.
 */
export class Certificates {
  readonly #folder: string;
  readonly #authority: Certificate;
  #current: Certificate;

  private constructor(
    folder: string,
    authority: Certificate,
    current: Certificate,
  ) {
    this.#folder = folder;
    this.#authority = authority;
    this.#current = current;
  }

  /** Reads what is in a folder, or makes it. @param addresses of the box at home. @throws Error where openssl fails or the disk does not keep it */
  static async open(
    folder: string,
    addresses: readonly string[],
  ): Promise<Certificates> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const constraints = [
      ...names.map((name) => `permitted;DNS:${name}`),
      ...homeNets.map(([net]) => `permitted;IP:${net}/${netmasks[net]}`),
    ];
    const place = join(folder, "authority");
    const old = await read(place);
    const authority =
      old ??
      (await make(place, (fresh) =>
        request(fresh, "/O=Coppice/CN=Coppice at home/", authorityDays, [
          "basicConstraints=critical,CA:TRUE,pathlen:0",
          "keyUsage=critical,keyCertSign",
          "extendedKeyUsage=serverAuth",
          `nameConstraints=critical,${constraints.join(",")}`,
        ]),
      ));
    // What another authority signed is nobody's.
    const kept = old && (await read(join(folder, "box")));
    const made = new Certificates(folder, authority, kept ?? authority);
    if (!kept) await made.#sign(addresses);
    return made;
  }

  /** What is shown to browsers at the moment. */
  get current(): Certificate {
    const { key, cert, fingerprint } = this.#current;
    return { key, cert: `${cert}${this.#authority.cert}`, fingerprint };
  }

  /** The authority's certificate, PEM, and its fingerprint. */
  get authority(): Pick<Certificate, "cert" | "fingerprint"> {
    const { cert, fingerprint } = this.#authority;
    return { cert, fingerprint };
  }

  /**
   * Signs a new certificate where the one that is shown does not say all of these addresses, ends soon, or was made by a clock
   * that was wrong. @returns whether there is a new one
   */
  async renew(addresses: readonly string[], now: Date): Promise<boolean> {
    const { subjectAltName, validFrom, validTo } = new X509Certificate(
      this.#current.cert,
    );
    const told = new Set(
      (subjectAltName ?? "")
        .split(", ")
        .map((one) => one.replace(/^(DNS|IP Address):/, "")),
    );
    const good =
      shownFor(addresses).every((one) => told.has(plain(one))) &&
      Date.parse(validFrom) <= now.getTime() &&
      Date.parse(validTo) > now.getTime() + early;
    if (good) return false;
    await this.#sign(addresses);
    return true;
  }

  async #sign(addresses: readonly string[]): Promise<void> {
    const authority = join(this.#folder, "authority");
    const alternatives = [
      ...names.map((name) => `DNS:${name}`),
      ...shownFor(addresses).map((address) => `IP:${address}`),
    ];
    this.#current = await make(join(this.#folder, "box"), (fresh) => [
      ...request(fresh, "/CN=coppice.local/", boxDays, [
        `subjectAltName=${alternatives.join(",")}`,
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth",
        "basicConstraints=critical,CA:FALSE",
      ]),
      ...["-CA", join(authority, "cert.pem")],
      ...["-CAkey", join(authority, "key.pem")],
    ]);
  }
}

/** The addresses that a certificate can say: the box's own at home, and this machine's. */
function shownFor(addresses: readonly string[]): string[] {
  const all = new Set(["127.0.0.1", ...addresses]);
  return [...all].filter((address) => isAtHome(address));
}

/** An address as Node's X509Certificate tells it: IPv6 in capitals, with every group. */
function plain(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] =>
    text === "" ? [] : text.split(":");
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const gap = Array(8 - before.length - after.length).fill("0");
  return [...before, ...(tail === undefined ? [] : gap), ...after]
    .map((group) => group.replace(/^0+(?=.)/, "").toUpperCase())
    .join(":");
}

/** Makes key and certificate in a folder that stands there whole or not at all. */
async function make(
  folder: string,
  args: (fresh: string) => readonly string[],
): Promise<Certificate> {
  const fresh = `${folder}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await promisify(execFile)("openssl", [...args(fresh)]);
  await syncFolder(fresh);
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
  await syncFolder(dirname(folder));
  const made = await read(folder);
  if (!made)
    throw new Error(
      `the certificate in ${folder} is gone right after it was made; look at the disk`,
    );
  return made;
}

async function read(folder: string): Promise<Certificate | undefined> {
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

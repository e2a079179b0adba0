/** Software TPMs of a test's own, with and without makers' certificates, and the stock tools that talk to them. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type SoftwareTpm,
  startSoftwareTpm,
  withoutFiles,
} from "../../../scripts/software-tpm.ts";
import { readEventLog } from "../../../services/identity/attest/event-log.ts";
import { readMeasureLog } from "../../../services/identity/attest/measure-log.ts";
import { BootSources } from "../../../services/identity/boot-sources.ts";
import { NodeIdentity } from "../../../services/identity/node-identity.ts";
import { Tpm } from "../../../services/identity/tpm/tpm.ts";
import { temporaryFolder } from "../../folder.ts";

const runFile = promisify(execFile);

/** Runs a program in a folder; gives its standard output. @throws where it fails */
export async function runIn(
  cwd: string,
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const [bash = "", ...rest] = [...withoutFiles, command, ...args];
  const { stdout } = await runFile(bash, rest, {
    cwd,
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 24,
  });
  return stdout;
}

/** Files of a boot as the service reads them, and what they are called among the captured ones. */
const bootFiles = {
  eventlog: "eventlog.bin",
  measurelog: "measure.log",
  cmdline: "cmdline",
  reference: "image.reference",
  "tpm2-pcr-signature.json": "tpm2-pcr-signature.json",
  "tpm2-pcr-public-key.pem": "tpm2-pcr-public-key.pem",
} as const;

/** Measures into a TPM what the captured boot measured, and lays out its files in `boot/` and `image-signers/` of a folder. */
export async function replayCapturedBoot(
  tcti: string,
  folder: string,
): Promise<void> {
  const captured = join(import.meta.dirname, "captured");
  const noAction = 3;
  const events = readEventLog(
    await readFile(join(captured, "eventlog.bin")),
  ).filter(({ type }) => type !== noAction);
  const records = readMeasureLog(await readFile(join(captured, "measure.log")));
  await runIn(
    folder,
    "tpm2_pcrextend",
    [...events, ...records].map(
      ({ pcr, digest }) => `${pcr}:sha256=${digest.toString("hex")}`,
    ),
    { TPM2TOOLS_TCTI: tcti },
  );
  await mkdir(join(folder, "boot"), { recursive: true });
  for (const [name, from] of Object.entries(bootFiles))
    await copyFile(join(captured, from), join(folder, "boot", name));
  await mkdir(join(folder, "image-signers"), { recursive: true });
  await copyFile(
    join(captured, "signers/builder.pem"),
    join(folder, "image-signers/builder.pem"),
  );
}

/** A TPM in a folder that goes away with it. */
export class TpmStand implements AsyncDisposable {
  readonly folder: string;
  #swtpm: SoftwareTpm;
  #remove: () => PromiseLike<void>;

  private constructor(
    folder: string,
    swtpm: SoftwareTpm,
    remove: () => PromiseLike<void>,
  ) {
    this.folder = folder;
    this.#swtpm = swtpm;
    this.#remove = remove;
  }

  /** Starts a fresh TPM. */
  static async start(): Promise<TpmStand> {
    const folder = await temporaryFolder();
    await mkdir(join(folder.path, "tpm"));
    const swtpm = await startSoftwareTpm(join(folder.path, "tpm"));
    return new TpmStand(
      folder.path,
      swtpm,
      async () => await folder[Symbol.asyncDispose](),
    );
  }

  get tcti(): string {
    return this.#swtpm.tcti;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Turns the TPM off and on. */
  async restart(): Promise<void> {
    await this.#swtpm[Symbol.asyncDispose]();
    this.#swtpm = await startSoftwareTpm(join(this.folder, "tpm"));
  }

  /** Runs one of tpm2-tools on it, in its folder. */
  async tool(name: string, ...args: string[]): Promise<string> {
    return await runIn(this.folder, name, args, {
      TPM2TOOLS_TCTI: this.tcti,
      TSS2_LOG: "all+NONE",
    });
  }

  async openTpm(): Promise<Tpm> {
    return await Tpm.open(this.tcti);
  }

  /** An identity on this TPM; closing it closes the connection. @param state folder of its record */
  async openIdentity({
    state = "state",
    boot = BootSources.none(),
    now,
  }: {
    state?: string;
    boot?: BootSources;
    now?: () => number;
  } = {}): Promise<NodeIdentity> {
    const tpm = await this.openTpm();
    const identity = await NodeIdentity.open({
      tpm,
      folder: this.path(state),
      boot,
      shipped: {
        roots: this.path("tpm-roots"),
        signers: this.path("image-signers"),
      },
      ...(now ? { now } : {}),
    });
    identity.closeWith(tpm);
    return identity;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#swtpm[Symbol.asyncDispose]();
    await this.#remove();
  }
}

/** What a test's certificate says; the defaults make a good one. */
export interface CertificateOptions {
  usage?: string;
  extendedUsage?: string;
  alternativeName?: string;
  critical?: string;
}

/** A TPM maker of a test's own: a root certificate that certifies endorsement keys, by the openssl command. */
export class Maker {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param folder is made. */
  static async create(folder: string): Promise<Maker> {
    await mkdir(folder, { recursive: true });
    const maker = new Maker(folder);
    await writeFile(
      join(folder, "ca.cnf"),
      [
        "[req]",
        "distinguished_name=dn",
        "[dn]",
        "[ca]",
        "basicConstraints=critical,CA:TRUE",
        "keyUsage=critical,keyCertSign,cRLSign",
      ].join("\n"),
    );
    await maker.#openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      "root.key",
      "-out",
      "root.pem",
      "-subj",
      "/O=Test TPMs/CN=Root",
      "-days",
      "3650",
      "-config",
      "ca.cnf",
      "-extensions",
      "ca",
    );
    return maker;
  }

  get root(): string {
    return join(this.folder, "root.pem");
  }

  /** Makes an intermediate authority below the root. @param extensions of its certificate. */
  async intermediate(
    extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign",
  ): Promise<void> {
    await writeFile(join(this.folder, "between.ext"), extensions);
    await this.#openssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      "between.key",
      "-out",
      "between.csr",
      "-subj",
      "/O=Test TPMs/CN=Between",
      "-config",
      "ca.cnf",
    );
    await this.#openssl(
      "x509",
      "-req",
      "-in",
      "between.csr",
      "-CA",
      "root.pem",
      "-CAkey",
      "root.key",
      "-CAcreateserial",
      "-days",
      "3650",
      "-extfile",
      "between.ext",
      "-out",
      "between.pem",
    );
  }

  /** Certifies a public key (PEM) and gives the certificate, DER. @param signer root or between. */
  async certify(
    publicPem: string,
    options: CertificateOptions = {},
    signer = "root",
  ): Promise<Buffer> {
    const {
      usage = "keyUsage=critical,keyEncipherment,keyAgreement",
      extendedUsage = "extendedKeyUsage=2.23.133.8.1",
      alternativeName = "subjectAltName=critical,dirName:tpm",
      critical = "",
    } = options;
    await writeFile(join(this.folder, "ek.pem"), publicPem);
    await writeFile(
      join(this.folder, "ek.cnf"),
      [
        "[req]",
        "distinguished_name=dn",
        "[dn]",
        "[ext]",
        "basicConstraints=critical,CA:FALSE",
        usage,
        extendedUsage,
        alternativeName,
        critical,
        "[tpm]",
        "x.2.23.133.2.1=id:54455354",
        "x.2.23.133.2.2=Birch",
        "x.2.23.133.2.3=id:00010002",
      ].join("\n"),
    );
    await this.#openssl(
      "req",
      "-new",
      "-key",
      `${signer}.key`,
      "-subj",
      "/CN=ignored",
      "-config",
      "ca.cnf",
      "-out",
      "any.csr",
    );
    await this.#openssl(
      "x509",
      "-req",
      "-in",
      "any.csr",
      "-force_pubkey",
      "ek.pem",
      "-CA",
      `${signer}.pem`,
      "-CAkey",
      `${signer}.key`,
      "-CAcreateserial",
      "-extfile",
      "ek.cnf",
      "-extensions",
      "ext",
      "-days",
      "3650",
      "-out",
      "ek.crt",
    );
    await this.#openssl(
      "x509",
      "-in",
      "ek.crt",
      "-outform",
      "DER",
      "-out",
      "ek.der",
    );
    return await readFile(join(this.folder, "ek.der"));
  }

  async #openssl(...args: string[]): Promise<string> {
    return await runIn(this.folder, "openssl", args);
  }
}

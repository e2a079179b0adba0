import { createPublicKey, X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { Parse } from "typebox/value";
import {
  AcceptancePolicy,
  Blob,
  IdentityState,
  loadVerification,
  openIdentityHere,
  PeerState,
  QuoteFiles,
  type QuoteQuestion,
  TimedReport,
  TrustState,
} from "../identity/client.ts";
import { CliError, type Connection } from "./connection.ts";

/** What the commands need of the program around them. */
export interface Surroundings {
  connect: () => Promise<Connection>;
  print: (value: unknown, text: string) => void;
}

type Here = Awaited<ReturnType<typeof openIdentityHere>>;
type Report = Pick<TimedReport, "accepted" | "checks">;

/** Reads a file that the user named. @throws CliError */
async function input(path: string): Promise<Buffer> {
  return await readFile(path).catch((error: Error) => {
    throw new CliError(`cannot read ${path}: ${error.message}`, 2);
  });
}

function hex(text: string, what: string): Buffer {
  if (!/^([0-9a-fA-F]{2})+$/.test(text))
    throw new CliError(`${what} must be hexadecimal, not ${text}`, 2);
  return Buffer.from(text, "hex");
}

/** `sha256:0,4,7`. */
function pcrList(text: string): number[] {
  const list = /^sha256:(\d{1,2}(?:,\d{1,2})*)$/.exec(text)?.[1];
  const pcrs = (list ?? "").split(",").map(Number);
  if (list === undefined || pcrs.some((pcr) => pcr > 23))
    throw new CliError(`${text} is no list of PCRs such as sha256:0,4,7,11`, 2);
  return [...new Set(pcrs)].sort((a, b) => a - b);
}

function words(report: Report): string {
  const mark = { passed: "ok  ", failed: "FAIL", noted: "note" };
  return [
    ...report.checks.map(
      ({ name, result, evidence }) => `${mark[result]} ${name}: ${evidence}`,
    ),
    report.accepted ? "accepted" : "refused",
  ].join("\n");
}

/** Adds `coppice identity ...`. */
export function addIdentityCommands(
  program: Command,
  { connect, print }: Surroundings,
): void {
  const identity = program
    .command("identity")
    .description("who this box is, proofs of it, and checks of others' proofs")
    .exitOverride()
    .option(
      "--tcti <tcti>",
      "use this TPM instead of the box's service, such as swtpm:port=2321",
    )
    .option(
      "--state <folder>",
      "folder of the keys that --tcti uses",
      join(homedir(), ".local/state/coppice/identity"),
    );
  const report = (result: Report): void => {
    print(result, words(result));
    if (!result.accepted) process.exitCode = 1;
  };
  /** Runs against the TPM that --tcti names, or against the box. */
  const ask = async <T>(
    here: (one: Here) => Promise<T>,
    box: (api: Connection) => Promise<T>,
  ): Promise<T> => {
    const { tcti, state } = identity.opts<{ tcti?: string; state: string }>();
    if (tcti !== undefined) {
      await using one = await openIdentityHere({ tcti, folder: state });
      return await here(one);
    }
    await using api = await connect();
    return await box(api);
  };
  const exchange = async (
    step: "introduce" | "challenge" | "answer" | "activate",
    bytes: Buffer,
  ): Promise<Buffer> => {
    const question = bytes.toString("base64");
    const answer = await ask(
      async (one) => await one.exchange(step, question),
      async (api) =>
        (
          await api.call(Blob, "POST", `/api/identity/${step}`, {
            json: { bytes: question },
          })
        ).bytes,
    );
    return Buffer.from(answer, "base64");
  };

  identity
    .command("show")
    .description("keys, certificates and TPM")
    .action(async () => {
      const state = await ask(
        async (one) => await one.state(),
        async (api) => await api.call(IdentityState, "GET", "/api/identity"),
      );
      const { endorsement, certificate } = state;
      print(
        state,
        [
          ...(state.message ? [state.message] : []),
          `node         ${state.node} (${state.keys.node})`,
          `libp2p       ${state.peerId} (${state.peer === "tpm" ? "in the TPM" : "sealed by the TPM"})`,
          `certificate  until ${new Date(certificate.expires).toISOString().slice(0, 10)}`,
          `attestation  ${state.attestationName} (${state.keys.attestation})`,
          `endorsement  ${endorsement.name} (${endorsement.kind})`,
          `maker        ${endorsement.maker ? `${endorsement.maker.manufacturer} ${endorsement.maker.model}` : "no certificate"}; ${endorsement.trust}`,
        ].join("\n"),
      );
    });
  identity
    .command("attest")
    .description("attest this box to itself")
    .action(async () => {
      report(
        await ask(
          async (one) => await one.attest(),
          async (api) =>
            await api.call(TimedReport, "POST", "/api/identity/attest", {
              json: {},
            }),
        ),
      );
    });
  identity
    .command("quote")
    .description("write a quote as files that tpm2_checkquote reads")
    .requiredOption("--nonce <hex>", "the verifier's nonce, at most 32 bytes")
    .requiredOption("--pcrs <list>", "such as sha256:0,4,7,11")
    .requiredOption("--out <folder>", "where to write")
    .action(async (options: { nonce: string; pcrs: string; out: string }) => {
      const question: QuoteQuestion = {
        nonce: hex(options.nonce, "--nonce").toString("hex"),
        pcrs: pcrList(options.pcrs),
      };
      if (question.nonce.length > 64)
        throw new CliError("--nonce has more than 32 bytes", 2);
      const files = await ask(
        async (one) => await one.quote(question),
        async (api) =>
          await api.call(QuoteFiles, "POST", "/api/identity/quote", {
            json: question,
          }),
      );
      const { writeQuoteFolder } = await loadVerification();
      const bytes = (text: string): Buffer => Buffer.from(text, "base64");
      await writeQuoteFolder(options.out, {
        attest: bytes(files.attest),
        signature: bytes(files.signature),
        values: new Map(
          files.values.map(([pcr, value]) => [pcr, bytes(value)]),
        ),
        attestation: bytes(files.attestation),
        endorsement: bytes(files.endorsement),
        certificate:
          files.certificate === null ? null : bytes(files.certificate),
        eventLog: bytes(files.eventLog),
        measureLog: bytes(files.measureLog),
        commandLine: files.commandLine,
        reference: files.reference === null ? null : bytes(files.reference),
      });
      print(
        { folder: options.out },
        `quote of PCRs ${question.pcrs.join(", ")} in ${options.out}`,
      );
    });
  identity
    .command("verify <folder>")
    .description("check a quote's files, whoever made them")
    .requiredOption("--nonce <hex>", "the nonce that was asked with")
    .option("--policy <file>", "judge what was booted by this policy (JSON)")
    .option(
      "--signers <folder>",
      "public keys that may sign images",
      "/usr/share/coppice/image-signers",
    )
    .option(
      "--roots <folder>",
      "TPM makers' root certificates",
      "/usr/share/coppice/tpm-roots",
    )
    .action(
      async (
        folder: string,
        options: {
          nonce: string;
          policy?: string;
          signers: string;
          roots: string;
        },
      ) => {
        const { verifyQuoteFolder, readTrust, defaultPolicy } =
          await loadVerification();
        const policy =
          options.policy === undefined
            ? defaultPolicy
            : await readPolicy(options.policy);
        const trust = await readTrust(
          policy,
          [options.roots],
          [options.signers],
        );
        report(
          await verifyQuoteFolder(
            folder,
            hex(options.nonce, "--nonce"),
            trust,
            options.policy !== undefined,
          ),
        );
      },
    );
  identity
    .command("makecredential")
    .description("protect a secret for a TPM, as tpm2_makecredential does")
    .requiredOption(
      "--ek <file>",
      "endorsement key: TPM2B_PUBLIC, PEM, or its certificate",
    )
    .requiredOption(
      "--name <hex>",
      "TPM name of the key that must be in the same TPM",
    )
    .requiredOption("--secret <file>", "at most 32 bytes")
    .requiredOption("--out <file>", "the credential")
    .action(
      async (options: {
        ek: string;
        name: string;
        secret: string;
        out: string;
      }) => {
        const { makeCredential, writeCredentialFile } =
          await loadVerification();
        const credential = makeCredential(
          await readEndorsementKey(options.ek),
          hex(options.name, "--name"),
          await input(options.secret),
        );
        await writeFile(options.out, writeCredentialFile(credential));
        print({ out: options.out }, `credential in ${options.out}`);
      },
    );
  identity
    .command("activatecredential <file>")
    .description("open a credential that was made for this box")
    .requiredOption("--out <file>", "the secret")
    .action(async (file: string, options: { out: string }) => {
      await writeFile(
        options.out,
        await exchange("activate", await input(file)),
        { mode: 0o600 },
      );
      print({ out: options.out }, `secret in ${options.out}`);
    });
  for (const [step, description, argument] of [
    ["introduce", "write this box's introduction for a verifier", ""],
    ["challenge", "challenge a box that introduced itself", " <introduction>"],
    ["answer", "answer a verifier's challenge with evidence", " <challenge>"],
  ] as const)
    identity
      .command(`${step}${argument}`)
      .description(description)
      .requiredOption("--out <file>", "where to write")
      .action(
        async (...args: [string, { out: string }] | [{ out: string }]) => {
          const [file, options] =
            args.length > 2 || typeof args[0] === "string"
              ? (args as [string, { out: string }])
              : [undefined, args[0] as { out: string }];
          await writeFile(
            options.out,
            await exchange(
              step,
              file === undefined ? Buffer.alloc(0) : await input(file),
            ),
          );
          print({ out: options.out }, `${step}: ${options.out}`);
        },
      );
  identity
    .command("examine <evidence>")
    .description("judge another box's evidence")
    .action(async (file: string) => {
      const bytes = (await input(file)).toString("base64");
      report(
        await ask(
          async (one) => await one.examine(bytes),
          async (api) =>
            await api.call(TimedReport, "POST", "/api/identity/examine", {
              json: { bytes },
            }),
        ),
      );
    });
  addCertificate(identity, ask, { print, report });
  addSealing(identity, ask, print);
  addTrust(identity, ask, print);
}

type Ask = <T>(
  here: (one: Here) => Promise<T>,
  box: (api: Connection) => Promise<T>,
) => Promise<T>;

function addCertificate(
  identity: Command,
  ask: Ask,
  {
    print,
    report,
  }: Pick<Surroundings, "print"> & { report: (result: Report) => void },
): void {
  identity
    .command("certificate")
    .description("write what this box shows its peers (JSON)")
    .requiredOption("--out <file>", "where to write")
    .action(async (options: { out: string }) => {
      const state = await ask(
        async (one) => one.peer(),
        async (api) =>
          await api.call(PeerState, "GET", "/api/identity/certificate"),
      );
      await writeFile(options.out, `${JSON.stringify(state, undefined, 2)}\n`);
      print({ out: options.out }, `device certificate in ${options.out}`);
    });
  identity
    .command("check-certificate <file>")
    .description(
      "check another box's device certificate, with its links and revocations",
    )
    .option("--node <hex>", "the node that it should be, or should have been")
    .action(async (file: string, options: { node?: string }) => {
      const { verifyDeviceCertificate } = await loadVerification();
      const { publicKey, certificate, links, revocations } =
        await readPeerState(file);
      const bytes = (text: string): Buffer => Buffer.from(text, "base64");
      report(
        verifyDeviceCertificate(bytes(certificate), {
          peer: bytes(publicKey),
          node:
            options.node === undefined
              ? undefined
              : hex(options.node, "--node"),
          links: links.map(bytes),
          revocations: revocations.map(bytes),
          now: Math.floor(Date.now() / 1000),
        }),
      );
    });
}

async function readPeerState(file: string): Promise<PeerState> {
  try {
    return Parse(PeerState, JSON.parse((await input(file)).toString("utf8")));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      `${file} is not what a box shows its peers: ${(error as Error).message}`,
      2,
    );
  }
}

function addSealing(
  identity: Command,
  ask: Ask,
  print: Surroundings["print"],
): void {
  // A password comes by a file: arguments and environments are seen by others.
  const password = async (
    file: string | undefined,
  ): Promise<{ password?: string }> =>
    file === undefined
      ? {}
      : {
          password: (await input(file)).toString("utf8").replace(/\r?\n$/, ""),
        };
  identity
    .command("seal <file>")
    .description("seal up to 128 bytes so that only this TPM opens them")
    .option("--image", "and only under images signed like the running one")
    .option("--password-file <file>", "and only with this password")
    .requiredOption("--out <file>", "the sealed secret")
    .action(
      async (
        file: string,
        options: { image?: true; passwordFile?: string; out: string },
      ) => {
        const question = {
          bytes: (await input(file)).toString("base64"),
          image: options.image ?? false,
          ...(await password(options.passwordFile)),
        };
        const sealed = await ask(
          async (one) => await one.seal(question),
          async (api) =>
            (
              await api.call(Blob, "POST", "/api/identity/seal", {
                json: question,
              })
            ).bytes,
        );
        await writeFile(options.out, Buffer.from(sealed, "base64"));
        print({ out: options.out }, `sealed in ${options.out}`);
      },
    );
  identity
    .command("unseal <file>")
    .description("open what was sealed")
    .option("--password-file <file>", "its password")
    .requiredOption("--out <file>", "the secret")
    .action(
      async (file: string, options: { passwordFile?: string; out: string }) => {
        const question = {
          bytes: (await input(file)).toString("base64"),
          ...(await password(options.passwordFile)),
        };
        const secret = await ask(
          async (one) => await one.unseal(question),
          async (api) =>
            (
              await api.call(Blob, "POST", "/api/identity/unseal", {
                json: question,
              })
            ).bytes,
        );
        await writeFile(options.out, Buffer.from(secret, "base64"), {
          mode: 0o600,
        });
        print({ out: options.out }, `secret in ${options.out}`);
      },
    );
}

function addTrust(
  identity: Command,
  ask: Ask,
  print: Surroundings["print"],
): void {
  const show = (state: TrustState): void =>
    print(
      state,
      [
        JSON.stringify(state.policy, undefined, 2),
        ...state.anchors.map(
          ({ kind, id, name, added }) =>
            `${kind} ${id} ${name}${added ? "" : " (came with the image)"}`,
        ),
      ].join("\n"),
    );
  const trust = identity
    .command("trust")
    .description("which TPMs and images this box accepts")
    .exitOverride();
  trust.command("show", { isDefault: true }).action(async () =>
    show(
      await ask(
        async (one) => await one.trust(),
        async (api) => await api.call(TrustState, "GET", "/api/identity/trust"),
      ),
    ),
  );
  trust
    .command("policy <file>")
    .description("take the policy from a JSON file")
    .action(async (file: string) => {
      const policy = await readPolicy(file);
      show(
        await ask(
          async (one) => await one.setPolicy(policy),
          async (api) =>
            await api.call(TrustState, "PUT", "/api/identity/trust/policy", {
              json: policy,
            }),
        ),
      );
    });
  for (const kind of ["root", "signer"] as const)
    trust
      .command(`add-${kind} <file>`)
      .description(
        kind === "root"
          ? "trust a TPM maker's root certificate (PEM)"
          : "trust a public key that signs images (PEM)",
      )
      .action(async (file: string) => {
        const pem = (await input(file)).toString("latin1");
        show(
          await ask(
            async (one) => await one.addAnchor(kind, pem),
            async (api) =>
              await api.call(
                TrustState,
                "POST",
                `/api/identity/trust/${kind}`,
                { json: { pem } },
              ),
          ),
        );
      });
  trust
    .command("remove <kind> <id>")
    .description("trust a root or a signer no more")
    .action(async (kind: string, id: string) => {
      if (kind !== "root" && kind !== "signer")
        throw new CliError("the kind is root or signer", 2);
      show(
        await ask(
          async (one) => await one.removeAnchor(kind, id),
          async (api) =>
            await api.call(
              TrustState,
              "DELETE",
              `/api/identity/trust/${kind}/${encodeURIComponent(id)}`,
            ),
        ),
      );
    });
}

async function readPolicy(file: string): Promise<AcceptancePolicy> {
  try {
    return Parse(
      AcceptancePolicy,
      JSON.parse((await input(file)).toString("utf8")),
    );
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${file} is no policy: ${(error as Error).message}`, 2);
  }
}

/** The endorsement key in any of the forms that tpm2-tools write. */
async function readEndorsementKey(file: string): Promise<Buffer> {
  const { endorsementFromKey, endorsementKey, readPublic } =
    await loadVerification();
  const bytes = await input(file);
  try {
    const text = bytes.toString("latin1");
    const certificate = /BEGIN CERTIFICATE/.test(text) || bytes[0] === 0x30;
    if (!certificate && !/BEGIN PUBLIC KEY/.test(text)) {
      readPublic(bytes);
      return bytes;
    }
    const key = certificate
      ? new X509Certificate(bytes).publicKey
      : createPublicKey(bytes);
    return endorsementFromKey(
      key,
      endorsementKey(key.asymmetricKeyType === "rsa" ? "rsa2048" : "p256"),
    );
  } catch (error) {
    throw new CliError(
      `${file} is no endorsement key: ${(error as Error).message}`,
      2,
    );
  }
}

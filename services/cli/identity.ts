import { createPublicKey, X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import {
  Blob,
  IdentityState,
  loadVerification,
  openIdentityHere,
  QuoteFiles,
  type QuoteQuestion,
  TimedReport,
} from "../identity/client.ts";
import { imageAnchors } from "../shared/image.ts";
import { CliError, type Connection } from "./connection.ts";
import {
  type Here,
  hex,
  input,
  type Report,
  readPolicy,
  type Surroundings,
} from "./door.ts";
import { addSealing } from "./identity-secrets.ts";
import { addCertificate, addTrust } from "./identity-trust.ts";

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
      const { decodeQuote, writeQuoteFolder } = await loadVerification();
      await writeQuoteFolder(options.out, decodeQuote(files));
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
      imageAnchors.signers,
    )
    .option(
      "--roots <folder>",
      "TPM makers' root certificates",
      imageAnchors.roots,
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

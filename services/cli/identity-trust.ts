import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { Parse } from "typebox/value";
import { loadVerification, PeerState, TrustState } from "../identity/client.ts";
import { CliError } from "./connection.ts";
import {
  type Ask,
  hex,
  input,
  type Report,
  readPolicy,
  type Surroundings,
} from "./door.ts";

/** Adds `coppice identity certificate` and `check-certificate`. */
export function addCertificate(
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

/** Adds `coppice identity trust ...`. */
export function addTrust(
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

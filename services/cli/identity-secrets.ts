import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { Blob } from "../identity/client.ts";
import { type Ask, input, type Surroundings } from "./door.ts";

/** Adds `coppice identity seal` and `unseal`. */
export function addSealing(
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

/** The command line and tpm2-tools check each other's files on one TPM. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { home } from "../../home.ts";
import { TpmStand } from "./tpm-stand.ts";

const main = join(home, "services/cli/main.ts");
const sixteen = ["sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"];

/** Runs `coppice identity --tcti ...` on the stand's TPM. */
async function coppice(
  stand: TpmStand,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { execFile } = await import("node:child_process");
  const { promise, resolve } = Promise.withResolvers<{
    code: number;
    stdout: string;
    stderr: string;
  }>();
  execFile(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      main,
      "identity",
      "--tcti",
      stand.tcti,
      "--state",
      stand.path("state"),
      ...args,
    ],
    { cwd: stand.folder },
    (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
  );
  return await promise;
}

/** Makes `ek.ctx`, `ek.pub`, `ak.ctx` and `ak.name` as tpm2-tools do, which leave what they load in the TPM. */
async function makeKeys(stand: TpmStand, kind: "rsa" | "ecc"): Promise<void> {
  const scheme = { rsa: "rsassa", ecc: "ecdsa" }[kind];
  const endorsement = ["-c", "ek.ctx", "-G", kind, "-u", "ek.pub"];
  await stand.tool("tpm2_createek", ...endorsement);
  await stand.tool("tpm2_flushcontext", "-t");
  const attestation = ["-C", "ek.ctx", "-c", "ak.ctx", "-n", "ak.name"];
  const algorithms = ["-G", kind, "-g", "sha256", "-s", scheme];
  await stand.tool("tpm2_createak", ...attestation, ...algorithms);
  await stand.tool("tpm2_flushcontext", "-t");
}

/** Writes a key's public half as PEM. */
async function writePem(
  stand: TpmStand,
  key: "ek" | "ak",
  file: string,
): Promise<void> {
  await stand.tool(
    "tpm2_readpublic",
    "-c",
    `${key}.ctx`,
    "-f",
    "pem",
    "-o",
    file,
  );
  await stand.tool("tpm2_flushcontext", "-t");
}

test("tpm2_checkquote accepts our quotes, and we accept those of tpm2_quote", async (t) => {
  await using stand = await TpmStand.start();
  await stand.tool(
    "tpm2_pcrextend",
    `7:sha256=${randomBytes(32).toString("hex")}`,
  );
  for (const pcrs of ["sha256:0,4,7,11", "sha256:23", ...sixteen]) {
    const nonce = randomBytes(20).toString("hex");
    const made = await coppice(
      stand,
      "quote",
      "--nonce",
      nonce,
      "--pcrs",
      pcrs,
      "--out",
      "ours",
    );
    t.is(made.code, 0, made.stderr);
    const files = [
      "-u",
      "ours/ak.pem",
      "-m",
      "ours/quote.msg",
      "-s",
      "ours/quote.sig",
      "-f",
      "ours/quote.pcrs",
      "-g",
      "sha256",
    ];
    await t.notThrowsAsync(
      stand.tool("tpm2_checkquote", ...files, "-q", nonce),
      pcrs,
    );
    await t.throwsAsync(stand.tool("tpm2_checkquote", ...files, "-q", "00"));
    t.is((await coppice(stand, "verify", "ours", "--nonce", nonce)).code, 0);
    const refused = await coppice(stand, "verify", "ours", "--nonce", "00");
    t.is(refused.code, 1);
    t.regex(refused.stdout, /^FAIL nonce: quoted for .*\n[\s\S]*\nrefused\n$/m);
  }
  for (const kind of ["rsa", "ecc"] as const) {
    await makeKeys(stand, kind);
    await mkdir(stand.path(kind));
    await stand.tool(
      "tpm2_quote",
      "-c",
      "ak.ctx",
      "-l",
      "sha256:0,1,2,3,4,5,6,7,8,9+sha1:0,1",
      "-q",
      "abcd",
      "-m",
      `${kind}/quote.msg`,
      "-s",
      `${kind}/quote.sig`,
      "-o",
      `${kind}/quote.pcrs`,
      "-g",
      "sha256",
    );
    await stand.tool("tpm2_flushcontext", "-t");
    await writePem(stand, "ak", `${kind}/ak.pem`);
    const verified = await coppice(stand, "verify", kind, "--nonce", "abcd");
    t.is(verified.code, 0, verified.stdout + verified.stderr);
    await writePem(stand, "ek", `${kind}/ak.pem`);
    const other = await coppice(stand, "verify", kind, "--nonce", "abcd");
    t.is(other.code, 1);
    t.regex(other.stdout, /FAIL quote signature/);
  }
});

test("credentials go both ways", async (t) => {
  await using stand = await TpmStand.start();
  const shown = await coppice(stand, "show", "--json");
  t.is(shown.code, 0, shown.stderr);
  const state = JSON.parse(shown.stdout) as { attestationName: string };
  await coppice(
    stand,
    "quote",
    "--nonce",
    "00",
    "--pcrs",
    "sha256:0",
    "--out",
    "q",
  );
  await writeFile(stand.path("secret"), "a credential's secret\n");
  await stand
    .tool(
      "tpm2_makecredential",
      "-T",
      "none",
      "-u",
      "q/ek.pub",
      "-s",
      "secret",
      "-n",
      state.attestationName,
      "-o",
      "theirs",
    )
    .catch(async () => {
      // tpm2-tools 5.4 takes the wire format only with the TPM's help.
      await stand.tool(
        "tpm2_loadexternal",
        "-C",
        "n",
        "-u",
        "q/ek.pub",
        "-c",
        "ek.ext",
      );
      await stand.tool("tpm2_flushcontext", "-t");
      await stand.tool(
        "tpm2_makecredential",
        "-u",
        "q/ek.pub",
        "-s",
        "secret",
        "-n",
        state.attestationName,
        "-o",
        "theirs",
      );
    });
  await stand.tool("tpm2_flushcontext", "-t");
  const opened = await coppice(
    stand,
    "activatecredential",
    "theirs",
    "--out",
    "opened",
  );
  t.is(opened.code, 0, opened.stderr);
  t.is(
    await readFile(stand.path("opened"), "latin1"),
    "a credential's secret\n",
  );

  for (const kind of ["rsa", "ecc"] as const) {
    await makeKeys(stand, kind);
    await writePem(stand, "ek", "ek.pem");
    const name = (await readFile(stand.path("ak.name"))).toString("hex");
    for (const ek of ["ek.pub", "ek.pem"]) {
      const made = await coppice(
        stand,
        "makecredential",
        "--ek",
        ek,
        "--name",
        name,
        "--secret",
        "secret",
        "--out",
        "ours",
      );
      t.is(made.code, 0, made.stderr);
      await stand.tool(
        "tpm2_startauthsession",
        "--policy-session",
        "-S",
        "session.ctx",
      );
      await stand.tool("tpm2_policysecret", "-S", "session.ctx", "-c", "e");
      await stand.tool(
        "tpm2_activatecredential",
        "-c",
        "ak.ctx",
        "-C",
        "ek.ctx",
        "-i",
        "ours",
        "-o",
        "out",
        "-P",
        "session:session.ctx",
      );
      await stand.tool("tpm2_flushcontext", "session.ctx");
      await stand.tool("tpm2_flushcontext", "-t");
      t.is(
        await readFile(stand.path("out"), "latin1"),
        "a credential's secret\n",
      );
    }
    const wrong = await coppice(
      stand,
      "activatecredential",
      "ours",
      "--out",
      "no",
    );
    t.is(wrong.code, 1, "made for another key");
    t.regex(
      wrong.stderr,
      /^coppice: The TPM refused to open a credential: it was made for another TPM or for another key/,
    );
  }
});

test("wrong use ends with 2 and one line", async (t) => {
  await using stand = await TpmStand.start();
  await mkdir(stand.path("empty"));
  await writeFile(stand.path("bad"), "{}");
  for (const args of [
    ["quote", "--nonce", "zz", "--pcrs", "sha256:0", "--out", "q"],
    ["quote", "--nonce", "00", "--pcrs", "sha1:0", "--out", "q"],
    ["quote", "--nonce", "00", "--pcrs", "sha256:24", "--out", "q"],
    ["quote", "--nonce", "00".repeat(33), "--pcrs", "sha256:2", "--out", "q"],
    ["quote", "--nonce", "00"],
    ["verify", "empty", "--nonce", "00"],
    ["verify", "empty", "--nonce", "00", "--policy", "bad"],
    [
      "makecredential",
      "--ek",
      "bad",
      "--name",
      "00",
      "--secret",
      "bad",
      "--out",
      "x",
    ],
    ["activatecredential", "nowhere", "--out", "x"],
    ["seal", "bad", "--out", "x"],
    ["nonsense"],
  ]) {
    const { code, stderr } = await coppice(stand, ...args);
    t.is(code, 2, args.join(" "));
    t.regex(stderr, /^coppice: [^\n]+\n$/, args.join(" "));
  }
  const gone = new TextDecoder().decode(
    new TextEncoder().encode("swtpm:path=/nowhere"),
  );
  const { code } = await coppice(
    {
      ...stand,
      tcti: gone,
      folder: stand.folder,
      path: stand.path.bind(stand),
    } as TpmStand,
    "show",
  );
  t.is(code, 1);
});

test("secrets seal to a password by the command line, and come back after a restart of the TPM", async (t) => {
  await using stand = await TpmStand.start();
  await writeFile(stand.path("secret"), randomBytes(128));
  await writeFile(stand.path("password"), "birch\n");
  await writeFile(stand.path("wrong"), "oak\n");
  t.is(
    (
      await coppice(
        stand,
        "seal",
        "secret",
        "--password-file",
        "password",
        "--out",
        "sealed",
      )
    ).code,
    0,
  );
  await stand.restart();
  t.is(
    (
      await coppice(
        stand,
        "unseal",
        "sealed",
        "--password-file",
        "password",
        "--out",
        "opened",
      )
    ).code,
    0,
  );
  t.deepEqual(
    await readFile(stand.path("opened")),
    await readFile(stand.path("secret")),
  );
  const refused = await coppice(
    stand,
    "unseal",
    "sealed",
    "--password-file",
    "wrong",
    "--out",
    "no",
  );
  t.is(refused.code, 1);
  t.regex(refused.stderr, /the password is wrong/);
  const image = await coppice(stand, "seal", "secret", "--image", "--out", "x");
  t.is(image.code, 1);
  t.regex(image.stderr, /no signed PCR policy/);
  t.false((await readdir(stand.folder)).includes("no"));
});

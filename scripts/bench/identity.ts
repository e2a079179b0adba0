import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { checkBoot } from "../../services/identity/attest/boot-checks.ts";
import { Checks } from "../../services/identity/attest/check.ts";
import {
  readEventLog,
  replay,
} from "../../services/identity/attest/event-log.ts";
import { defaultPolicy } from "../../services/identity/attest/policy.ts";
import { checkQuote } from "../../services/identity/attest/quote.ts";
import { readPublic } from "../../services/identity/tpm/public-area.ts";
import {
  attestationKey,
  signingKey,
} from "../../services/identity/tpm/templates.ts";
import {
  algorithm,
  pcrSelection,
  u16,
} from "../../services/identity/tpm/wire.ts";
import { TpmStand } from "../../test/services/identity/tpm-stand.ts";
import { run } from "../process.ts";
import { printFigure } from "./figure.ts";

const rounds = 200;
const toolRounds = 30;

/** Median milliseconds of `work`. */
async function median(
  count: number,
  work: () => Promise<unknown> | unknown,
): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[count >> 1] ?? 0;
}

/** Sign, quote and unseal beside tpm2-tools on the same software TPM, and the verification of a long log. */
export async function benchIdentity(): Promise<void> {
  await using stand = await TpmStand.start();
  const ours = await measureOurs(stand);
  const tools = await measureTools(stand);
  for (const name of ["sign", "quote", "unseal"] as const)
    printFigure({
      name: `${name}, P-256 on swtpm`,
      value: ours[name],
      unit: "ms",
      versus: `tpm2_${name}, ${tools[name].toFixed(2)} ms`,
      ratio: ours[name] / tools[name],
      bar: "< 1",
    });
  const verification = await measureVerification();
  printFigure({
    name: "verify a quote with a log of 200 events",
    value: verification,
    unit: "ms",
    versus: "20 ms",
    ratio: verification / 20,
    bar: "<= 1",
  });
}

type Times = Record<"sign" | "quote" | "unseal", number>;

async function measureOurs(stand: TpmStand): Promise<Times> {
  await using tpm = await stand.openTpm();
  const key = await tpm.createKey(signingKey("p256"));
  const attestation = await tpm.createKey(attestationKey("p256"));
  const sealed = await tpm.seal(randomBytes(32));
  const selection = pcrSelection([0, 4, 7, 11]);
  const digest = createHash("sha256").update("bench").digest();
  await tpm.sign(key, digest);
  return {
    sign: await median(rounds, async () => await tpm.sign(key, digest)),
    quote: await median(
      rounds,
      async () => await tpm.quote(attestation, digest, selection),
    ),
    unseal: await median(rounds, async () => await tpm.unseal(sealed)),
  };
}

/** The tools use keys that stay in the TPM, so that only the operation is measured. */
async function measureTools(stand: TpmStand): Promise<Times> {
  const flush = async (): Promise<string> =>
    await stand.tool("tpm2_flushcontext", "-t");
  const persist = async (context: string, handle: string): Promise<void> => {
    await stand.tool("tpm2_evictcontrol", "-c", context, handle);
    await flush();
  };
  await writeFile(
    stand.path("digest"),
    createHash("sha256").update("bench").digest(),
  );
  await writeFile(stand.path("secret"), randomBytes(32));
  await stand.tool(
    "tpm2_createprimary",
    "-C",
    "o",
    "-G",
    "ecc",
    "-c",
    "parent.ctx",
  );
  await persist("parent.ctx", "0x81000100");
  const attributes =
    "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign";
  for (const [name, extra, handle] of [
    ["key", "", "0x81000101"],
    ["ak", "|restricted", "0x81000102"],
  ] as const) {
    await stand.tool(
      "tpm2_create",
      "-C",
      "0x81000100",
      "-G",
      "ecc:ecdsa-sha256:null",
      "-a",
      attributes + extra,
      "-u",
      `${name}.pub`,
      "-r",
      `${name}.priv`,
    );
    await stand.tool(
      "tpm2_load",
      "-C",
      "0x81000100",
      "-u",
      `${name}.pub`,
      "-r",
      `${name}.priv`,
      "-c",
      `${name}.ctx`,
    );
    await flush();
    await persist(`${name}.ctx`, handle);
  }
  await stand.tool(
    "tpm2_create",
    "-C",
    "0x81000100",
    "-i",
    "secret",
    "-u",
    "s.pub",
    "-r",
    "s.priv",
  );
  await stand.tool(
    "tpm2_load",
    "-C",
    "0x81000100",
    "-u",
    "s.pub",
    "-r",
    "s.priv",
    "-c",
    "s.ctx",
  );
  await flush();
  await persist("s.ctx", "0x81000103");
  // Nothing is connected to this TPM now, so the tools run as a shell would run them.
  const timed = async (name: string, ...args: string[]): Promise<string> =>
    await run(name, args, {
      cwd: stand.folder,
      env: { ...process.env, TPM2TOOLS_TCTI: stand.tcti },
    });
  return {
    sign: await median(
      toolRounds,
      async () =>
        await timed(
          "tpm2_sign",
          "-c",
          "0x81000101",
          "-g",
          "sha256",
          "-d",
          "-o",
          "sig",
          "digest",
        ),
    ),
    quote: await median(
      toolRounds,
      async () =>
        await timed(
          "tpm2_quote",
          "-c",
          "0x81000102",
          "-l",
          "sha256:0,4,7,11",
          "-q",
          "00ff",
          "-m",
          "msg",
          "-s",
          "sig",
          "-g",
          "sha256",
        ),
    ),
    unseal: await median(
      toolRounds,
      async () =>
        await timed("tpm2_unseal", "-c", "0x81000103", "-o", "opened"),
    ),
  };
}

const captured = join(
  import.meta.dirname,
  "../../test/services/identity/captured",
);

/** The captured log, made longer by events of the firmware, on a TPM that measured them; milliseconds a verification. */
async function measureVerification(): Promise<number> {
  const log = await readFile(join(captured, "eventlog.bin"));
  const more = 200 - readEventLog(log).length;
  const extra = Array.from({ length: more }, (_, index) => {
    const event = Buffer.alloc(4 + 4 + 4 + 2 + 32 + 4 + 64);
    event.writeUInt32LE(1, 0);
    event.writeUInt32LE(0x80000007, 4);
    event.writeUInt32LE(1, 8);
    u16(algorithm.sha256).swap16().copy(event, 12);
    createHash("sha256").update(String(index)).digest().copy(event, 14);
    event.writeUInt32LE(64, 46);
    return event;
  });
  const eventLog = Buffer.concat([log, ...extra]);
  const measureLog = await readFile(join(captured, "measure.log"));
  const { readMeasureLog, replayOn } = await import(
    "../../services/identity/attest/measure-log.ts"
  );
  const values = replayOn(
    replay(readEventLog(eventLog)),
    readMeasureLog(measureLog),
  );
  await using stand = await TpmStand.start();
  const events = [
    ...readEventLog(eventLog).filter(({ type }) => type !== 3),
    ...readMeasureLog(measureLog),
  ];
  for (let first = 0; first < events.length; first += 50)
    await stand.tool(
      "tpm2_pcrextend",
      ...events
        .slice(first, first + 50)
        .map(({ pcr, digest }) => `${pcr}:sha256=${digest.toString("hex")}`),
    );
  await using tpm = await stand.openTpm();
  const key = await tpm.createKey(attestationKey("p256"));
  const pcrs = [0, 1, 2, 3, 4, 5, 7, 9, 11, 12, 13, 14, 15];
  const nonce = randomBytes(32);
  const quote = await tpm.quote(key, nonce, pcrSelection(pcrs));
  const told = new Map(
    pcrs.map((pcr) => [pcr, values.get(pcr) ?? Buffer.alloc(32)]),
  );
  const { createPublicKey } = await import("node:crypto");
  const signers = [
    createPublicKey(await readFile(join(captured, "signers/builder.pem"))),
  ];
  const logs = {
    eventLog,
    measureLog,
    commandLine: await readFile(join(captured, "cmdline"), "utf8"),
    reference: await readFile(join(captured, "image.reference")),
  };
  const verify = (): boolean => {
    const checks = new Checks();
    const checked = checkQuote(
      checks,
      readPublic(key.publicArea).key,
      { ...quote, values: [{ hash: algorithm.sha256, values: told }] },
      { nonce, pcrs },
    );
    if (checked)
      checkBoot(checks, logs, checked.values, {
        policy: defaultPolicy,
        roots: [],
        signers,
      });
    return checks.accepted;
  };
  if (!verify())
    throw new Error(
      "the long log is refused: the measurement would mean nothing",
    );
  return await median(rounds, verify);
}

/** The TPM's operations on swtpm, checked by node:crypto and by what crosses the wire. */
import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import test from "ava";
import { startTpm } from "../../../scripts/machine-folder.ts";
import { startSoftwareTpm } from "../../../scripts/software-tpm.ts";
import {
  readSignature,
  signatureMatches,
} from "../../../services/identity/attest/quote.ts";
import { BootSources } from "../../../services/identity/boot-sources.ts";
import {
  unwrapSecret,
  wrapSecret,
} from "../../../services/identity/encryption.ts";
import { openSecret, sealSecret } from "../../../services/identity/secret.ts";
import { readEndorsement } from "../../../services/identity/tpm/endorsement.ts";
import {
  NotThisTpmError,
  WrongImageError,
  WrongPasswordError,
} from "../../../services/identity/tpm/errors.ts";
import {
  parsePcrSignatures,
  pcrPolicy,
  type SignedPcrPolicies,
} from "../../../services/identity/tpm/policy.ts";
import {
  nameOf,
  readPublic,
} from "../../../services/identity/tpm/public-area.ts";
import {
  encryptionKey,
  endorsementKey,
  signingKey,
} from "../../../services/identity/tpm/templates.ts";
import { Tpm } from "../../../services/identity/tpm/tpm.ts";
import { pcrSelection } from "../../../services/identity/tpm/wire.ts";
import { describeTpm } from "../../../services/identity/tpm-state.ts";
import { temporaryFolder } from "../../folder.ts";
import { Maker, TpmStand } from "./tpm-stand.ts";

const kinds = ["p256", "rsa2048"] as const;
const transient = 0x80000000;
const loadedSessions = 0x02000000;

/** A PCR signer as the image build has one, with signatures for the present values of PCR 11. */
async function signedPolicies(
  tpm: Tpm,
  key = generateKeyPairSync("rsa", { modulusLength: 2048 }),
): Promise<SignedPcrPolicies & { pair: typeof key }> {
  const policy = pcrPolicy(await tpm.readPcrs([11]));
  const json = JSON.stringify({
    sha256: [
      {
        pcrs: [11],
        pkfp: createHash("sha256")
          .update(key.publicKey.export({ format: "der", type: "pkcs1" }))
          .digest("hex"),
        pol: policy.toString("hex"),
        sig: sign("sha256", policy, key.privateKey).toString("base64"),
      },
    ],
  });
  return {
    key: key.publicKey,
    policies: parsePcrSignatures(json, key.publicKey),
    pair: key,
  };
}

test("keys of both kinds sign, and node:crypto verifies", async (t) => {
  await using stand = await TpmStand.start();
  await using tpm = await stand.openTpm();
  t.deepEqual(await tpm.facts.keyKinds(), ["p256", "rsa2048"]);
  for (const kind of kinds) {
    const key = await tpm.createKey(signingKey(kind));
    const area = readPublic(key.publicArea);
    const data = randomBytes(1000);
    const signature = readSignature(
      await tpm.sign(key, createHash("sha256").update(data).digest()),
    );
    t.true(signatureMatches(area.key as never, data, signature));
    t.true(
      verify(
        "sha256",
        data,
        { key: area.key as never, dsaEncoding: "ieee-p1363" },
        signature.bytes,
      ),
    );
    t.false(signatureMatches(area.key as never, randomBytes(1000), signature));
    const encryption = await tpm.createKey(encryptionKey(kind));
    const recipient = readPublic(encryption.publicArea).key as never;
    t.is(
      (
        await unwrapSecret(
          tpm,
          encryption,
          wrapSecret(recipient, Buffer.from("a cap's key")),
        )
      ).toString(),
      "a cap's key",
    );
    const tampered = wrapSecret(recipient, Buffer.from("a cap's key"));
    tampered.writeUInt8(
      tampered.readUInt8(tampered.length - 1) ^ 1,
      tampered.length - 1,
    );
    await t.throwsAsync(unwrapSecret(tpm, encryption, tampered));
  }
});

test("the name that we compute is the TPM's own", async (t) => {
  await using stand = await TpmStand.start();
  for (const [kind, flag] of [
    ["p256", "ecc"],
    ["rsa2048", "rsa"],
  ] as const) {
    const ours = await (async () => {
      await using tpm = await stand.openTpm();
      return nameOf(
        readPublic(await tpm.endorsementPublic(endorsementKey(kind))),
      ).toString("hex");
    })();
    await stand.tool(
      "tpm2_createek",
      "-c",
      "ek.ctx",
      "-G",
      flag,
      "-u",
      "ek.pub",
    );
    await stand.tool("tpm2_flushcontext", "-t");
    t.regex(
      await stand.tool("tpm2_readpublic", "-c", "ek.ctx"),
      new RegExp(`name: ${ours}`),
    );
    await stand.tool("tpm2_flushcontext", "-t");
  }
});

test("endorsement keys are found with an RSA certificate, with an ECC one and its chain, and with none", async (t) => {
  await using folder = await temporaryFolder();
  const made = await startTpm(folder.path);
  const gone = once(made, "exit");
  made.kill();
  await gone;
  {
    await using swtpm = await startSoftwareTpm(join(folder.path, "tpm"));
    await using tpm = await Tpm.open(swtpm.tcti);
    const found = await readEndorsement(tpm);
    t.is(found.kind, "rsa2048");
    t.truthy(found.certificate);
  }
  await using stand = await TpmStand.start();
  const maker = await Maker.create(stand.path("maker"));
  const pem = await (async () => {
    await using tpm = await stand.openTpm();
    const none = await readEndorsement(tpm);
    t.is(none.certificate, null);
    t.is(none.kind, "p256");
    return (
      readPublic(none.publicArea)
        .key?.export({ format: "pem", type: "spki" })
        .toString() ?? ""
    );
  })();
  await maker.intermediate();
  await writeFile(
    stand.path("ek.der"),
    await maker.certify(pem, {}, "between"),
  );
  await stand.tool(
    "openssl",
    "x509",
    "-in",
    "maker/between.pem",
    "-outform",
    "DER",
    "-out",
    "between.der",
  );
  for (const [index, file] of [
    ["0x1c0000a", "ek.der"],
    ["0x1c00100", "between.der"],
  ] as const) {
    const { size } = await (await import("node:fs/promises")).stat(
      stand.path(file),
    );
    await stand.tool(
      "tpm2_nvdefine",
      index,
      "-C",
      "o",
      "-s",
      String(size),
      "-a",
      "ownerwrite|ownerread|authread|policywrite|no_da",
    );
    await stand.tool("tpm2_nvwrite", index, "-C", "o", "-i", file);
  }
  await using tpm = await stand.openTpm();
  const found = await readEndorsement(tpm);
  t.is(found.kind, "p256");
  t.is(found.chain.length, 1);
  await mkdir(stand.path("tpm-roots"));
  await (await import("node:fs/promises")).copyFile(
    maker.root,
    stand.path("tpm-roots/root.pem"),
  );
  await tpm[Symbol.asyncDispose]();
  await using identity = await stand.openIdentity();
  const { endorsement } = await identity.state();
  t.like(endorsement, {
    maker: { manufacturer: "TEST", model: "Birch" },
    trust: "A maker that this box trusts vouches for it.",
  });
});

test("sealed secrets open for the right image, the right password and the right TPM, and tell which is wrong", async (t) => {
  await using stand = await TpmStand.start();
  await using other = await TpmStand.start();
  await using tpm = await stand.openTpm();
  await using otherTpm = await other.openTpm();
  const policies = await signedPolicies(tpm);
  const secret = randomBytes(64);
  const plain = await sealSecret(tpm, secret, { image: true }, policies);
  const both = await sealSecret(
    tpm,
    secret,
    { image: true, password: "birch" },
    policies,
  );
  const word = await sealSecret(
    tpm,
    secret,
    { image: false, password: "birch" },
    policies,
  );
  t.deepEqual(await openSecret(tpm, plain, undefined, policies), secret);
  t.deepEqual(await openSecret(tpm, both, "birch", policies), secret);
  t.deepEqual(await openSecret(tpm, word, "birch", undefined), secret);
  for (const sealed of [both, word]) {
    await t.throwsAsync(openSecret(tpm, sealed, "oak", policies), {
      instanceOf: WrongPasswordError,
    });
    await t.throwsAsync(openSecret(tpm, sealed, undefined, policies), {
      message: /opens with a password/,
    });
  }
  for (const sealed of [plain, both, word])
    await t.throwsAsync(openSecret(otherTpm, sealed, "birch", policies), {
      instanceOf: NotThisTpmError,
    });
  // An update: other measurements, signed by the same key.
  await tpm[Symbol.asyncDispose]();
  await stand.tool("tpm2_pcrextend", `11:sha256=${"11".repeat(32)}`);
  await using later = await stand.openTpm();
  for (const sealed of [plain, both])
    await t.throwsAsync(openSecret(later, sealed, "birch", policies), {
      instanceOf: WrongImageError,
    });
  const updated = await signedPolicies(later, policies.pair);
  t.deepEqual(await openSecret(later, plain, undefined, updated), secret);
  t.deepEqual(await openSecret(later, both, "birch", updated), secret);
  const strangers = await signedPolicies(later);
  await t.throwsAsync(openSecret(later, plain, undefined, strangers), {
    instanceOf: WrongImageError,
  });
  const { lockout } = await describeTpm(later);
  t.is(lockout.failures, 0, "our own failures never lead to a lockout");
  t.false(lockout.locked);
  await later[Symbol.asyncDispose]();
  await stand.tool("tpm2_clear", "-c", "p");
  await using cleared = await stand.openTpm();
  for (const sealed of [plain, word])
    await t.throwsAsync(openSecret(cleared, sealed, "birch", updated), {
      instanceOf: NotThisTpmError,
    });
});

test("what the boot left no file of is empty, also where the unit sets an empty line for it", async (t) => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "eventlog"), "\n");
  await writeFile(join(folder.path, "reference"), "\n");
  await writeFile(join(folder.path, "cmdline"), "quiet\n");
  t.deepEqual(await BootSources.folder(folder.path).read(), {
    eventLog: Buffer.alloc(0),
    measureLog: Buffer.alloc(0),
    commandLine: "quiet",
    reference: null,
  });
});

test("signatures of the captured image's PCR policies are read as systemd wrote them", async (t) => {
  const { key, policies } =
    (await BootSources.folder(
      join(import.meta.dirname, "captured"),
    ).policies()) ?? {};
  t.is(key?.asymmetricKeyType, "rsa");
  t.is(policies?.length, 4, "one for each phase");
  t.true(policies?.every(({ pcrs }) => pcrs.join() === "11"));
});

/** TPM2_PCR_Extend of PCR 15 by 32 times 0x55, with an empty password (Part 3, section 22.2). */
const extension = Buffer.from(
  `80020000004100000182${"0000000f"}${"00000009400000090000000000"}${"00000001000b"}${"55".repeat(32)}`,
  "hex",
);
const unsealCode = 0x15e;

/** Passes a TPM's traffic on and keeps it. @param meddle whether a PCR is to change just before a secret is asked for */
async function record(
  target: string,
  meddle: () => boolean = () => false,
): Promise<{ path: string; bytes: Buffer[]; close: () => Promise<void> }> {
  const bytes: Buffer[] = [];
  const sockets = new Set<Socket>();
  const serve = (suffix: string) =>
    createServer((client) => {
      const tpm = connect(`${target}${suffix}`);
      let held: Buffer | undefined;
      for (const [from, to] of [
        [client, tpm],
        [tpm, client],
      ] as const) {
        sockets.add(from);
        from.on("data", (chunk: Buffer) => {
          bytes.push(chunk);
          if (from === tpm && held) {
            tpm.write(held);
            held = undefined;
          } else if (
            from === client &&
            suffix === "" &&
            chunk.readUInt32BE(6) === unsealCode &&
            meddle()
          ) {
            held = chunk;
            tpm.write(extension);
          } else to.write(chunk);
        });
        from.on("close", () => to.destroy());
        from.on("error", () => to.destroy());
      }
    });
  const servers = [serve(""), serve(".ctrl")];
  for (const [index, suffix] of ["", ".ctrl"].entries()) {
    servers[index]?.listen(`${target}.recorded${suffix}`);
    await once(servers[index] as never, "listening");
  }
  return {
    path: `${target}.recorded`,
    bytes,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
    },
  };
}

test("a secret opens although a PCR changes meanwhile, as the phases of a boot do; not where that never ends", async (t) => {
  await using stand = await TpmStand.start();
  let times = 0;
  const recorder = await record(stand.path("tpm/tpm.sock"), () => times-- > 0);
  try {
    await using tpm = await Tpm.open(`swtpm:path=${recorder.path}`);
    const policies = await signedPolicies(tpm);
    const secret = randomBytes(32);
    const sealed = await sealSecret(tpm, secret, { image: true }, policies);
    const before = (await tpm.readPcrs([15])).get(15);
    times = 2;
    t.deepEqual(await openSecret(tpm, sealed, undefined, policies), secret);
    t.is(times, -1);
    t.notDeepEqual((await tpm.readPcrs([15])).get(15), before);
    times = Number.POSITIVE_INFINITY;
    await t.throwsAsync(openSecret(tpm, sealed, undefined, policies), {
      instanceOf: WrongImageError,
    });
  } finally {
    await recorder.close();
  }
});

test("no secret crosses the wire in clear", async (t) => {
  await using stand = await TpmStand.start();
  const recorder = await record(stand.path("tpm/tpm.sock"));
  try {
    await using tpm = await Tpm.open(`swtpm:path=${recorder.path}`);
    const policies = await signedPolicies(tpm);
    const secret = Buffer.from("THE-SECRET-THAT-IS-SEALED-HERE!!");
    const sealed = await sealSecret(
      tpm,
      secret,
      { image: true, password: "THE-PASSWORD" },
      policies,
    );
    t.deepEqual(
      await openSecret(tpm, sealed, "THE-PASSWORD", policies),
      secret,
    );
    const object = await tpm.seal(secret, {
      password: Buffer.from("AUTH-VALUE-IN-CLEAR"),
    });
    t.deepEqual(
      await tpm.unseal(object, {
        password: Buffer.from("AUTH-VALUE-IN-CLEAR"),
      }),
      secret,
    );
    const encryption = await tpm.createKey(encryptionKey("rsa2048"));
    const wrapped = wrapSecret(
      readPublic(encryption.publicArea).key as never,
      secret,
    );
    t.deepEqual(await unwrapSecret(tpm, encryption, wrapped), secret);
    const traffic = Buffer.concat(recorder.bytes);
    t.true(traffic.length > 5000);
    t.true(
      traffic.includes(sealed.subarray(120, 136)) ||
        traffic.includes(object.publicArea.subarray(2, 18)),
      "the recorder sees what is not secret",
    );
    for (const word of [
      secret,
      secret.subarray(0, 12),
      Buffer.from("THE-PASSWORD"),
      Buffer.from("AUTH-VALUE"),
    ])
      t.is(traffic.indexOf(word), -1, word.toString());
  } finally {
    await recorder.close();
  }
});

test("a key that stands for the endorsement key is noticed before a session is salted to it", async (t) => {
  await using stand = await TpmStand.start();
  await using tpm = await stand.openTpm();
  tpm.trustEndorsementKey(
    endorsementKey("p256"),
    Buffer.concat([Buffer.of(0, 0x0b), randomBytes(32)]),
  );
  await t.throwsAsync(tpm.seal(Buffer.from("secret")), {
    instanceOf: NotThisTpmError,
    message: /endorsement key is not the one/,
  });
});

test("10,000 signatures leave no handle in the TPM and no memory behind", async (t) => {
  t.timeout(5 * 60_000);
  await using stand = await TpmStand.start();
  await using tpm = await stand.openTpm();
  const keys = [
    await tpm.createKey(signingKey("p256")),
    await tpm.createKey(signingKey("p256")),
    await tpm.createKey(signingKey("p256")),
  ];
  const run = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      await tpm.sign(
        keys[index % 1000 < 990 ? 0 : index % 3] as never,
        randomBytes(32),
      );
      if (index % 1000 === 0)
        await tpm
          .quote(keys[0] as never, randomBytes(8), pcrSelection([0]))
          .catch(() => {});
    }
  };
  await run(1500);
  const handles =
    (await tpm.facts.handles(transient)).length +
    (await tpm.facts.handles(loadedSessions)).length;
  // What is left behind is left behind each time; what the engine keeps for itself is not.
  const growths: number[] = [];
  for (const count of [2800, 2800, 2900]) {
    globalThis.gc?.();
    const before = process.memoryUsage.rss();
    await run(count);
    globalThis.gc?.();
    growths.push((process.memoryUsage.rss() - before) / 2 ** 20);
  }
  t.true(
    (await tpm.facts.handles(transient)).length +
      (await tpm.facts.handles(loadedSessions)).length <=
      Math.max(handles, 3),
  );
  t.true(
    Math.min(...growths) < 4,
    `resident memory grew by ${growths.map((one) => one.toFixed(1)).join(", ")} MiB`,
  );
});

/** The service behind its sockets: the command line over the API, two boxes that attest each other by files, and the libp2p key. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { noise } from "@chainsafe/libp2p-noise";
import { tcp } from "@libp2p/tcp";
import { tls } from "@libp2p/tls";
import { yamux } from "@libp2p/yamux";
import test from "ava";
import { createLibp2p } from "libp2p";
import {
  KeyNotExportableError,
  PeerIdentityClient,
} from "../../../services/identity/peer-client.ts";
import { socketPath } from "../../../services/shared/service.ts";
import { temporaryFolder } from "../../folder.ts";
import { home } from "../../home.ts";
import { startServices } from "../../services.ts";
import { replayCapturedBoot, runIn } from "./tpm-stand.ts";

const owner = { name: "Ada", password: "correct horse battery" };
const main = join(home, "services/cli/main.ts");

type Box = Awaited<ReturnType<typeof startServices>>;

/** A claimed box that measured the captured boot, and its `coppice` command over HTTPS with a token. */
async function claimedBox(): Promise<
  Box & {
    coppice: (
      ...args: string[]
    ) => Promise<{ code: number; stdout: string; stderr: string }>;
  }
> {
  const box = await startServices({ prepareTpm: replayCapturedBoot });
  await using unlessDone = new AsyncDisposableStack();
  unlessDone.use(box);
  await box.client.claim(box.code, "birch", owner);
  const { secret } = await box.client.ok("POST", "/api/tokens", {
    name: "test",
  });
  const { folder, url } = box.services;
  const fingerprint = await runIn(folder, "sh", [
    "-c",
    `openssl s_client -connect ${new URL(url).host} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256 | cut -d= -f2`,
  ]);
  const config = join(folder, "coppice.json");
  await writeFile(
    config,
    JSON.stringify({ url, fingerprint: fingerprint.trim(), token: secret }),
    { mode: 0o600 },
  );
  const coppice = async (...args: string[]) =>
    await promisify(execFile)(
      process.execPath,
      [
        "--disable-warning=ExperimentalWarning",
        main,
        "--config",
        config,
        "identity",
        ...args,
      ],
      { cwd: folder },
    ).then(
      (output) => ({ code: 0, ...output }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  unlessDone.move();
  return Object.assign(box, { coppice });
}

test("the command line asks the box, and two boxes attest each other by files", async (t) => {
  t.timeout(3 * 60_000);
  await using ada = await claimedBox();
  await using bob = await claimedBox();
  await using post = await temporaryFolder();
  const shown = JSON.parse((await ada.coppice("show", "--json")).stdout);
  t.like(shown, { state: "whole", peerBound: true });
  t.regex((await ada.coppice("attest")).stdout, /\naccepted\n$/);
  const quote = join(post.path, "quote");
  t.is(
    (
      await ada.coppice(
        "quote",
        "--nonce",
        "00ff",
        "--pcrs",
        "sha256:0,4,7,11,12,13",
        "--out",
        quote,
      )
    ).code,
    0,
  );
  await runIn(quote, "tpm2_checkquote", [
    "-u",
    "ak.pem",
    "-m",
    "quote.msg",
    "-s",
    "quote.sig",
    "-f",
    "quote.pcrs",
    "-g",
    "sha256",
    "-q",
    "00ff",
  ]);
  const policy = join(post.path, "policy.json");
  const strict = {
    endorsement: "first-use",
    images: "signed",
    minimumVersion: "0.1.0",
    secureBoot: "any",
    firmware: [],
  };
  await writeFile(policy, JSON.stringify(strict));
  const signers = join(ada.services.folder, "image-signers");
  const verified = await bob.coppice(
    "verify",
    quote,
    "--nonce",
    "00ff",
    "--policy",
    policy,
    "--signers",
    signers,
  );
  t.is(verified.code, 0, verified.stdout);
  await writeFile(policy, JSON.stringify({ ...strict, minimumVersion: "9.0" }));
  const refused = await bob.coppice(
    "verify",
    quote,
    "--nonce",
    "00ff",
    "--policy",
    policy,
    "--signers",
    signers,
  );
  t.is(refused.code, 1);
  t.regex(
    refused.stdout,
    /FAIL image version: 0\.1\.0; the policy asks for 9\.0 or newer/,
  );

  const letter = (name: string): string => join(post.path, name);
  for (const [box, args] of [
    [ada, ["introduce", "--out", letter("introduction")]],
    [bob, ["challenge", letter("introduction"), "--out", letter("challenge")]],
    [ada, ["answer", letter("challenge"), "--out", letter("evidence")]],
  ] as const) {
    const { code, stderr } = await box.coppice(...args);
    t.is(code, 0, stderr);
  }
  const report = await bob.coppice("examine", letter("evidence"), "--json");
  t.is(report.code, 0, report.stdout);
  t.like(JSON.parse(report.stdout), {
    accepted: true,
    node: shown.node,
    version: "0.1.0",
  });
  const again = await bob.coppice("examine", letter("evidence"));
  t.is(again.code, 1);
  t.regex(again.stderr, /answers no open challenge/);
  const nonsense = await bob.coppice("examine", letter("introduction"));
  t.is(nonsense.code, 1);
  t.regex(nonsense.stderr, /^coppice: This is not a node's evidence/);
  t.is((await bob.coppice("trust", "policy", policy)).code, 0);
  t.regex(
    (await bob.coppice("trust")).stdout,
    /"minimumVersion": "9.0"[\s\S]*came with the image/,
  );
  t.is(
    (await ada.coppice("certificate", "--out", letter("certificate"))).code,
    0,
  );
  const checked = await bob.coppice(
    "check-certificate",
    letter("certificate"),
    "--node",
    shown.node,
  );
  t.is(checked.code, 0, checked.stdout);
  const stranger = await bob.coppice(
    "check-certificate",
    letter("certificate"),
    "--node",
    "00".repeat(32),
  );
  t.is(stranger.code, 1);
  t.regex(stranger.stdout, /FAIL node: /);
  const tokens = await ada.client.call("POST", "/api/identity/rotate", {
    key: "node",
    password: "wrong",
  });
  t.is(tokens.status, 401);
});

test("libp2p connects with a key that it never gets, sealed or in the TPM, by noise and by TLS", async (t) => {
  t.timeout(3 * 60_000);
  await using box = await claimedBox();
  await using identity = new PeerIdentityClient(
    socketPath("identity-peer", join(box.services.folder, "run")),
  );
  const listener = await createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    streamMuxers: [yamux()],
    connectionEncrypters: [noise(), tls()],
  });
  try {
    for (const kind of ["sealed", "tpm"] as const) {
      if (kind === "tpm")
        await box.client.ok("POST", "/api/identity/revoke", {
          peer: "tpm",
          password: owner.password,
        });
      const privateKey = await identity.privateKey();
      t.is(privateKey.type, kind === "tpm" ? "RSA" : "Ed25519");
      t.throws(() => privateKey.raw, { instanceOf: KeyNotExportableError });
      const data = Buffer.from("hello");
      t.true(
        await privateKey.publicKey.verify(data, await privateKey.sign(data)),
      );
      const { peerId } = await box.client.ok("GET", "/api/identity");
      for (const encrypter of [noise(), tls()]) {
        const node = await createLibp2p({
          privateKey,
          transports: [tcp()],
          streamMuxers: [yamux()],
          connectionEncrypters: [encrypter],
        });
        try {
          const connection = await node.dial(listener.getMultiaddrs());
          // The listener's side of the handshake ends a moment later.
          while (listener.getConnections().length === 0) await turn();
          const [seen] = listener.getConnections();
          t.is(
            seen?.remotePeer.toString(),
            peerId,
            `${kind} ${connection.encryption}`,
          );
        } finally {
          await node.stop();
        }
        while (listener.getConnections().length > 0) await turn();
      }
    }
    const secret = await identity
      .unwrap(Buffer.from("not wrapped"))
      .catch((error: Error) => error.message);
    t.regex(String(secret), /too short/);
  } finally {
    await listener.stop();
  }
});

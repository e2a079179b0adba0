/** The box as a household's router; it attests what it booted; the same box with one byte changed is refused, and the byte's place is named; its recovery, and a reset that makes it nobody's. Needs root (network namespaces) and QEMU. */
import { join } from "node:path";
import test from "ava";
import { ensureImage } from "../../scripts/image.ts";
import { run } from "../../scripts/process.ts";
import { writeQuoteFolder } from "../../services/identity/attest/quote-folder.ts";
import { decodeQuote } from "../../services/identity/quote-files.ts";
import { BoxClient } from "../box-client.ts";
import { temporaryFolder } from "../folder.ts";
import { AlteredImage } from "./altered-image.ts";
import { expectNobodys } from "./factory-reset.ts";
import { Household } from "./household.ts";
import { Machine } from "./machine.ts";
import { owner } from "./owner.ts";
import { Provider } from "./provider.ts";
import { resetPassword } from "./recovery.ts";
import { opensWith } from "./recovery-key.ts";
import { expectHousehold } from "./router-at-home.ts";
import { expectReachedFromAway } from "./router-away.ts";
import { expectOtherLines } from "./router-lines.ts";
import { step } from "./step.ts";
import { shellOf } from "./tools.ts";

const fresh = { ...owner, password: "another battery for the horse" };

interface Check {
  name: string;
  result: string;
  evidence: string;
}

async function attest(client: BoxClient): Promise<{
  accepted: boolean;
  failed: Map<string, string>;
  boot: { rootHash: string };
}> {
  const { accepted, checks, boot } = await client.ok(
    "POST",
    "/api/identity/attest",
    {},
  );
  const failed = (checks as Check[]).filter(
    ({ result }) => result === "failed",
  );
  return {
    accepted,
    failed: new Map(failed.map(({ name, evidence }) => [name, evidence])),
    boot,
  };
}

test("a household behind the box, and others by its way; the image is accepted as it was built; one byte of its command line or root changed is refused and named; a recovery sets a password, and resets a box whose TPM is another one; that leaves no keys, and its data disk stays shut", async (t) => {
  t.timeout(60 * 60_000);
  const image = await ensureImage("qemu-x86-64");
  await using folder = await temporaryFolder();
  await using machine = await Machine.create(() => {});
  let before: { node: string; peerId: string };
  let recoveryKey: string;
  {
    await using household = await Household.create();
    await using provider = await Provider.create(household, machine.folder);
    await using box = await machine.boot({
      lan: household,
      wanTap: provider.tap,
    });
    const first = await household.lease();
    t.regex(first, /^192\.168\.77\.1\d\d$/);
    await using client = new BoxClient(
      "https://192.168.77.1",
      await household.relay(machine.folder),
    );
    ({ recoveryKey } = await client.claim(box.code(), "BIRCH1", owner));
    const shell = shellOf(t, client);
    const between = {
      ...{ client, household, provider, first, shell },
      folder: machine.folder,
    };
    await expectHousehold(t, between);
    await expectReachedFromAway(t, between);
    await expectOtherLines(t, between);
    step(t, "what it booted");
    await client.ok(
      "PUT",
      "/api/files/content?path=/letter.txt",
      Buffer.from("dear grandmother"),
    );
    const { accepted, failed, boot } = await attest(client);
    t.deepEqual([...failed], []);
    t.true(accepted);
    t.regex(boot.rootHash, /^[0-9a-f]{64}$/);
    before = await client.ok("GET", "/api/identity");
    t.like(before, {
      state: "whole",
      peerBound: true,
      signedPolicy: true,
      endorsement: { kind: "RSA 2048", maker: { manufacturer: "id:00001014" } },
    });
    await machineQuote(client, folder.path);
    const key = join(folder.path, "quote");
    await run("tpm2_checkquote", [
      "-u",
      `${key}/ak.pem`,
      "-m",
      `${key}/quote.msg`,
      "-s",
      `${key}/quote.sig`,
      "-f",
      `${key}/quote.pcrs`,
      "-g",
      "sha256",
      "-q",
      "c0ffee",
    ]);
    const ca = await run("cat", [
      join(machine.folder, "tpm-ca/issuercert.pem"),
    ]);
    t.true(
      (await client.ok("POST", "/api/identity/trust/root", { pem: ca })).anchors
        .length >= 2,
    );
    const strict = await client.ok("PUT", "/api/identity/trust/policy", {
      endorsement: "certificate",
      images: "signed",
      minimumVersion: "0.1.0",
      secureBoot: "required",
      firmware: [],
    });
    t.is(strict.policy.endorsement, "certificate");
    const judged = await attest(client);
    t.deepEqual(
      [...judged.failed.keys()],
      [],
      "the emulated TPM's maker vouches for it",
    );
    t.regex(
      await shell(
        "cd /var/lib/coppice/host && echo -n kept >secret && coppice identity seal secret --image --out sealed && rm secret; coppice identity show; coppice identity attest | tail -1",
      ),
      /accepted/,
    );
    step(t, "its recovery, in which somebody before it sets another password");
    await resetPassword(t, { ...box, client }, fresh.password);
  }
  let clone: string;
  {
    step(t, "one byte of the command line changed, and one of the root");
    await using altered = await AlteredImage.create(image);
    machine.useImage(altered.image);
    clone = await machine.cloneSystemDisk();
    const dataDisks = [machine.dataDisk, clone];
    await using box = await machine.boot({
      dataDisks,
      oemStrings: ["io.systemd.credential:tmpfiles.extra=d /run/thief"],
    });
    const { client } = box;
    t.is((await client.call("POST", "/api/session", owner)).status, 401);
    await client.ok("POST", "/api/session", fresh);
    const { accepted, failed } = await attest(client);
    t.false(accepted);
    const list = [...failed].join("\n");
    t.regex(
      failed.get("kernel command line, in words") ?? "",
      /added: .*panic=11.*; missing: .*panic=10/,
      list,
    );
    t.regex(
      failed.get("verity root hash") ?? "",
      /was measured; coppice 0\.1\.0 has [0-9a-f]{16}/,
      list,
    );
    t.true(failed.has("kernel command line"));
    t.true(failed.has("unified kernel image"));
    for (const same of [
      "initrd",
      "kernel",
      "boot loader",
      "quote signature",
      "credential",
      "firmware event log",
    ])
      t.false(failed.has(same), same);
    const seen = await client.shell(
      fresh.password,
      "cat /run/coppice/network/networkd/40-guest.network; nft list chain inet coppice destination; ls -d /run/thief",
    );
    t.regex(
      seen.output,
      /Address=10\.1\.3\.1\/24[\s\S]*dport 8080 dnat ip to 192\.168\.77\./,
      "with the network that its owner kept",
    );
    t.not(seen.status, 0, "what the firmware's tables say makes no files");
    const after = await client.ok("GET", "/api/identity");
    t.like(
      after,
      { state: "whole", node: before.node, peerId: before.peerId },
      "the same node",
    );
    const { output, status } = await client.shell(
      fresh.password,
      "cd /var/lib/coppice/host && coppice identity unseal sealed --out opened && cat opened",
    );
    t.is(status, 0, output);
    t.regex(
      output,
      /kept/,
      "signed with the same key: an update loses no secret",
    );
    const reset = async (name: string, password: string): Promise<number> => {
      const body = { name, password, eraseDisks: false };
      return (await client.call("POST", "/api/reset", body)).status;
    };
    t.is(await reset("birch", fresh.password), 409, "another box's name");
    t.is(await reset("coppice", "a guess at it"), 401);
    await box.guest.powerOff();
  }
  step(
    t,
    "its TPM is another one: it is reset, and loses power before that is done",
  );
  machine.useImage(image);
  await expectNobodys(t, machine, clone, recoveryKey);
  t.true(
    await opensWith(machine.dataDisk, recoveryKey),
    "nobody asked for the data disk's keys",
  );
});

/** A quote as the command line writes it, by the API's answer. */
async function machineQuote(client: BoxClient, folder: string): Promise<void> {
  const files = await client.ok("POST", "/api/identity/quote", {
    nonce: "c0ffee",
    pcrs: [0, 4, 7, 11],
  });
  await writeQuoteFolder(join(folder, "quote"), {
    ...decodeQuote(files),
    reference: null,
  });
}

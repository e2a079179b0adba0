import { spawnSync } from "node:child_process";
import { verify } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { armor, Decrypter, Encrypter } from "age-encryption";
import test from "ava";
import { RootKey } from "../../../services/node/tree/rootkey.ts";
import { BackupError } from "../../../services/shared/age.ts";
import {
  openCose,
  SignatureError,
  signCose,
} from "../../../services/shared/cose.ts";
import { temporaryFolder } from "../../folder.ts";

test("a backup restores the same key, and opens with stock age", async (t) => {
  await using folder = await temporaryFolder();
  const key = RootKey.create();
  const backup = await key.backup("correct horse battery staple");
  t.deepEqual(
    (await RootKey.restore(backup, "correct horse battery staple")).principal,
    key.principal,
  );
  const file = join(folder.path, "key.age");
  await writeFile(file, backup);
  // age reads a passphrase from a terminal only; script(1) is one.
  const { stdout } = spawnSync(
    "script",
    ["-qec", `age -d ${file}`, "/dev/null"],
    { input: "correct horse battery staple\n", encoding: "utf8" },
  );
  t.regex(stdout, /coppice root key 1/);
  t.true(stdout.includes(key.principal.toString("hex")));
});

test("a wrong passphrase, another file and a damaged backup are told apart from success", async (t) => {
  const backup = await RootKey.create().backup("correct horse battery staple");
  await t.throwsAsync(RootKey.restore(backup, "incorrect horse battery"), {
    instanceOf: BackupError,
  });
  await t.throwsAsync(
    RootKey.restore("not an age file", "correct horse battery staple"),
    { instanceOf: BackupError },
  );
  const middle = Math.floor(backup.length / 2);
  await t.throwsAsync(
    RootKey.restore(
      backup.slice(0, middle) +
        (backup[middle] === "A" ? "B" : "A") +
        backup.slice(middle + 1),
      "correct horse battery staple",
    ),
    { instanceOf: BackupError },
  );
});

test("a file that costs more memory to open than a box's own is refused", async (t) => {
  const passphrase = "correct horse battery staple";
  const opener = new Decrypter();
  opener.addPassphrase(passphrase);
  const text = await opener.decrypt(
    armor.decode(await RootKey.create().backup(passphrase)),
  );
  const dear = new Encrypter();
  dear.setScryptWorkFactor(17);
  dear.setPassphrase(passphrase);
  const file = armor.encode(await dear.encrypt(text));
  const error = await t.throwsAsync(RootKey.restore(file, passphrase), {
    instanceOf: BackupError,
  });
  t.regex(String(error.cause), /no file that a box saved/);
});

test("a COSE_Sign1 opens for its signer alone, and is an Ed25519 signature over RFC 9052's bytes", async (t) => {
  const [ada, eve] = [RootKey.create(), RootKey.create()];
  const signed = await signCose(Buffer.from("hello"), ada.signer);
  t.is(openCose(signed, ada.principal, ada.publicKey).toString(), "hello");
  t.throws(() => openCose(signed, eve.principal, eve.publicKey), {
    instanceOf: SignatureError,
  });
  t.throws(() => openCose(signed, ada.principal, eve.publicKey), {
    instanceOf: SignatureError,
  });
  const tampered = Buffer.from(signed);
  tampered[tampered.indexOf("hello")] = 0x48;
  t.throws(() => openCose(tampered, ada.principal, ada.publicKey), {
    instanceOf: SignatureError,
  });
  t.is(signed[0], 0xd2, "tag 18");
  const protectedHeader = signed.subarray(4, 4 + (signed[3] ?? 0));
  const structure = Buffer.concat([
    Buffer.of(0x84, 0x6a),
    Buffer.from("Signature1"),
    Buffer.of(0x58, protectedHeader.length),
    protectedHeader,
    Buffer.of(0x40, 0x45),
    Buffer.from("hello"),
  ]);
  t.true(verify(null, structure, ada.publicKey, signed.subarray(-64)));
});

test("24 words are the key: written down, typed in again, and refused where one is wrong", (t) => {
  const key = RootKey.create();
  t.is(key.words.split(" ").length, 24);
  t.deepEqual(
    RootKey.fromWords(`  ${key.words.toUpperCase().replaceAll(" ", "\n ")} `)
      .principal,
    key.principal,
  );
  // BIP-39's own vector for 32 bytes of 7f.
  t.is(
    RootKey.fromWords(
      "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title",
    ).person.seed.toString("hex"),
    "7f".repeat(32),
  );
  const words = key.words.split(" ");
  for (const wrong of [
    words.slice(1),
    words.with(3, "coppice"),
    [...words].reverse(),
    [],
  ])
    t.throws(() => RootKey.fromWords(wrong.join(" ")), {
      instanceOf: BackupError,
    });
});

import { parentPort, workerData } from "node:worker_threads";
import { armor, Decrypter, Encrypter } from "age-encryption";
import type { AgeRequest } from "./age.ts";

// 2^16 needs 64 MiB and a second on a small box; the passphrase is long.
const workFactor = 16;
const { act, passphrase, text } = workerData as AgeRequest;
if (act === "encrypt") {
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(workFactor);
  encrypter.setPassphrase(passphrase);
  parentPort?.postMessage(armor.encode(await encrypter.encrypt(text)));
} else {
  const file = armor.decode(text);
  const head = Buffer.from(file.subarray(0, 256)).toString("latin1");
  const [, factor] =
    /^age-encryption\.org\/v1\n-> scrypt \S+ (\d+)\n/.exec(head) ?? [];
  // Whoever sends a file chooses what it costs: 2^20 would need more memory than the service has.
  if (factor === undefined || Number(factor) > workFactor)
    throw new Error("this is no file that a box saved");
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  parentPort?.postMessage(await decrypter.decrypt(file, "text"));
}

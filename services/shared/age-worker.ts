import { parentPort, workerData } from "node:worker_threads";
import { armor, Decrypter, Encrypter } from "age-encryption";
import type { AgeRequest } from "./age.ts";

const { act, passphrase, text } = workerData as AgeRequest;
if (act === "encrypt") {
  const encrypter = new Encrypter();
  // 2^16 needs 64 MiB and a second on a small box; the passphrase is long.
  encrypter.setScryptWorkFactor(16);
  encrypter.setPassphrase(passphrase);
  parentPort?.postMessage(armor.encode(await encrypter.encrypt(text)));
} else {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  parentPort?.postMessage(await decrypter.decrypt(armor.decode(text), "text"));
}

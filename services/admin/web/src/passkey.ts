/** Passkeys in this browser (Web Authentication Level 3). */
import { api } from "./api.ts";

/** Whether this browser can make and use them here: they are bound to a name, and an address is none. */
export function canUsePasskeys(): boolean {
  return (
    "PublicKeyCredential" in globalThis &&
    "parseCreationOptionsFromJSON" in PublicKeyCredential &&
    !/^[\d.]+$|:/.test(location.hostname)
  );
}

/** Somebody closed the browser's own dialog, or it took too long: in words instead of the browser's. */
async function asked<T>(work: Promise<T | null>): Promise<T> {
  const answer = await work.catch((error: Error) => {
    throw new Error(
      error.name === "NotAllowedError"
        ? "Nothing was chosen. Try again."
        : error.name === "InvalidStateError"
          ? "There is a passkey for this box on that device already."
          : `This did not work: ${error.message}`,
    );
  });
  if (answer === null) throw new Error("Nothing was chosen. Try again.");
  return answer;
}

/** Makes a passkey. @param password the owner's. @returns what the box keeps of it */
export async function makePasskey(password: string): Promise<unknown> {
  const options = await api<PublicKeyCredentialCreationOptionsJSON>(
    "POST",
    "/owner/passkeys/challenge",
    { password },
  );
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const made = await asked(navigator.credentials.create({ publicKey }));
  return (made as PublicKeyCredential).toJSON();
}

/** Signs the owner in by one. */
export async function signInByPasskey(): Promise<void> {
  const options = await api<PublicKeyCredentialRequestOptionsJSON>(
    "POST",
    "/session/passkey/challenge",
  );
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const used = await asked(navigator.credentials.get({ publicKey }));
  await api("POST", "/session/passkey", (used as PublicKeyCredential).toJSON());
}

/** A browser that trusts the box's authority: no warning, passkeys, and pages that open without the box. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import type { CDPSession } from "playwright-core";
import { temporaryFolder } from "../folder.ts";
import { startServices } from "../services.ts";
import { look, openPage, signIn, sizes, startBrowser } from "./browser.ts";

const exec = promisify(execFile);
const owner = { name: "Ada", password: "correct horse battery staple" };

/** A home folder whose Chromium trusts an authority, as whoever installs it has it. @param authority PEM */
async function homeThatTrusts(
  folder: string,
  authority: string,
): Promise<string> {
  const database = join(folder, ".pki/nssdb");
  await mkdir(database, { recursive: true });
  const file = join(folder, "coppice.crt");
  await writeFile(file, authority);
  const certutil = async (...args: string[]): Promise<void> =>
    void (await exec("certutil", ["-d", `sql:${database}`, ...args]));
  await certutil("-N", "--empty-password");
  await certutil("-A", "-t", "C,,", "-n", "Coppice", "-i", file);
  return folder;
}

/** A phone's own authenticator, whose owner looks at it whenever it asks. */
async function addAuthenticator(devtools: CDPSession): Promise<void> {
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      ...{ protocol: "ctap2", transport: "internal", hasResidentKey: true },
      ...{ hasUserVerification: true, isUserVerified: true },
      automaticPresenceSimulation: true,
    },
  });
}

test("who trusts the box's authority is not warned, signs in by a passkey, and has the pages as an app that says when the box is away", async (t) => {
  t.timeout(8 * 60_000);
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  const { bytes } = await client.call("GET", "/api/authority");
  await using folder = await temporaryFolder();
  {
    await using stranger = await startBrowser(join(folder.path, "stranger"));
    const page = await stranger.newPage();
    await t.throwsAsync(page.goto(services.url), {
      message: /ERR_CERT_AUTHORITY_INVALID/,
    });
  }

  const home = join(folder.path, "home");
  await using browser = await startBrowser(
    await homeThatTrusts(home, bytes.toString()),
  );
  const context = await browser.newContext({ viewport: sizes[390] });
  const { page, errors } = await openPage(context, services.url);
  await signIn(page, owner);
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const devtools = await context.newCDPSession(page);
  const manifest = await devtools.send("Page.getAppManifest");
  t.deepEqual(manifest.errors, []);
  t.regex(manifest.url, /manifest\.webmanifest$/);
  const { installabilityErrors } = await devtools.send(
    "Page.getInstallabilityErrors",
  );
  t.deepEqual(
    installabilityErrors
      .map(({ errorId }) => errorId)
      .filter((one) => one !== "in-incognito"),
    [],
  );

  await page.getByRole("link", { name: "System", exact: true }).click();
  await page.getByText("This browser trusts the box.").waitFor();
  await page.getByRole("button", { name: "Trust it on a device" }).click();
  await page.getByText("iPhone and iPad").waitFor();
  await look(page, "certificate", (message, fits) => t.true(fits, message));
  await page.keyboard.press("Escape");

  await addAuthenticator(devtools);
  const press = async (name: string): Promise<void> =>
    await page.getByRole("button", { name, exact: true }).click();
  await page.getByRole("link", { name: "See who comes in" }).click();
  await press("New passkey");
  await page.getByLabel("What is it in?").fill("Ada's phone");
  await page.getByLabel("Your password").fill("not the password");
  await press("Make it");
  await page.getByText("Name or password are not right.").waitFor();
  await page.getByLabel("Your password").fill(owner.password);
  await press("Make it");
  await page.getByText("Ada's phone").waitFor();
  await look(page, "passkeys", (message, fits) => t.true(fits, message));
  await page.getByRole("button", { name: /Sign out/ }).click();
  const signing = page.waitForRequest("**/api/session/passkey");
  await look(page, "sign-in-passkey", (message, fits) => t.true(fits, message));
  await press("Sign in with a passkey");
  await page.getByText("Ada signed in by a passkey").waitFor();
  const answer = (await signing).postDataJSON();
  for (const [wrong, type] of [
    [answer, "wrong-passkey"],
    [{ ...answer, id: "AAAA" }, "wrong-passkey"],
    [{ ...answer, type: "password" }, "invalid-input"],
  ]) {
    const refused = await client.call("POST", "/api/session/passkey", wrong);
    t.is(refused.json.type, type, "an answer is good once, and as it was");
  }
  const [key] = await client.ok("GET", "/api/owner/passkeys");
  t.like(key, { name: "Ada's phone", site: "localhost" });
  t.true(key.used >= key.made);
  await client.ok("DELETE", `/api/owner/passkeys/${key.id}`);
  t.false((await client.ok("GET", "/api/session")).passkeys);

  await services.stopService("admin");
  await page.reload();
  await page.getByText("The box does not answer").waitFor();
  services.startService("admin");
  await services.ready();
  // A new start knows no browser any more.
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  t.deepEqual(errors, []);
});

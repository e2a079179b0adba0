/** The 24 words in the browser: written down from one box, typed into another, and in place of a password that was forgotten. */
import test from "ava";
import type { Browser, Page } from "playwright-core";
import { RootKey } from "../../services/node/tree/rootkey.ts";
import { startServices } from "../services.ts";
import {
  inSpiteOfTheWarning,
  look,
  openPage,
  sizes,
  startBrowser,
} from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
const another = "a password that is new";
type Box = Awaited<ReturnType<typeof startServices>>;

/** A browser at the step of the setup that asks for the root key. */
async function atRootKey(
  browser: Browser,
  { client, code, services }: Box,
): Promise<{ page: Page; errors: string[] }> {
  await client.ok("POST", "/api/setup/code", { code });
  await client.ok("POST", "/api/setup/owner", owner);
  await client.prepareDisk("birch");
  await client.confirmRecoveryKey();
  const context = await browser.newContext({
    ...inSpiteOfTheWarning,
    viewport: sizes[390],
  });
  const opened = await openPage(context, services.url);
  await opened.page.getByLabel("Setup code").fill(code);
  await press(opened.page, "Continue");
  await opened.page.getByRole("heading", { name: "Your root key" }).waitFor();
  return opened;
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
}

async function rootKeyOf({ client }: Box): Promise<string> {
  await client.ok("POST", "/api/session", owner);
  for (;;) {
    const { storage } = await client.ok("GET", "/api/status");
    if (storage?.rootKey) return storage.rootKey;
  }
}

/** The words in an order that is no key: one in 256 is one by chance. */
function disordered(words: readonly string[]): string {
  for (let turn = 1; ; turn++) {
    const text = [...words.slice(turn), ...words.slice(0, turn)].join(" ");
    try {
      RootKey.fromWords(text);
    } catch {
      return text;
    }
  }
}

test("24 words, written down from one box, make another box the same owner's, and set a new password; wrong ones are said so", async (t) => {
  t.timeout(10 * 60_000);
  await using browser = await startBrowser();
  await using old = await startServices();
  const { page, errors } = await atRootKey(browser, old);
  await page
    .getByLabel("Passphrase for the backup")
    .fill("a passphrase for the test");
  await press(page, "Make the root key");
  await page.getByText("Or write down 24 words").click();
  const words = await page.locator(".words li").allInnerTexts();
  t.is(words.length, 24);
  await look(page, "setup-5-words", (message, fits) => t.true(fits, message));
  await press(page, "I have saved it");
  await press(page, "Take possession of the box");
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();

  await using fresh = await startServices();
  const { page: next, errors: more } = await atRootKey(browser, fresh);
  await press(next, "I have 24 words");
  const field = next.getByLabel("The 24 words, in their order");
  for (const [typed, said] of [
    [words.slice(1).join(" "), /These are 23 words/],
    [[...words.slice(1), "coppice"].join(" "), /"coppice" is not one/],
    [disordered(words), /do not belong together/],
  ] as const) {
    await field.fill(typed);
    await press(next, "Restore the root key");
    await next.getByText(said).waitFor();
  }
  await field.fill(`  ${words.join("  ").toUpperCase()} `);
  await press(next, "Restore the root key");
  await press(next, "Take possession of the box");
  await next.getByRole("heading", { name: "Home", exact: true }).waitFor();
  t.is(await rootKeyOf(fresh), await rootKeyOf(old));

  await page.getByRole("button", { name: /Sign out/ }).click();
  await press(page, "I forgot the password");
  const proof = page.getByLabel("The 24 words, in their order");
  await proof.fill(RootKey.create().words);
  await page.getByLabel("New password", { exact: true }).fill(another);
  await page.getByLabel("New password again").fill("a different password");
  await press(page, "Set the password");
  await page.getByText("The two passwords differ").waitFor();
  await page.getByLabel("New password again").fill(another);
  await press(page, "Set the password");
  await page.getByText("the root key of somebody else").waitFor();
  await look(page, "sign-in-forgotten", (message, fits) =>
    t.true(fits, message),
  );
  await proof.fill(words.join(" "));
  await press(page, "Set the password");
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  t.is((await old.client.call("GET", "/api/files")).status, 401);
  t.is((await old.client.call("POST", "/api/session", owner)).status, 401);
  await page.getByRole("link", { name: "System", exact: true }).click();
  await page.getByRole("link", { name: "See who comes in" }).click();
  await press(page, "Change the password");
  await page.getByLabel("Present password").fill(another);
  await page.getByLabel("New password", { exact: true }).fill(owner.password);
  await page.getByLabel("New password again").fill(owner.password);
  await press(page, "Set the password");
  await page.getByText("The password is changed").waitFor();
  await look(page, "system-password", (message, fits) => t.true(fits, message));
  t.is((await old.client.call("POST", "/api/session", owner)).status, 204);
  t.deepEqual([...errors, ...more], []);
});

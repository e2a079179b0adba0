/** Who comes in: a code beside the password is asked for, as a stock program shows it; another browser is signed out; and who did what. */
import test from "ava";
import { run } from "../../scripts/process.ts";
import { startServices } from "../services.ts";
import { openPhone, signIn, startBrowser } from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };

test("an owner has a code asked for, signs in by it and by a recovery code, signs another browser out, and reads who did what", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  await client.ok("POST", "/api/tokens", { name: "backup script" });
  await using browser = await startBrowser();
  const fits = (message: string, good: boolean) => t.true(good, message);
  const { page, errors, seen, press } = await openPhone(
    browser,
    services.url,
    fits,
  );
  await signIn(page, owner);
  await page.getByRole("link", { name: "System", exact: true }).click();
  await page.getByRole("link", { name: "See who comes in" }).click();
  await page.getByText("this one").waitFor();
  await page.getByText("Chrome on Linux").first().waitFor();
  await page.getByText("Ada made an API token: backup script").waitFor();
  await seen("access");

  await press("Ask for a code");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Your password").fill("not the password");
  await dialog.getByRole("button", { name: "Go on" }).click();
  await dialog.getByText("are not right").waitFor();
  await dialog.getByLabel("Your password").fill(owner.password);
  await dialog.getByRole("button", { name: "Go on" }).click();
  await dialog.getByRole("img", { name: "QR code for the app" }).waitFor();
  const secret = await dialog.locator("code").innerText();
  /** What the app shows so many half minutes from now. */
  const shown = async (later: number): Promise<string> =>
    (
      await run("oathtool", [
        ...["--totp", "--base32"],
        `--now=@${Math.floor(Date.now() / 1000) + later * 30}`,
        secret,
      ])
    ).trim();
  await seen("access-code");
  await dialog.getByLabel("Code", { exact: true }).fill(await shown(0));
  await dialog
    .getByRole("button", { name: "Ask for codes from now on" })
    .click();
  const codes = dialog.getByRole("list", { name: "Recovery codes" });
  await codes.waitFor();
  const [recovery = ""] = await codes.getByRole("listitem").allInnerTexts();
  await seen("access-recovery-codes");
  await dialog.getByRole("button", { name: "I have kept them" }).click();
  await page.getByText("10 recovery codes are left").waitFor();
  // All others are signed out by that.
  t.is((await client.call("GET", "/api/status")).status, 401);

  await page.getByRole("button", { name: /Sign out/ }).click();
  await signIn(page, owner);
  const beside = page.getByLabel("Code", { exact: true });
  await beside.waitFor();
  t.true(
    await beside.evaluate((field) => field === document.activeElement),
    "one types on at once",
  );
  await seen("sign-in-code");
  await beside.fill("000 000");
  await press("Sign in");
  await page.getByText("This code is not right").waitFor();
  await beside.fill(await shown(1));
  await press("Sign in");
  // Where one was.
  await page.getByRole("heading", { name: "Access", exact: true }).waitFor();

  // Another browser, whose phone is lost.
  const { page: other, errors: more } = await openPhone(
    browser,
    services.url,
    fits,
  );
  await signIn(other, owner);
  await other.getByLabel("Code", { exact: true }).fill(recovery);
  await other.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.getByRole("heading", { name: "Home", exact: true }).waitFor();
  await page.reload();
  await page.getByText("9 recovery codes are left").waitFor();
  await page.getByRole("button", { name: /^Sign Chrome on Linux at/ }).click();
  await other.getByRole("heading", { name: "Sign in" }).waitFor();

  await page.getByLabel("With these words").fill("refused");
  await page.getByText("Somebody tried to sign in").first().waitFor();
  await page
    .getByText("Ada signed a browser out")
    .waitFor({ state: "detached" });
  await page.getByLabel("With these words").fill("no such thing");
  await page.getByText("Nothing was done that fits.").waitFor();
  await page.getByLabel("With these words").fill("");
  await page.getByText("Ada signed a browser out").waitFor();

  await press("Ask no more");
  await dialog.getByLabel("Your password").fill(owner.password);
  await dialog.getByRole("button", { name: "Ask no more" }).click();
  await page.getByRole("button", { name: "Ask for a code" }).waitFor();
  t.deepEqual([...errors, ...more], []);
});

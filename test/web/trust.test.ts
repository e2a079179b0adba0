/** A browser that trusts the box's authority: no warning, and pages that open without the box. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
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

test("who trusts the box's authority is not warned, and has the pages as an app that says when the box is away", async (t) => {
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

  await services.stopService("admin");
  await page.reload();
  await page.getByText("The box does not answer").waitFor();
  services.startService("admin");
  await services.ready();
  // A new start knows no browser any more.
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  t.deepEqual(errors, []);
});

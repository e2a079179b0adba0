/** The settings of a box: as a file that stock age opens, restored on the System page and in the setup of another box; and as the files' backup has them. */
import { spawnSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { startServices } from "../services.ts";
import { openPhone, signIn, startBrowser } from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
const passphrase = "a passphrase for the file";

test("settings go from one box to another in a file, and back into force", async (t) => {
  t.timeout(10 * 60_000);
  await using old = await startServices();
  const { client, services } = old;
  await client.claim(old.code, "birch", owner);
  const { document } = await client.ok("GET", "/api/network");
  const set = async (download: number): Promise<void> =>
    await client.keepNetwork({
      ...document,
      wan: { ...document.wan, download },
    });
  await set(50_000);
  const updates = {
    source: "https://updates.example",
    friends: false,
    automatic: false,
    quiet: { from: 61, to: 62 },
  };
  await client.ok("PUT", "/api/updates/settings", updates);
  const { publicKey } = await client.ok("GET", "/api/network/key");

  await using browser = await startBrowser();
  const { page, errors, seen, press } = await openPhone(
    browser,
    services.url,
    (message, fits) => t.true(fits, message),
  );
  await signIn(page, owner);
  await page.getByRole("link", { name: "System", exact: true }).click();
  await press("Set the clock");
  await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await page.getByLabel("Time servers").fill("time.example, 192.0.2.1");
  await seen("settings-clock");
  await press("Keep this");
  await page.getByText("Asia/Tokyo").waitFor();
  const clock = {
    zone: "Asia/Tokyo",
    servers: ["time.example", "192.0.2.1"],
  };
  t.like(await client.ok("GET", "/api/clock"), { settings: clock });
  await press("Save them in a file");
  await page.getByLabel("Passphrase for the file").fill(passphrase);
  await seen("settings-save");
  const coming = page.waitForEvent("download");
  await press("Save the file");
  const file = join(services.folder, "coppice-settings.age");
  await (await coming).saveAs(file);
  // age reads a passphrase from a terminal only; script(1) is one.
  const { stdout } = spawnSync(
    "script",
    ["-qec", `age -d ${file}`, "/dev/null"],
    { input: `${passphrase}\n`, encoding: "utf8" },
  );
  t.regex(stdout, /"download":50000/);

  await set(60_000);
  await client.ok("PUT", "/api/clock", { zone: "UTC", servers: [] });
  await press("Restore from a file");
  await page.getByLabel("Backup of the settings").setInputFiles(file);
  await page.getByLabel("Its passphrase").fill("another passphrase");
  await press("Restore the settings");
  await page.getByText("This backup does not open").waitFor();
  await page.getByLabel("Its passphrase").fill(passphrase);
  await seen("settings-restore");
  await press("Restore the settings");
  await page.getByText("A change by Ada is in force").waitFor();
  await press("Keep it");
  await page.getByText("A change by Ada is in force").waitFor({
    state: "hidden",
  });
  const back = await client.ok("GET", "/api/network");
  t.is(back.document.wan.download, 50_000);
  t.like(await client.ok("GET", "/api/clock"), { settings: clock });

  // A new box whose files came back, with their records.
  await services.stopService("host");
  const state = join(services.folder, "state/host");
  await rm(join(state, "network"), { recursive: true });
  for (const name of await readdir(state))
    if (name.startsWith("wireguard-key")) await rm(join(state, name));
  services.startService("host");
  await services.ready();
  await page.getByRole("link", { name: "Network", exact: true }).click();
  await press("As on the box before");
  await page.getByText("A change by Ada is in force").waitFor();
  await press("Keep it");
  await page.getByText("A change by Ada is in force").waitFor({
    state: "hidden",
  });
  t.deepEqual((await client.ok("GET", "/api/network")).document, back.document);
  t.like(await client.ok("GET", "/api/network/key"), { publicKey });
  t.deepEqual(errors, []);

  await using fresh = await startServices();
  await fresh.client.ok("POST", "/api/setup/code", { code: fresh.code });
  await fresh.client.ok("POST", "/api/setup/owner", owner);
  const setup = await openPhone(browser, fresh.services.url, (message, fits) =>
    t.true(fits, message),
  );
  await setup.page.getByLabel("Setup code").fill(fresh.code);
  await setup.press("Continue");
  await setup.page.getByText("I have a backup of another box").click();
  await setup.page.getByLabel("Backup of the settings").setInputFiles(file);
  await setup.page.getByLabel("Its passphrase").fill(passphrase);
  await setup.seen("settings-setup");
  await setup.press("Restore the settings");
  await setup.page.getByText("The settings are those of the backup").waitFor();
  t.deepEqual(setup.errors, []);
  // One browser at a time: this takes the setup over.
  await fresh.client.ok("POST", "/api/setup/code", { code: fresh.code });
  const { document: taken } = await fresh.client.ok(
    "GET",
    "/api/setup/network",
  );
  t.deepEqual(taken, back.document);
  await fresh.client.claim(fresh.code, "birch", owner);
  t.like(await fresh.client.ok("GET", "/api/network/key"), { publicKey });
  const { settings } = await fresh.client.ok("GET", "/api/updates");
  t.deepEqual(settings, updates);
  t.like(await fresh.client.ok("GET", "/api/clock"), { settings: clock });
});

/** The recovery of a box: its page for whoever stands before it, and what the next start makes of what was left there. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import type { BoxClient } from "../box-client.ts";
import { startServices } from "../services.ts";
import { openPhone, startBrowser } from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
const fresh = "another battery for the horse";
const passphrase = "a passphrase for the file";

test("whoever stands before a box sets a new password and brings settings back in its recovery; nobody else does", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices({}, t);
  const { services, client } = box;
  await client.claim(box.code, "birch", owner);
  const { document } = await client.ok("GET", "/api/network");
  const set = async (download: number): Promise<void> =>
    await client.keepNetwork({
      ...document,
      wan: { ...document.wan, download },
    });
  await set(50_000);
  const { backup } = await client.ok("POST", "/api/configuration/backup", {
    passphrase,
  });
  const file = join(services.folder, "coppice-settings.age");
  await writeFile(file, backup);
  await set(60_000);
  const { node } = await client.ok("GET", "/api/identity");
  await client.ok(
    "PUT",
    "/api/files/content?path=/letter.txt",
    Buffer.from("dear grandmother"),
  );

  await services[Symbol.asyncDispose]();
  const started = (recovery: boolean): ReturnType<typeof startServices> =>
    startServices({ folder: services.folder, recovery }, t);
  {
    await using recovery = await started(true);
    const { url } = recovery.services;
    t.is((await recovery.client.call("GET", "/api/status")).status, 401);
    t.is((await recovery.client.call("GET", "/api/recovery")).status, 401);
    await using browser = await startBrowser();
    const { page, errors, seen, press } = await openPhone(
      browser,
      url,
      (message, fits) => t.true(fits, message),
    );
    await page.getByLabel("Recovery code").fill("AAAA-AAAA");
    await press("Continue");
    await page.getByText("That is not the recovery code").waitFor();
    await seen("recovery-code");
    const code = await codeOf(services.folder);
    await page.getByLabel("Recovery code").fill(code.toLowerCase());
    await press("Continue");
    await page.getByText("The box's own storage opens").waitFor();
    await page.getByLabel("New password", { exact: true }).fill(fresh);
    await page.getByLabel("New password again").fill(fresh);
    await press("Set the password");
    await page.getByText("The new password holds from the next").waitFor();
    await page.getByLabel("Backup file").setInputFiles(file);
    await page.getByLabel("Its passphrase").fill("another passphrase");
    await press("Restore the settings");
    await page.getByText("This backup does not open").waitFor();
    await page.getByLabel("Its passphrase").fill(passphrase);
    await press("Restore the settings");
    await page.getByText("These settings are put into force").waitFor();
    await page.evaluate(() => scrollTo(0, 0));
    await seen("recovery");
    const coming = page.waitForEvent("download");
    await page.getByRole("link", { name: "Save the diagnostics" }).click();
    const told = join(services.folder, "told.txt");
    await (await coming).saveAs(told);
    t.regex(await readFile(told, "utf8"), /== Disks \(lsblk\)/);
    await press("Look on the stick");
    await page.getByText("No stick with an update is plugged in").waitFor();
    await press("Reset this box");
    const { hostname } = await (
      await page.request.get(`${url}/api/recovery`)
    ).json();
    await page.getByLabel("Type the box's name").fill(hostname);
    await seen("recovery-reset");
    await press("Destroy the keys and restart");
    await page.getByText("not theirs to reset").waitFor();
    t.deepEqual(errors, []);
  }

  {
    await using again = await started(false);
    const { client } = again;
    t.is((await client.call("POST", "/api/session", owner)).status, 401);
    await client.ok("POST", "/api/session", { ...owner, password: fresh });
    // The settings that were left come into force once all services are up.
    while ((await downloadOf(client)) !== 50_000) await sleep(200);
    t.is((await client.ok("GET", "/api/identity")).node, node, "the same node");
    const { bytes } = await client.call(
      "GET",
      "/api/files/content?path=/letter.txt",
    );
    t.is(bytes.toString(), "dear grandmother");
    // An owner who wants nobody to do this.
    await client.ok("PUT", "/api/owner/recovery", { locked: true });
    await again.services[Symbol.asyncDispose]();
  }
  {
    await using recovery = await started(true);
    const { client } = recovery;
    const code = await codeOf(services.folder);
    await client.ok("POST", "/api/recovery/code", { code });
    const answer = await client.call("POST", "/api/recovery/password", {
      password: "a password of somebody else",
    });
    t.is(answer.json.type, "locked");
    const wrong = [];
    for (let tries = 0; tries < 6; tries++)
      wrong.push(
        await client.call("POST", "/api/recovery/code", { code: "AAAAAAAA" }),
      );
    t.deepEqual(
      wrong.map(({ status }) => status),
      [403, 403, 403, 403, 403, 429],
    );
    // Where nothing of the state opens.
    await rm(join(services.folder, "state"), { recursive: true });
    const state = await client.ok("GET", "/api/recovery");
    t.like(state, { opens: false, claimed: false });
    await mkdir(join(services.folder, "state"));
  }
});

/** What the console shows, as soon as it does. */
async function codeOf(folder: string): Promise<string> {
  for (;;) {
    const shown = await readFile(join(folder, "console"), "utf8");
    const code = /Recovery code: (\S+)/.exec(shown)?.[1];
    if (code !== undefined) return code;
    await sleep(100);
  }
}

async function downloadOf(client: BoxClient): Promise<number> {
  return (await client.ok("GET", "/api/network")).document.wan.download;
}

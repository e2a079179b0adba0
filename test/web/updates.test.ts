/** Updates on the System page: where from, what is newer and what it says of itself, and what is not taken. */
import { once } from "node:events";
import { readFile, rename } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test from "ava";
import { startServices } from "../services.ts";
import {
  board,
  serveFolder,
  trustBuilder,
  writeVersion,
} from "../update-set.ts";
import { openPhone, signIn, startBrowser } from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };

test("an owner says where newer versions are, sees one come, and is told why another is not taken", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices();
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  const signer = await trustBuilder(services.folder);
  await services.stopService("host");
  services.startService("host");
  await services.ready();
  const web = join(services.folder, "web");
  await writeVersion(join(web, board), "1.1", [5], {
    notes: "- It is greener.\n- It mends a hole.",
  });
  await using server = await serveFolder(web);

  await using browser = await startBrowser();
  const { page, errors, seen, press } = await openPhone(
    browser,
    services.url,
    (message, fits) => t.true(fits, message),
  );
  await signIn(page, owner);
  await page.getByRole("link", { name: "System", exact: true }).click();
  await page.getByText("The box knows nobody to ask").waitFor();
  t.true(await page.getByRole("button", { name: "Look now" }).isDisabled());
  const stick = page.getByRole("button", { name: "Look on a USB stick" });
  await stick.click();
  await page.getByText("No stick with an update is plugged in.").waitFor();
  await seen("updates-no-stick");
  await press("Ask friends' boxes");
  await page.getByText("No friend's box can be asked now.").waitFor();
  await press("How the box updates");
  await page.getByLabel("Where newer versions are").fill(server.url);
  await page.getByLabel("Quiet from").fill("03:15");
  await seen("updates-how");
  await press("Keep this");
  await press("Look now");
  await page.getByRole("heading", { name: "Version 1.1" }).waitFor();
  await page.getByText("It mends a hole.").waitFor();
  await page.getByRole("button", { name: "Install version 1.1" }).waitFor();
  await seen("updates-ready");
  const { settings } = await client.ok("GET", "/api/updates");
  t.like(settings, { source: server.url, quiet: { from: 195 } });

  await writeVersion(
    join(services.folder, "state/updates/stick", board),
    "1.1.5",
    [5],
  );
  await client.ok("POST", "/api/updates/check", {
    download: true,
    from: "stick",
  });
  await page.getByRole("button", { name: "Install version 1.1.5" }).waitFor();

  // A source that never ends: what it brings is stopped where all that goes on is listed, and goes on from another.
  await writeVersion(join(web, board), "1.1.7", [5, 900]);
  await using endless = createServer(async ({ url = "" }, response) => {
    if (!url.endsWith(".root.raw"))
      response.end(await readFile(join(web, url)));
  }).listen(0, "127.0.0.1");
  await once(endless, "listening");
  const { port } = endless.address() as AddressInfo;
  const bring = async (source: string): Promise<void> => {
    const by = { ...settings, source, automatic: false };
    await client.ok("PUT", "/api/updates/settings", by);
    const check = { download: true, from: "source" };
    await client.ok("POST", "/api/updates/check", check);
  };
  const endlessly = `http://127.0.0.1:${port}`;
  await bring(endlessly);
  await page.getByRole("link", { name: "Home", exact: true }).click();
  const stop = page.getByRole("button", {
    name: "Stop: Bringing version 1.1.7 here",
  });
  await stop.waitFor();
  await seen("home-task");
  await stop.click();
  await stop.waitFor({ state: "hidden" });
  t.like(await client.ok("GET", "/api/updates"), {
    phase: "found",
    found: { version: "1.1.7" },
    problem: null,
  });
  const again = await client.call("POST", "/api/tasks/friends-spreading/stop");
  t.is(again.json.type, "not-stoppable");
  // And where updates are.
  await bring(endlessly);
  await page.getByRole("link", { name: "System", exact: true }).click();
  await page.getByText("It comes, while the household goes on").waitFor();
  await page
    .getByRole("button", { name: "Stop", exact: true })
    .scrollIntoViewIfNeeded();
  await seen("updates-coming");
  await press("Stop");
  await page.getByRole("button", { name: "Bring it here" }).waitFor();
  await bring(server.url);
  await page.getByRole("button", { name: "Install version 1.1.7" }).waitFor();

  await rename(signer, `${services.folder}/nobody.pem`);
  await writeVersion(join(web, board), "1.2", [5]);
  await client.ok("POST", "/api/updates/check", {
    download: true,
    from: "source",
  });
  await page.getByText("whom this box does not trust").waitFor();
  t.deepEqual(errors, []);
});

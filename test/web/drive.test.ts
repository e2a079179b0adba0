/** The owner shares a folder as a network drive, on the pages; smbclient uses what they show. */
import test from "ava";
import { smbclient } from "../network-drive.ts";
import { startServices } from "../services.ts";
import { openPhone, signIn, startBrowser } from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };

test("a share as a network drive: offered with its link, listed on the System page, taken away", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices({}, t);
  const { client, services, code, drivePort: port } = box;
  await client.claim(code, "birch", owner);
  await client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/",
    name: "Letters",
  });
  for (const path of ["/Letters/plan.txt", "/alone.txt"])
    await client.ok(
      "PUT",
      `/api/files/content?path=${path}`,
      Buffer.from("the plan"),
    );
  await using browser = await startBrowser();
  const { page, errors, seen, press } = await openPhone(
    browser,
    services.url,
    (message, fits) => t.true(fits, message),
  );
  const go = (name: string): Promise<void> =>
    page.getByRole("link", { name, exact: true }).click();
  const share = async (entry: string, name: string): Promise<void> => {
    await go("Files");
    await page.getByLabel(`More for ${entry}`).click();
    await press("Share");
    await page.getByLabel("For whom?").fill(name);
    await press("Make a link");
  };
  await signIn(page, owner);
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();

  await share("Letters", "Aunt Zoë");
  await page.getByText("switch the drive on first").waitFor();
  await press("I have passed it on");
  await go("System");
  await press("Switch the drive on");
  await press("Switch it on");
  await page.getByLabel("The drive's password").waitFor();
  await page.keyboard.press("Escape");

  await share("alone.txt", "Carol");
  await page.getByText("Copy the link").waitFor();
  await page.waitForLoadState("networkidle");
  t.is(await page.getByText("Also as a network drive").count(), 0);
  await press("I have passed it on");
  await press("Shared");
  await page.getByLabel("New link for Aunt Zoë").click();
  await press("Make a new link");
  await press("Also as a network drive");
  const password = page.getByLabel("Their password for the drive");
  await password.waitFor();
  const login = {
    name: await page.getByLabel("Their name at the drive").innerText(),
    password: await password.innerText(),
  };
  t.is(login.name, "aunt-zoe");
  await password.scrollIntoViewIfNeeded();
  await seen("share-on-drive");
  await press("I have passed it on");
  const said = await smbclient(services.folder, port, login, "ls");
  t.regex(said, /plan\.txt/);
  t.notRegex(said, /alone|Letters/);

  await go("System");
  await page.getByText(/signs in as aunt-zoe, reads \/Letters until/).waitFor();
  await page
    .getByLabel("Remove Aunt Zoë from the drive")
    .scrollIntoViewIfNeeded();
  await seen("system-drive");
  await page.getByLabel("Remove Aunt Zoë from the drive").click();
  await press("Take it");
  await page.getByText("signs in as").waitFor({ state: "detached" });
  t.regex(await smbclient(services.folder, port, login, "ls"), /LOGON_FAILURE/);
  t.deepEqual(errors, []);
});

/** Every page in Debian's Chromium, against the real services on this machine; the screenshots are kept beside this file. */
import { createHash, randomBytes } from "node:crypto";
import { open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { Page } from "playwright-core";
import type { EntryDetails } from "../../services/node/client.ts";
import {
  decodeRecordHeader,
  packHeaderSize,
  recordAlignment,
  recordHeaderSize,
  saltOf,
} from "../../services/node/store/record.ts";
import { temporaryFolder } from "../folder.ts";
import { replayCapturedBoot, runIn } from "../services/identity/tpm-stand.ts";
import { startServices } from "../services.ts";
import {
  inSpiteOfTheWarning,
  look,
  openPage,
  openPhone,
  signIn,
  sizes,
  startBrowser,
} from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };

test("the whole way of an owner: setup, dashboard, files, terminal, system, sign out and in", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices();
  await using folder = await temporaryFolder();
  await writeFile(
    join(box.services.folder, "disks/rowan/holiday.jpg"),
    "old photos",
  );
  await using browser = await startBrowser();
  const context = await browser.newContext({
    ...inSpiteOfTheWarning,
    viewport: sizes[390],
    acceptDownloads: true,
  });
  const { page, errors } = await openPage(context, box.services.url);
  const seen = (name: string): Promise<void> =>
    look(page, name, (message, fits) => t.true(fits, message));
  const press = (name: string | RegExp): Promise<void> =>
    page.getByRole("button", { name, exact: typeof name === "string" }).click();

  /** The groups of the recovery key, once it shows. */
  const shownKey = async (): Promise<string[]> => {
    const groups = page.getByLabel("Recovery key", { exact: true });
    await groups.waitFor();
    const texts = await groups.locator("span").allInnerTexts();
    return texts.map((text) => text.replace(/^\d\s*/, ""));
  };

  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  await seen("setup-1-code");
  await page.getByLabel("Setup code").fill("AAAA-AAAA");
  await press("Continue");
  await page.getByText("That is not the setup code").waitFor();
  await page.getByLabel("Setup code").fill(box.code.toLowerCase());
  await page.keyboard.press("Enter");

  await page.getByRole("heading", { name: "Who owns this box?" }).waitFor();
  await page.getByLabel("Name").fill(owner.name);
  await page.getByLabel("Password", { exact: true }).fill("password12");
  await page.getByText(/very weak|weak/).waitFor();
  await page.getByLabel("Password", { exact: true }).fill(owner.password);
  await page.getByText("strong").waitFor();
  await page.getByLabel("Password again").fill("something else");
  await seen("setup-2-owner");
  await press("Continue");
  await page.getByText("The two passwords differ").waitFor();
  await page.getByLabel("Password again").fill(owner.password);
  await press("Continue");

  await page
    .getByRole("heading", { name: "The line to the Internet" })
    .waitFor();
  await page.getByText("Nothing is connected to the WAN port").waitFor();
  await page.getByText("My provider gave me a name and a password").click();
  await page.getByLabel("Name for the line").fill("ada@isp.example");
  await page.getByLabel("Password for the line").fill("line secret");
  await page.getByLabel("VLAN tag").fill("7");
  await seen("setup-2b-network");
  await press("Use them");
  await page
    .getByRole("button", { name: "Without a name after all" })
    .waitFor();
  await press("Continue without the Internet");

  await page.getByRole("heading", { name: "Choose the disk" }).waitFor();
  await page.getByText("Holds: 1 files").waitFor();
  t.is(
    await page.getByRole("radio", { checked: true }).count(),
    0,
    "no disk is chosen beforehand where there are several",
  );
  await page.reload();
  await page.getByRole("heading", { name: "Choose the disk" }).waitFor();
  await page.getByRole("radio").first().check();
  t.true(
    await page
      .getByRole("button", { name: "Erase and use this disk" })
      .isDisabled(),
  );
  await page.getByLabel("Type birch to erase this disk").fill("birch");
  await seen("setup-3-disk");

  const other = await browser.newContext(inSpiteOfTheWarning);
  const second = await openPage(other, box.services.url);
  await second.page.getByLabel("Setup code").fill(box.code);
  await second.page.getByRole("button", { name: "Continue" }).click();
  await second.page.getByRole("heading", { name: "Choose the disk" }).waitFor();
  await press("Erase and use this disk");
  await page.getByText("Enter the setup code first").waitFor();
  await page.reload();
  await page.getByLabel("Setup code").fill(box.code);
  await press("Continue");
  await page.getByRole("radio").first().check();
  await page.getByLabel("Type birch to erase this disk").fill("birch");
  await press("Erase and use this disk");

  await press("Show the recovery key");
  const key = await shownKey();
  t.is(key.length, 8);
  await seen("setup-4-recovery");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    press("Download"),
  ]);
  t.true(
    (await readFile(await download.path(), "utf8")).includes(key.join("-")),
  );
  const group = Number(
    /Type group (\d)/.exec(await page.locator("label").innerText())?.[1],
  );
  await page.getByLabel(/Type group/).fill("wrongwrong");
  await press("I have kept it");
  await page.getByText("That is not group").waitFor();
  await page.goBack();
  await page.goForward();
  await press("Show the recovery key");
  const again = await shownKey();
  t.notDeepEqual(again, key, "after the page was left, there is a new key");
  const asked = Number(
    /Type group (\d)/.exec(await page.locator("label").innerText())?.[1],
  );
  t.true(group >= 1 && asked >= 1);
  await page.getByLabel(/Type group/).fill(again[asked - 1] ?? "");
  await press("I have kept it");

  await page
    .getByLabel("Passphrase for the backup")
    .fill("a passphrase for the test");
  await seen("setup-5-root-key");
  await press("Make the root key");
  const [backup] = await Promise.all([
    page.waitForEvent("download"),
    press("Download the backup"),
  ]);
  t.regex(
    await readFile(await backup.path(), "utf8"),
    /BEGIN AGE ENCRYPTED FILE/,
  );
  await press("I have saved it");
  await page.getByRole("heading", { name: "All is ready" }).waitFor();
  await seen("setup-6-finish");
  await press("Take possession of the box");

  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  await page.getByText("All is well").waitFor();
  await second.page.reload();
  await second.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await other.close();

  await page.getByRole("link", { name: "Files" }).click();
  await page.getByText("No files yet").waitFor();
  await seen("files-empty");
  const photo = randomBytes(9_000_000);
  await page.getByLabel("Files to upload").setInputFiles([
    { name: "photo ä.jpg", mimeType: "image/jpeg", buffer: photo },
    { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) },
  ]);
  await page.getByText("6 fragments, any 4 restore it").waitFor();
  const transfer = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["dropped"], "dropped.txt"));
    return data;
  });
  await page
    .getByLabel("Drop files here")
    .dispatchEvent("drop", { dataTransfer: transfer });
  await page.locator(".files").getByText("dropped.txt").waitFor();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    (async () => {
      await page.getByLabel("More for photo ä.jpg").click();
      await page.getByRole("link", { name: "Download" }).click();
    })(),
  ]);
  const saved = join(folder.path, "photo");
  await file.saveAs(saved);
  t.is(
    createHash("sha256")
      .update(await readFile(saved))
      .digest("hex"),
    createHash("sha256").update(photo).digest("hex"),
  );
  await page.getByLabel("More for dropped.txt").click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: "Delete" })
    .click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: "Delete" })
    .click();
  await page
    .locator(".files")
    .getByText("dropped.txt")
    .waitFor({ state: "detached" });
  await seen("files");

  await page.getByRole("link", { name: "Terminal" }).click();
  await page.getByLabel("Password").fill("not the password");
  await press("Open the terminal");
  await page.getByText("are not right").waitFor();
  await page.getByLabel("Password").fill(owner.password);
  await press("Open the terminal");
  await page.locator(".xterm-rows").getByText(/[#$]/).first().waitFor();
  await page.keyboard.type("echo coppice-$((6 * 7))\n");
  await page.locator(".xterm-rows").getByText("coppice-42").first().waitFor();
  await seen("terminal");

  await page.getByRole("link", { name: "System" }).click();
  await page.getByRole("link", { name: "See who comes in" }).click();
  await press("New token");
  await page.getByLabel("What is it for?").fill("backup script");
  await press("Make the token");
  await page.getByLabel("The token", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("backup script", { exact: true }).waitFor();
  await page.getByRole("link", { name: "System" }).click();
  await press("Switch the drive on");
  await press("Switch it on");
  const drive = page.getByLabel("The drive's password");
  await drive.waitFor();
  t.regex(await drive.innerText(), /^([A-Z2-9]{4}-){4}[A-Z2-9]{4}$/);
  await page.keyboard.press("Escape");
  await page.getByText(/smb:\/\/localhost:\d+\/Files/).waitFor();
  await seen("system");
  await page.getByRole("button", { name: "Reset this box" }).click();
  const reset = page.getByRole("dialog");
  const destroy = reset.getByRole("button", { name: "Destroy the keys" });
  const boxName = reset.getByLabel("Type the box's name");
  await boxName.fill("somebody's");
  t.true(await destroy.isDisabled(), "not without its name");
  await boxName.fill(hostname());
  await reset.getByLabel("Make the data disks unreadable").check();
  await reset.getByText("their recovery keys neither").waitFor();
  await seen("system-reset");
  await reset.getByLabel("Your password").fill("not the password");
  await destroy.click();
  await reset.getByRole("alert").getByText("password").waitFor();
  await reset.getByLabel("Your password").fill(owner.password);
  await destroy.click();
  await reset.getByText("on a developer's machine").waitFor();
  await page.keyboard.press("Escape");
  await press("Switch the drive off");
  await press("Switch it off");
  await page.getByText("It is switched off.").first().waitFor();
  await press("Switch WebDAV on");
  await page.getByText(/localhost:\d+\/dav/).waitFor();
  await press("Switch WebDAV off");
  await press("Restart");
  await page.getByRole("heading", { name: "Restart the box?" }).waitFor();
  await page.keyboard.press("Escape");

  await page.getByRole("link", { name: "Home" }).click();
  await page.locator('.plot[data-samples="4"]').waitFor();
  await page.locator(".disks li").first().waitFor();
  await seen("home");
  await page.emulateMedia({ colorScheme: "dark" });
  await seen("home-dark");
  await page.emulateMedia({ colorScheme: "light" });

  await page.keyboard.press("Tab");
  t.truthy(
    await page.evaluate(() => document.activeElement?.tagName === "A"),
    "the keyboard reaches the navigation first",
  );
  await page.getByRole("button", { name: /Sign out/ }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await seen("sign-in");
  await page.getByLabel("Name").fill("Ada");
  await page.getByLabel("Password").fill("wrong password");
  await press("Sign in");
  await page.getByText("Name or password are not right").waitFor();
  await page.getByLabel("Password").fill(owner.password);
  await press("Sign in");
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  t.deepEqual(errors, []);
});

test("the identity: what was booted, whom the box accepts, keys changed, a cleared TPM", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices({ prepareTpm: replayCapturedBoot });
  await box.client.claim(box.code, "birch", owner);
  await using browser = await startBrowser();
  const { page, errors, seen, press } = await openPhone(
    browser,
    box.services.url,
    (message, fits) => t.true(fits, message),
  );
  await signIn(page, owner);
  await page.getByRole("link", { name: "Identity" }).click();
  await page.getByText(/^Coppice 0\.1\.0/).waitFor();
  await page
    .getByText("enter-initrd → leave-initrd → sysinit → ready")
    .waitFor();
  await page.getByText(/^roothash=[0-9a-f]{64} /).waitFor();
  await page
    .getByText(/^12D3Koo/)
    .first()
    .waitFor();
  await page.getByText(/sealed by the TPM for signed images only/).waitFor();
  await page.getByText(/All \d+ checks passed/).waitFor();
  await seen("identity");
  await page.getByText("All checks", { exact: true }).click();
  await page.getByText("quote signature", { exact: true }).waitFor();
  await page.getByText("Makers and builders").scrollIntoViewIfNeeded();
  await seen("identity-checks");
  await press("Attest now");
  await page.getByText(/the same TPM since/).waitFor();

  const node = async (): Promise<string> =>
    (await page.locator(".peer .mono").nth(1).textContent()) ?? "";
  const before = await node();
  await press("Change the node key");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Your password").fill("wrong password");
  await dialog.getByRole("button", { name: "Change the node key" }).click();
  await dialog.getByText("are not right").waitFor();
  await dialog.getByLabel("Your password").fill(owner.password);
  await dialog.getByRole("button", { name: "Change the node key" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("changed 1 times").waitFor();
  t.not(await node(), before);

  await page.getByLabel("must be on").check();
  await press("Save the policy");
  await page.getByText("Saved.").waitFor();
  await press("Attest now");
  await page.getByText("this box would be refused: Secure Boot").waitFor();
  await page.getByLabel("on or off").check();
  await press("Save the policy");
  await page.getByText("Saved.").waitFor();
  await press("Builder of images");
  await dialog.getByLabel("The builder's public key, PEM").fill("no key");
  await dialog.getByRole("button", { name: "Trust it" }).click();
  await dialog.getByText(/not a public key/).waitFor();
  await page.keyboard.press("Escape");

  const { tcti, folder } = box.services;
  await box.services.stopService("identity");
  await runIn(folder, "tpm2_clear", ["-c", "p"], { TPM2TOOLS_TCTI: tcti });
  box.services.startService("identity");
  while ((await box.client.call("GET", "/api/identity")).status !== 200);
  await page.reload();
  await page.getByRole("heading", { name: "The TPM was cleared" }).waitFor();
  await seen("identity-cleared");
  await page.getByLabel("Your password").fill(owner.password);
  await press("Enrol this box again");
  await page
    .getByRole("heading", { name: "The TPM was cleared" })
    .waitFor({ state: "detached" });
  await page.getByText(/checks passed/).waitFor();
  t.deepEqual(errors, []);
});

test("the API's pages for people open without an error", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices();
  await using browser = await startBrowser();
  const context = await browser.newContext(inSpiteOfTheWarning);
  const { page, errors } = await openPage(
    context,
    `${box.services.url}/api/docs/`,
  );
  await page.getByText("/api/setup/code", { exact: true }).first().waitFor();
  // Of so many routes only those are there that are looked at.
  const further = page.getByText("/api/files/content", { exact: true });
  while ((await further.count()) === 0) {
    await page.mouse.wheel(0, 400);
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(resolve)),
    );
  }
  await further.first().waitFor();
  t.deepEqual(errors, []);
});

test("the files: folders, a preview, versions, moving, the bin", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices();
  await box.client.claim(box.code, "birch", owner);
  await box.client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/",
    name: "Letters",
  });
  const path = "/api/files/content?path=/Letters/plan.txt";
  for (const text of ["the first plan", "the second plan, which is longer"])
    await box.client.ok("PUT", path, Buffer.from(text));
  // Somebody who knows only the first version writes over the second.
  await box.client.ok("PUT", `${path}&base=1`, Buffer.from("a third plan"));
  await using browser = await startBrowser();
  const { page, errors, seen, press } = await openPhone(
    browser,
    box.services.url,
    (message, fits) => t.true(fits, message),
  );
  const inDialog = (name: string): Promise<void> =>
    page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
  await signIn(page, owner);
  await page.getByRole("link", { name: "Files" }).click();
  await press("New folder");
  await page.getByLabel("Its name").fill("Photos");
  await press("Make the folder");
  await page.locator(".files").getByText("Photos").click();
  await page.getByText("This folder is empty").waitFor();
  const png = await readFile(join(import.meta.dirname, "home-390.png"));
  await page
    .getByLabel("Files to upload")
    .setInputFiles([{ name: "home.png", mimeType: "image/png", buffer: png }]);
  await page.locator(".files").getByText("home.png").click();
  const image = page.getByRole("dialog").locator("img");
  await image.waitFor();
  while (
    !(await image.evaluate((one) => (one as HTMLImageElement).naturalWidth > 0))
  )
    await page.waitForTimeout(50);
  await seen("files-preview");
  await press("Close");
  await page
    .getByRole("navigation", { name: "Folders above" })
    .getByRole("button", { name: "Files" })
    .click();
  await page.locator(".files").getByText("Letters").click();
  await page.getByText("two versions: look at them").waitFor();
  await seen("files-folder");
  await page.locator(".files").getByText("plan.txt").click();
  await page.getByLabel("Text").waitFor();
  t.is(await page.getByLabel("Text").inputValue(), "a third plan");
  await press("Close");
  await page.getByLabel("More for plan.txt").click();
  await inDialog("Versions");
  await page.getByText(/in conflict/).waitFor();
  await seen("files-versions");
  await inDialog("Restore version 1");
  await page.getByText("14 B").waitFor();
  await page.getByLabel("More for plan.txt").click();
  await inDialog("Rename");
  await page.getByLabel("New name").fill("plan ä.txt");
  await press("Rename");
  await page.getByLabel("More for plan ä.txt").click();
  await inDialog("Move");
  await inDialog("Up to Files");
  await inDialog("Photos");
  await inDialog("Move to /Photos");
  await page.getByText("This folder is empty").waitFor();
  t.is(
    (
      await box.client.call(
        "GET",
        `/api/files/content?path=${encodeURIComponent("/Photos/plan ä.txt")}`,
      )
    ).bytes.toString(),
    "the first plan",
  );
  await page.goBack();
  await page.getByLabel("More for Photos").click();
  await inDialog("Delete");
  await inDialog("Delete");
  await page
    .locator(".files")
    .getByText("Photos")
    .waitFor({ state: "detached" });
  await press("Bin");
  await page.getByText(/was \/Photos/).waitFor();
  await seen("files-bin");
  await page.getByLabel("Restore Photos", { exact: true }).click();
  await page.getByText("The bin is empty").waitFor();
  await press("Bin");
  await page.locator(".files").getByText("Photos").waitFor();
  // Another door: the page follows by itself.
  await box.client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/",
    name: "Made elsewhere",
  });
  await page.getByText("Made elsewhere").waitFor();
  t.deepEqual(errors, []);
});

test("sharing: a link, what it shows, asking for more, taking it back", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices();
  await box.client.claim(box.code, "birch", owner);
  await box.client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/",
    name: "Letters",
  });
  await box.client.ok(
    "PUT",
    "/api/files/content?path=/Letters/plan.txt",
    Buffer.from("the plan"),
  );
  await box.client.ok(
    "PUT",
    "/api/files/content?path=/secret.txt",
    Buffer.from("secret"),
  );
  await using browser = await startBrowser();
  const options = { ...inSpiteOfTheWarning, viewport: sizes[390] };
  const context = await browser.newContext(options);
  const { page, errors } = await openPage(context, box.services.url);
  const seen = (one: Page, name: string): Promise<void> =>
    look(one, name, (message, fits) => t.true(fits, message));
  const press = (one: Page, name: string): Promise<void> =>
    one.getByRole("button", { name, exact: true }).click();
  await signIn(page, owner);
  await page.getByRole("link", { name: "Files" }).click();
  await page.getByLabel("More for Letters").click();
  await press(page, "Share");
  await page.getByLabel("For whom?").fill("Grandmother");
  await seen(page, "share");
  const { promise: held, resolve: goOn } = Promise.withResolvers<void>();
  await page.route("**/api/doors", async (route) => {
    await held;
    await route.continue();
  });
  await press(page, "Make a link");
  const passedOn = page.getByRole("button", { name: "I have passed it on" });
  const place = await passedOn.boundingBox();
  goOn();
  await page.getByText(/To share it as a network drive too/).waitFor();
  t.deepEqual(
    await passedOn.boundingBox(),
    place,
    "what comes late moves no button",
  );
  const link = await page.getByLabel("Link", { exact: true }).inputValue();
  t.regex(link, /\/shared#[\w-]{43}$/);
  await press(page, "I have passed it on");

  const elsewhere = await browser.newContext(options);
  const guest = await openPage(elsewhere, link);
  await guest.page.getByText("plan.txt").waitFor();
  t.false(guest.page.url().includes("#"), "the secret is not in the history");
  t.is(await guest.page.getByText("secret.txt").count(), 0);
  await seen(guest.page, "shared");
  const [file] = await Promise.all([
    guest.page.waitForEvent("download"),
    guest.page.getByLabel("Download plan.txt").click(),
  ]);
  t.is(await readFile(await file.path(), "utf8"), "the plan");
  for (const [route, status] of [
    ["/api/shared/content?path=/secret.txt", 403],
    ["/api/shared/files?path=/", 403],
    ["/api/files", 401],
  ] as const)
    t.is(
      await guest.page.evaluate(
        async (url) => (await fetch(url)).status,
        route,
      ),
      status,
      route,
    );
  await press(guest.page, "Ask to be allowed to change");
  await guest.page.getByLabel("What do you want to do?").fill("add a recipe");
  await press(guest.page, "Ask the owner");
  await guest.page.getByText("The owner sees your request").waitFor();

  await press(page, "Shared");
  await page.getByText("“add a recipe”").waitFor();
  await seen(page, "shares");
  await press(page, "Allow it");
  await page.getByText(/changes \/Letters until/).waitFor();
  await guest.page.reload();
  await guest.page.getByText("plan.txt").waitFor();
  await guest.page.getByLabel("Files to upload").setInputFiles([
    {
      name: "recipe.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("flour"),
    },
  ]);
  await guest.page.locator(".files").getByText("recipe.txt").waitFor();
  await seen(guest.page, "shared-writing");
  const path = "/api/files/history?path=/Letters/recipe.txt";
  const [version] = (await box.client.ok("GET", path)) as {
    writer: string;
  }[];
  const { rootKey } = (await box.client.ok("GET", "/api/status")).storage;
  t.truthy(version?.writer);
  t.not(version?.writer, rootKey, "signed by the guest");
  const [own] = await box.client.ok("GET", "/api/boxes");
  t.not(version?.writer, own.principal);

  await page.getByText(own.principal.slice(0, 16)).waitFor();
  await page.getByLabel("New link for Grandmother").click();
  await press(page, "Make a new link");
  const fresh = await page.getByLabel("Link", { exact: true }).inputValue();
  t.not(fresh, link);
  await press(page, "I have passed it on");
  await guest.page.goto(fresh);
  await guest.page.reload();
  await guest.page.locator(".files").getByText("recipe.txt").waitFor();
  const late = await openPage(await browser.newContext(options), link);
  await late.page.getByText(/taken back/).waitFor();

  await page.getByLabel("Take back from Grandmother").click();
  await press(page, "Take it back");
  // The link before this one is in the list as taken back already.
  await page
    .getByLabel("Take back from Grandmother")
    .waitFor({ state: "detached" });
  await guest.page.reload();
  await guest.page.getByText("taken back by the owner").waitFor();
  t.deepEqual([...errors, ...guest.errors], []);
});

test("the storage: a second disk, rot that is mended, the first disk emptied and taken out", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices();
  await box.client.claim(box.code, "birch", owner);
  const photo = randomBytes(6_000_000);
  await box.client.ok("PUT", "/api/files/content?path=/photo.jpg", photo);
  await using browser = await startBrowser();
  const { page, errors, seen, press } = await openPhone(
    browser,
    box.services.url,
    (message, fits) => t.true(fits, message),
  );
  await signIn(page, owner);
  await page.getByRole("link", { name: "Storage" }).click();
  await page.getByText(/^One disk mends what rots/).waitFor();
  await page.getByText("in use", { exact: true }).waitFor();

  await press("Add a disk");
  await page.getByRole("radio").first().check();
  await page.getByLabel(/^Type the disk's name/).fill("rowan");
  await seen("storage-add");
  await press("Erase and add it");
  await page.getByText(/rowan is ready/).waitFor();
  await page.getByText(/survive the loss of one/).waitFor();
  await press("Dismiss");
  // The file is written anew so that either disk alone is enough.
  while (
    (
      (await box.client.ok(
        "GET",
        "/api/files/entry?path=/photo.jpg",
      )) as unknown as EntryDetails
    ).fragments !== 8
  )
    await page.waitForTimeout(100);

  const rotten = await rot(join(box.services.folder, "mounts"));
  t.true(rotten > 0);
  await press("Check everything now");
  await page.getByText(/ ([1-9]\d*) fragments damaged, \1 mended/).waitFor();
  await page.getByText("a rotten fragment was made anew").first().waitFor();
  await press("Change the pace");
  await page.getByLabel(/^Days in which/).fill("7");
  await press("Save");
  await page.getByText(/^every 7 days, at most 40 MB a second/).waitFor();
  await press("Rest for a day");
  await page.getByText(/^rests until/).waitFor();
  await seen("storage");
  await page.getByText("What was mended").scrollIntoViewIfNeeded();
  await seen("storage-mended");
  await press("Go on");

  await page.getByRole("button", { name: "New recovery key" }).first().click();
  await page.getByLabel("Your password").fill("wrong");
  await press("Show a new key");
  await page.getByRole("dialog").getByRole("alert").waitFor();
  await page.getByLabel("Your password").fill(owner.password);
  await press("Show a new key");
  await page.getByText(/shown this once/).waitFor();
  await press("I have it");

  const emptyFirst = async (): Promise<void> => {
    await page.getByRole("button", { name: "Empty it" }).first().click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: "Empty it" })
      .click();
    await page.getByText("It is empty and can be taken out.").waitFor();
  };
  await emptyFirst();
  await seen("storage-emptied");
  // It may be kept after all.
  const { disks } = await box.client.ok("GET", "/api/store");
  const { uuid } = disks.find(
    ({ state }: { state: string }) => state === "draining",
  );
  await box.client.ok("POST", `/api/tasks/disk-emptying-${uuid}/stop`);
  await page.getByText("being emptied").waitFor({ state: "hidden" });
  await emptyFirst();
  await press("Remove");
  await page
    .getByRole("dialog")
    .getByRole("button", { name: "Remove" })
    .click();
  await page.getByText(/^One disk mends what rots/).waitFor();
  await page.getByText("being emptied").waitFor({ state: "hidden" });
  // The cable comes off, and on again.
  const mounts = join(box.services.folder, "mounts");
  const [left = ""] = await readdir(mounts);
  await rename(join(mounts, left), join(mounts, "../away"));
  await box.client.ok("POST", "/api/store/rescan");
  await page.getByText("not there", { exact: true }).waitFor();
  await seen("storage-missing");
  await rename(join(mounts, "../away"), join(mounts, left));
  await press("Try again");
  await page.getByText("in use", { exact: true }).waitFor();
  const { bytes, status } = await box.client.call(
    "GET",
    "/api/files/content?path=/photo.jpg",
  );
  t.is(status, 200, bytes.subarray(0, 300).toString("latin1"));
  t.true(bytes.equals(photo));
  t.deepEqual(errors, []);
});

/** Flips a bit in some live fragments on the disk, as age does; how many. */
async function rot(mounts: string): Promise<number> {
  const [uuid = ""] = (await readdir(mounts)).sort();
  const packs = join(mounts, uuid, "store/packs");
  const salt = saltOf(uuid);
  let flipped = 0;
  // In all packs: what is dead there does not matter, and compaction may just be moving the rest.
  for (const name of await readdir(packs)) {
    await using file = await open(join(packs, name), "r+");
    const bytes = await file.readFile();
    for (let at = packHeaderSize; at < bytes.length; at += recordAlignment) {
      const header = decodeRecordHeader(
        bytes.subarray(at, at + recordHeaderSize),
        salt,
      );
      if (header?.kind !== "fragment" || header.m !== 4 || header.k !== 4)
        continue;
      if (header.index !== 1 && header.index !== 2) continue;
      const place = at + recordHeaderSize + 1000;
      await file.write(Buffer.of((bytes[place] ?? 0) ^ 4), 0, 1, place);
      flipped++;
    }
  }
  return flipped;
}

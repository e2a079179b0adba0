/** The page of friends, in two browsers on two boxes. */
import { randomBytes } from "node:crypto";
import test from "ava";
import { replayCapturedBoot } from "../services/identity/tpm-stand.ts";
import { startServices } from "../services.ts";
import {
  inSpiteOfTheWarning,
  look,
  openPage,
  signIn,
  sizes,
  startBrowser,
} from "./browser.ts";

const password = "correct horse battery staple";

test("friends: invited by words, seen what it booted, what is kept, a promise, an audit, limits, leaving, forgotten", async (t) => {
  t.timeout(10 * 60_000);
  await using ada = await startServices({ prepareTpm: replayCapturedBoot });
  await using bob = await startServices({ prepareTpm: replayCapturedBoot });
  for (const [box, name] of [
    [ada, "Ada"],
    [bob, "Bob"],
  ] as const)
    await box.client.claim(box.code, "birch", { name, password });
  await using browser = await startBrowser();
  const pages = await Promise.all(
    (
      [
        [ada, "Ada"],
        [bob, "Bob"],
      ] as const
    ).map(async ([box, name]) => {
      const context = await browser.newContext({
        ...inSpiteOfTheWarning,
        viewport: sizes[1280],
      });
      const opened = await openPage(context, `${box.services.url}/friends`);
      await signIn(opened.page, { name, password });
      await opened.page.getByRole("link", { name: "Friends" }).click();
      await opened.page.getByRole("heading", { name: "Friends" }).waitFor();
      return opened;
    }),
  );
  const [first, second] = pages;
  if (!first || !second) throw new Error("no pages");
  const { page } = first;
  const seen = (name: string): Promise<void> =>
    look(page, name, (message, fits) => t.true(fits, message));
  await page.getByText("Nobody yet.").waitFor();
  await seen("friends-1-nobody");

  await page.getByRole("button", { name: "Invite a friend" }).click();
  await page.getByLabel("Whom?").fill("Bob");
  await page.getByRole("button", { name: "Make an invitation" }).click();
  const words = await page.locator("p.secret").innerText();
  t.is(words.split(" ").length, 12);
  await seen("friends-2-invitation");
  await page.getByRole("button", { name: "I have passed it on" }).click();
  await page.getByText("invited", { exact: true }).waitFor();

  const other = second.page;
  await other.getByRole("button", { name: "I was invited" }).click();
  const typed = other.getByLabel("The words, or the text");
  await typed.fill(words.replace(/^\w+/, "zebra"));
  await other.getByRole("button", { name: "Become friends" }).click();
  await other.getByText(/One of the words is not right/).waitFor();
  await typed.fill(words);
  await other.getByRole("button", { name: "Become friends" }).click();
  await page.getByText("there", { exact: true }).waitFor();
  await other.getByText("there", { exact: true }).waitFor();

  const body = randomBytes(2_000_000);
  await ada.client.ok("PUT", "/api/files/content?path=/photo", body);
  await ada.client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/",
    name: "private",
  });
  await page
    .getByText("survives the loss of this box, or of any other")
    .waitFor();
  await page.getByText(/keeps 2 MB of 20 GB for you/).waitFor();
  await page.getByRole("button", { name: "Change a promise" }).click();
  await page.getByLabel("Folder").fill("/private");
  await page.getByLabel("Survives the loss of how many boxes?").fill("0");
  await page.getByRole("button", { name: "Promise" }).click();
  await page.getByText("/private").waitFor();
  await page.getByLabel("Upload, Mbit/s").fill("40");
  await page.getByLabel("At night there is no limit").check();
  const save = page.getByRole("button", { name: "Save" });
  await save.click();
  await page.evaluate(() => scrollTo(0, 0));
  await seen("friends-3-friend");

  await page.getByRole("link", { name: "Network", exact: true }).click();
  await page
    .getByRole("button", { name: "Measure the line with friends' boxes" })
    .click();
  await page.getByText("The line is full for about 20 seconds").waitFor();
  await page.getByText("With Bob").waitFor({ timeout: 60_000 });
  await page
    .getByRole("button", { name: "Keep queues short by what was measured" })
    .click();
  await page.getByText("Nothing is in force yet").waitFor();
  await page.getByText("With Bob").scrollIntoViewIfNeeded();
  await seen("network-speed");
  await page.getByRole("button", { name: "Forget the changes" }).click();
  await page.getByRole("link", { name: "Friends" }).click();
  const { limits } = await ada.client.ok("GET", "/api/friends");
  t.like(limits, { upload: 5_000_000, quiet: { from: 23, to: 7 } });

  await page.getByRole("button", { name: "Details" }).click();
  await page.getByText(/accepted, image 0\.1\.0/).waitFor();
  await page.getByRole("button", { name: "Ask for pieces now" }).click();
  await page.getByText("24 of 24 pieces are there.").waitFor();
  await seen("friends-4-details");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("City").fill("Bergen");
  await dialog.getByText("Terms: price, duration, speed").click();
  await dialog.getByLabel("Currency").fill("eur");
  await dialog.getByLabel("I ask for a GB and month").fill("0.25");
  await dialog.getByLabel("My contracts are good for so many days").fill("90");
  await dialog.getByLabel("Currency").scrollIntoViewIfNeeded();
  await seen("friends-6-terms");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  const { friends } = await ada.client.ok("GET", "/api/friends");
  t.like(friends[0], {
    city: "Bergen",
    asks: { price: 250_000, currency: "EUR", days: 90, bandwidth: 0 },
    pays: { price: 0, currency: "EUR" },
  });
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByRole("button", { name: "Forget this friend" }).click();
  await page.getByText(/still keeps something for you/).waitFor();
  await page.getByRole("button", { name: "This box is lost" }).click();
  await page.getByText("lost", { exact: true }).waitFor();
  await seen("friends-5-lost");
  t.deepEqual(first.errors, []);
  t.deepEqual(second.errors, []);
});

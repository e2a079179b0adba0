/** Somebody at home beside the owner: invited, with a name, a password and a folder of his own, and taken out. */
import test from "ava";
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
const bob = { name: "Bob", password: "seven green bottles" };

test("an owner invites somebody, who takes a password, comes back by it to his own files, and is taken out", async (t) => {
  t.timeout(8 * 60_000);
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
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
  await press("Invite somebody");
  await page.getByLabel("Name", { exact: true }).fill(bob.name);
  await seen("people-invite");
  await press("Make a folder and a link");
  const link = await page.getByLabel("Link", { exact: true }).inputValue();
  await press("I have passed it on");

  const his = await openPage(
    await browser.newContext({ ...inSpiteOfTheWarning, viewport: sizes[390] }),
    link,
  );
  const take = async (name: string): Promise<void> =>
    await his.page.getByRole("button", { name, exact: true }).click();
  await take("Come back without the link");
  t.is(await his.page.getByLabel("Name", { exact: true }).inputValue(), "Bob");
  for (const field of await his.page.locator("input[type=password]").all())
    await field.fill(bob.password);
  await look(his.page, "people-password", (message, good) =>
    t.true(good, message),
  );
  await take("Take this name and password");
  await his.page.getByRole("button", { name: "Sign out Bob" }).waitFor();
  await his.page.getByLabel("Files to upload").setInputFiles([
    {
      ...{ name: "diary.txt", mimeType: "text/plain" },
      buffer: Buffer.from("of his own"),
    },
  ]);
  await his.page.locator(".files").getByText("diary.txt").waitFor();
  await look(his.page, "people-own", (message, good) => t.true(good, message));
  await take("Sign out Bob");
  await signIn(his.page, { ...bob, password: "not his" });
  await his.page.getByText("Name or password are not right.").waitFor();
  await signIn(his.page, bob);
  await his.page.locator(".files").getByText("diary.txt").waitFor();

  await page.reload();
  await page.getByText("/Bob, since").waitFor();
  await seen("people");
  await page.getByRole("button", { name: "Take Bob out" }).click();
  await page.getByText("The files stay where they are.").waitFor();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: "Take Bob out" })
    .click();
  await page.getByText("/Bob, since").waitFor({ state: "detached" });
  await his.page.reload();
  await his.page.getByText("Open the link once more.").waitFor();
  t.is(
    (
      await client.call("GET", "/api/files/content?path=/Bob/diary.txt")
    ).bytes.toString(),
    "of his own",
  );
  t.deepEqual(errors, []);
});

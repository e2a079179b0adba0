/** Search: pages, settings, devices, friends and files by their names, with the keyboard alone. */
import test from "ava";
import { places } from "../../services/admin/web/src/search/places.ts";
import { startServices } from "../services.ts";
import { openPhone, signIn, startBrowser } from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
/** Parts of pages that are there with friends alone. */
const amongFriends = ["How safe everything is", "The line"];

test("an owner finds a setting, a page and a file by typing, and everything that can be found is where it is said to be", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  await client.ok("POST", "/api/files/act", {
    act: "directory",
    parent: "/",
    name: "Ostsee 2026",
  });
  await client.ok(
    "PUT",
    `/api/files/content?${new URLSearchParams({ path: "/Ostsee 2026/Möwe.txt" })}`,
    Buffer.from("kreisch"),
  );
  await using browser = await startBrowser();
  const { page, errors, seen } = await openPhone(
    browser,
    services.url,
    (message, fits) => t.true(fits, message),
  );
  await signIn(page, owner);
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  const field = page.getByRole("combobox", {
    name: "What are you looking for?",
  });
  const chosen = page.getByRole("option", { selected: true });

  await page.keyboard.press("/");
  await field.waitFor();
  await page.keyboard.type("wireg");
  await chosen.getByText("From elsewhere", { exact: true }).waitFor();
  await page.keyboard.press("Enter");
  const heading = page.getByRole("heading", { name: "From elsewhere" });
  await heading.waitFor();
  await page.waitForFunction(
    () => document.activeElement?.textContent?.trim() === "From elsewhere",
  );

  await page.keyboard.press("Control+k");
  await field.fill("MOWE");
  const file = page.getByRole("option", { name: /^Möwe.txt/ });
  await file.getByText("File in /Ostsee 2026").waitFor();
  await field.fill("st");
  // Several kinds at once: a page, settings, a folder.
  await page.getByRole("option", { name: /^Ostsee 2026/ }).waitFor();
  await seen("search");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await chosen.getByText("Ostsee 2026", { exact: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".files").getByText("Möwe.txt").waitFor();
  // On the page where it leads to.
  await page.keyboard.press("/");
  await field.fill("ostsee");
  await page.getByRole("option", { name: /^Ostsee 2026/ }).waitFor();
  await page.keyboard.press("Escape");
  await field.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Search" }).click();
  await field.fill("no such thing at all");
  await page.getByText("Nothing is called so.").waitFor();
  await page.keyboard.press("Escape");

  for (const [path, parts] of Map.groupBy(places, (place) => place.path)) {
    await page.goto(services.url + path);
    for (const { name, heading } of parts) {
      if (heading !== undefined && amongFriends.includes(heading)) continue;
      await page
        .getByRole("heading", { name: heading ?? name, exact: true })
        .first()
        .waitFor();
    }
  }
  t.deepEqual(errors, []);
});

/** What a browser fetches before it shows anything, and what the pages may never do. */
import test from "ava";
import { startServices } from "../services.ts";
import {
  inSpiteOfTheWarning,
  openPage,
  signIn,
  startBrowser,
} from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
/** Bytes over the line, compressed. */
const mostAtFirst = 200_000;

test("the first page is small, comes from the box alone, and lets no text become markup", async (t) => {
  t.timeout(5 * 60_000);
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  await using browser = await startBrowser();
  const context = await browser.newContext(inSpiteOfTheWarning);
  const { page, errors } = await openPage(context, "about:blank");
  const line = await context.newCDPSession(page);
  await line.send("Network.enable");
  let bytes = 0;
  const asked: string[] = [];
  line.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  line.on("Network.requestWillBeSent", ({ request }) => {
    asked.push(request.url);
  });
  await page.goto(services.url);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.evaluate(() => document.fonts.ready);
  t.true(bytes > 20_000 && bytes <= mostAtFirst, `${bytes} bytes came`);
  await signIn(page, owner);
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  t.true(bytes <= mostAtFirst, `${bytes} bytes came until Home`);
  t.log(`${bytes} bytes`);
  t.deepEqual(
    asked.filter((url) => !url.startsWith(`${services.url}/`)),
    [],
    "nobody else is asked for anything",
  );
  t.regex(
    await page.evaluate(() => {
      try {
        document.body.innerHTML = "<img src=x>";
        return "it was taken";
      } catch (error) {
        return String(error);
      }
    }),
    /TrustedHTML/,
  );
  // That one was meant.
  t.deepEqual(
    errors.filter((error) => !error.includes("TrustedHTML")),
    [],
  );
});

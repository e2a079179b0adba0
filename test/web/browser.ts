import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Page,
} from "playwright-core";

/** The sizes at which pages are looked at: a phone and a desktop. */
export const sizes = {
  390: { width: 390, height: 844 },
  1280: { width: 1280, height: 860 },
} as const;
/** Milliseconds that an element may take to appear: several browsers and boxes share two processors. */
const patience = 150_000;
const keep = process.env.COPPICE_SCREENSHOTS === "1";

/** A context of whoever goes on although nobody vouches for the certificate: Chromium has no service worker for him then, and says so where page errors stand. */
export const inSpiteOfTheWarning = {
  ignoreHTTPSErrors: true,
  serviceWorkers: "block",
} as const;

/** Debian's Chromium. @param home whose certificates it trusts, in `.pki/nssdb` */
export async function startBrowser(home?: string): Promise<Browser> {
  return await chromium.launch({
    executablePath: "/usr/bin/chromium",
    ...(home === undefined ? {} : { env: { ...process.env, HOME: home } }),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page that records what goes wrong in it. */
export async function openPage(
  context: BrowserContext,
  url: string,
): Promise<{ page: Page; errors: string[] }> {
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (
      message.type() === "error" &&
      !/status of (401|403|400|404|409|422|429|502|503)|net::ERR/.test(
        message.text(),
      )
    )
      errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

/** A page as a phone shows it, and what a test does on it again and again. @param fits is told what a look found */
export async function openPhone(
  browser: Browser,
  url: string,
  fits: (message: string, good: boolean) => void,
): Promise<{
  page: Page;
  errors: string[];
  /** Looks at the page at both sizes. */
  seen: (name: string) => Promise<void>;
  press: (name: string) => Promise<void>;
}> {
  const { page, errors } = await openPage(
    await browser.newContext({
      ...inSpiteOfTheWarning,
      viewport: sizes[390],
    }),
    url,
  );
  return {
    page,
    errors,
    seen: async (name) => await look(page, name, fits),
    press: async (name) =>
      await page.getByRole("button", { name, exact: true }).click(),
  };
}

/** Signs the owner in. */
export async function signIn(
  page: Page,
  owner: { name: string; password: string },
): Promise<void> {
  await page.getByLabel("Name").fill(owner.name);
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Success criteria of WCAG 2.2, levels A and AA, as axe calls them. */
const criteria = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What axe finds on a page that keeps people out, in words. @param both whether the colours of day and night are looked at, not those of now alone */
async function barriers(page: Page, both: boolean): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis)))
    await page.evaluate(axe.source);
  const found = async (runOnly: string[]): Promise<string[]> =>
    await page.evaluate(async (runOnly) => {
      const { axe: here } = globalThis as unknown as { axe: typeof axe };
      const { violations } = await here.run(document, {
        runOnly,
        resultTypes: ["violations"],
      });
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(
          ({ target, failureSummary }) =>
            `${id}: ${target.join(" ")}: ${failureSummary}`,
        ),
      );
    }, runOnly);
  const dark = await page.evaluate(
    () => matchMedia("(prefers-color-scheme: dark)").matches,
  );
  const [now, other] = dark
    ? (["dark", "light"] as const)
    : (["light", "dark"] as const);
  const seen = await found(criteria);
  if (!both) return seen;
  await page.emulateMedia({ colorScheme: other });
  const otherwise = await found(["color-contrast"]);
  await page.emulateMedia({ colorScheme: now });
  return [...seen, ...otherwise.map((words) => `${other}: ${words}`)];
}

/** Looks at a page at both sizes: nothing may stick out sideways, or keep anybody out. With COPPICE_SCREENSHOTS=1 the pictures are kept. */
export async function look(
  page: Page,
  name: string,
  check: (message: string, fits: boolean) => void,
): Promise<void> {
  for (const [width, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    await page.evaluate(() => document.fonts.ready);
    const fits = await page.evaluate(
      () => document.documentElement.scrollWidth <= innerWidth,
    );
    check(`${name} at ${width} px fits its width`, fits);
    const lost = await page.evaluate(() =>
      [...document.querySelectorAll("nav a")]
        .filter((link) => link.getBoundingClientRect().right > innerWidth)
        .map((link) => link.textContent),
    );
    check(
      `${name} at ${width} px has all pages in reach: ${lost}`,
      lost.length === 0,
    );
    // The colours do not depend on the width.
    const found = await barriers(page, width === "390");
    check(
      `${name} at ${width} px keeps nobody out: ${found.join("\n")}`,
      found.length === 0,
    );
    const picture = await page.screenshot({ animations: "disabled" });
    check(`${name} at ${width} px shows something`, picture.length > 5000);
    if (keep)
      await writeFile(
        join(import.meta.dirname, `${name}-${width}.png`),
        picture,
      );
  }
}

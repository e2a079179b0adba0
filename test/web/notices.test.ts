/** What a box tells. Notices: how the owner is told is set on the page, and a newer version is told of by e-mail, to a program and by the bell; the smart home hears how the box is. And its curves and its log. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test from "ava";
import { startBroker } from "../broker.ts";
import { temporaryFolder } from "../folder.ts";
import { writeJournal } from "../journal.ts";
import { startMailServer } from "../mail-server.ts";
import { until } from "../network/until.ts";
import { startServices } from "../services.ts";
import {
  board,
  serveFolder,
  trustBuilder,
  writeVersion,
} from "../update-set.ts";
import { openPhone, signIn, startBrowser } from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };

test("an owner is told of a newer version where she wants it, and of nothing that she silenced; her smart home hears how the box is; and she looks at curves and log", async (t) => {
  t.timeout(10 * 60_000);
  await using journal = await temporaryFolder();
  await writeJournal(
    journal.path,
    Array.from({ length: 500 }, (_, index) => ({
      at: Date.now() - 600_000 + index * 1000,
      message: `line ${index}`,
      unit: index % 4 === 0 ? "coppice-node.service" : "coppice-host.service",
      priority: index % 50 === 1 ? 3 : 6,
    })),
  );
  await using box = await startServices({
    env: { COPPICE_JOURNAL: journal.path },
  });
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  await trustBuilder(services.folder);
  await services.stopService("host");
  services.startService("host");
  await services.ready();
  const web = join(services.folder, "web");
  await writeVersion(join(web, board), "1.1", [5], { notes: "- Greener." });
  await using versions = await serveFolder(web);
  const ready = async (): Promise<string | undefined> => {
    const { phase, found } = await client.ok("GET", "/api/updates");
    return phase === "ready" ? found?.version : undefined;
  };
  const calls: { kind: string; words: string; url: string }[] = [];
  const program = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    calls.push(JSON.parse(body));
    response.end();
  }).listen(0, "localhost");
  await once(program, "listening");
  t.teardown(() => program.close());

  await using browser = await startBrowser();
  const { page, errors, seen, press } = await openPhone(
    browser,
    services.url,
    (message, fits) => t.true(fits, message),
  );
  await signIn(page, owner);
  await page.getByRole("link", { name: "Notices", exact: true }).click();
  await page.getByText("Nothing needs you.").waitFor();
  await seen("notices-quiet");

  // A server that is not there yet: the page says so, and nothing is lost.
  const card = (name: string) =>
    page.locator(".card", { has: page.getByRole("heading", { name }) });
  await using first = await startMailServer({});
  const { port } = first;
  await first[Symbol.asyncDispose]();
  await card("By e-mail").getByRole("button", { name: "Set it up" }).click();
  await page.getByLabel("Your address").fill("ada@example.org");
  await page.getByLabel("Server for outgoing mail").fill("localhost");
  await page.getByRole("button", { name: "None", exact: true }).click();
  await page.getByLabel("Port").fill(String(port));
  await page.getByLabel("The box writes as").fill("box@example.org");
  await seen("notices-mail");
  await press("Keep this");
  await page.getByText("To ada@example.org, by localhost.").waitFor();
  await card("By e-mail").getByRole("button", { name: "Send a test" }).click();
  await page.getByText("localhost cannot be reached").waitFor();
  await card("To a program").getByRole("button", { name: "Set it up" }).click();
  await page
    .getByLabel("Address to call")
    .fill(`http://localhost:${(program.address() as AddressInfo).port}/hear`);
  await page.getByLabel("Secret for the signature").fill("between us");
  await press("Keep this");
  await card("To a program")
    .getByRole("button", { name: "Send a test" })
    .click();
  await card("To a program").getByText("The last message went out").waitFor();
  t.like(calls, [{ words: "This is a test: the box reaches you." }]);
  t.is(
    (await client.ok("GET", "/api/notices")).settings.hook.secret,
    null,
    "a secret is not told again",
  );

  // The same broker twice: what is kept of it needs no password again.
  await using broker = await startBroker();
  const heard = await broker.listen();
  const home = card("To the smart home");
  await home.getByRole("button", { name: "Set it up" }).click();
  await page.getByLabel("MQTT broker").fill("localhost");
  await page.getByLabel("Port").fill(String(broker.port));
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill("a guess");
  await seen("notices-smart-home");
  await press("Keep this");
  await home.getByRole("button", { name: "Tell it now" }).click();
  await home.getByText("does not take this user and password").waitFor();
  await home.getByRole("button", { name: "Change" }).click();
  await page.getByLabel("Password", { exact: true }).fill(broker.password);
  await press("Keep this");
  await home.getByRole("button", { name: "Tell it now" }).click();
  await home.getByText("It was told last on").waitFor();
  await home.getByRole("button", { name: "Change" }).click();
  await page.getByLabel("Where new devices are looked for").fill("elsewhere");
  await press("Keep this");
  await home.getByRole("button", { name: "Tell it now" }).click();
  await until("it is heard where it is looked for", async () =>
    heard.some(
      ({ topic, payload }) =>
        topic.startsWith("elsewhere/device/") && payload !== "",
    ),
  );
  await home.getByRole("button", { name: "Change" }).click();
  await press("Tell it nothing more");
  await home.getByText("They meet at an MQTT broker.").waitFor();
  await until(
    "it is taken away",
    async () =>
      heard.findLast(({ topic }) => topic.startsWith("elsewhere/"))?.payload ===
      "",
  );

  await client.ok("PUT", "/api/updates/settings", {
    ...(await client.ok("GET", "/api/updates")).settings,
    automatic: false,
    source: versions.url,
  });
  await client.ok("POST", "/api/updates/check", {
    download: true,
    from: "source",
  });
  await until("1.1 is there", async () => (await ready()) === "1.1");
  await page.getByRole("link", { name: "Home", exact: true }).click();
  const words = "Version 1.1 of the box's system is there.";
  const told = await client.ok("POST", "/api/notices/look");
  t.like(told, {
    unseen: 1,
    notices: [{ kind: "update-ready", subject: "1.1", words, until: null }],
    channels: { mail: { waiting: 1, sent: null }, hook: { waiting: 0 } },
  });
  t.like(calls[1], {
    kind: "update-ready",
    words,
    url: "https://coppice.local/system",
  });
  await using second = await startMailServer({ port });
  const sent = await client.ok("POST", "/api/notices/look");
  t.like(sent.channels.mail, { waiting: 0, problem: null });
  t.is(second.taken.length, 1);
  t.regex(second.taken[0]?.text ?? "", /Version 1\.1 of the box/);

  await page.getByRole("link", { name: "Notices, 1 new" }).click();
  await card("Now").getByText(words).waitFor();
  await seen("notices-now");
  await page.getByRole("link", { name: "Notices", exact: true }).waitFor();

  await page.getByLabel("A newer version is there").uncheck();
  await page.waitForFunction(
    () => document.querySelectorAll(".kind-list input:not(:checked)").length,
  );
  await writeVersion(join(web, board), "1.2", [5], { notes: "- Greener yet." });
  await client.ok("POST", "/api/updates/check", {
    download: true,
    from: "source",
  });
  await until("1.2 is there", async () => (await ready()) === "1.2");
  const silent = await client.ok("POST", "/api/notices/look");
  t.like(silent, {
    unseen: 0,
    notices: [{ subject: "1.2", until: null }],
  });
  t.is(second.taken.length, 1);
  t.is(calls.length, 2);

  await page
    .getByRole("navigation")
    .getByRole("link", { name: "System" })
    .click();
  await page.getByRole("link", { name: "See the curves" }).click();
  const cpu = page.getByRole("img", { name: "Processor, percent" });
  await cpu.waitFor();
  const now = Date.now();
  const { step, curves } = await client.ok(
    "GET",
    `/api/status/past?from=${now - 60_000}&to=${now}`,
  );
  t.is(step, 1000);
  t.true(curves.cpu.mean.filter((one: unknown) => one !== null).length > 5);
  await seen("curves");
  const place = await cpu.boundingBox();
  if (!place) throw new Error("no plot");
  await page.mouse.move(place.x + place.width - 150, place.y + 60);
  await page.mouse.down();
  await page.mouse.move(place.x + place.width - 50, place.y + 60, { steps: 5 });
  await page.mouse.up();
  await press("All of it");
  await page.getByRole("button", { name: "Two years" }).click();
  await page
    .getByRole("button", { name: "All of it" })
    .waitFor({ state: "detached" });
  await page.goBack();
  await page.getByRole("link", { name: "Read the log" }).click();
  const lines = page.getByRole("log");
  await lines.getByText("line 499", { exact: true }).waitFor();
  await lines.getByText("line 300", { exact: true }).waitFor();
  await press("Earlier");
  await lines.getByText("line 100", { exact: true }).waitFor();
  await seen("log");
  await page.getByLabel("Who wrote").selectOption("coppice-node");
  await lines.getByText("line 496", { exact: true }).waitFor();
  t.is(await lines.getByText("line 497", { exact: true }).count(), 0);
  await page.getByLabel("With these words").fill("LINE 49");
  await lines
    .getByText("line 484", { exact: true })
    .waitFor({ state: "detached" });
  await writeJournal(journal.path, [
    { at: Date.now(), message: "line 491 again", unit: "coppice-node.service" },
    { at: Date.now(), message: "another", unit: "coppice-node.service" },
  ]);
  await lines.getByText("line 491 again").waitFor();
  t.is(await lines.getByText("another").count(), 0);
  await page.getByRole("button", { name: "Errors" }).click();
  await page.getByText("Nothing was written that fits.").waitFor();
  t.deepEqual(errors, []);
});

/** A guest passes on a part of what was shared with him, in three browsers that know nothing of each other. */
import test from "ava";
import { startServices } from "../services.ts";
import {
  inSpiteOfTheWarning,
  look,
  openPage,
  sizes,
  startBrowser,
} from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };

test("a link that may be passed on: a part of it for somebody else, seen by the owner, ending with the first", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices();
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  for (const [parent, name] of [
    ["/", "Photos"],
    ["/Photos", "Norway"],
    ["/Photos", "Sweden"],
  ])
    await client.ok("POST", "/api/files/act", {
      act: "directory",
      parent,
      name,
    });
  await client.ok(
    "PUT",
    "/api/files/content?path=/Photos/Norway/fjord.txt",
    Buffer.from("blue"),
  );
  const { secret } = await client.ok("POST", "/api/shares", {
    path: "/Photos",
    name: "Bob",
    write: false,
    delegate: true,
    expires: Date.now() + 10 * 86_400_000,
  });
  await using browser = await startBrowser();
  const options = { ...inSpiteOfTheWarning, viewport: sizes[390] };
  const open = async (link: string) =>
    await openPage(await browser.newContext(options), link);

  const bob = await open(`${services.url}/shared#${secret}`);
  const press = (name: string): Promise<void> =>
    bob.page.getByRole("button", { name, exact: true }).click();
  await bob.page.locator(".files").getByText("Norway").click();
  await bob.page.getByText("fjord.txt").waitFor();
  await press("Pass it on");
  await bob.page.getByLabel("For whom?").fill("Carol");
  t.is(
    await bob.page.getByText("May they change it?").count(),
    0,
    "he may not change it himself",
  );
  await look(bob.page, "pass-on", (message, fits) => t.true(fits, message));
  await press("Make a link");
  const link = await bob.page.getByLabel("Link", { exact: true }).inputValue();
  t.is(
    await bob.page.getByText("network drive").count(),
    0,
    "the drive is the owner's to open",
  );
  await press("I have passed it on");

  const carol = await open(link);
  await carol.page.getByText("fjord.txt").waitFor();
  await carol.page.getByRole("heading", { name: "Norway" }).waitFor();
  t.is(
    await carol.page.evaluate(
      async () => (await fetch("/api/shared/files?path=/Photos/Sweden")).status,
    ),
    403,
  );
  const { shares } = await client.ok("GET", "/api/shares");
  const [passed, first] = shares;
  t.like(passed, { name: "Carol", path: "/Photos/Norway", through: "Bob" });
  await client.ok("DELETE", `/api/shares/${first.id}`);
  await carol.page.reload();
  await carol.page.getByText("taken back by the owner").waitFor();
  t.deepEqual([...bob.errors, ...carol.errors], []);
});

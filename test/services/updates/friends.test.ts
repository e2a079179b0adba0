/** A version travels from box to box: nobody but friends hands it on. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, appendFile, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { killWithParent } from "../../../scripts/board.ts";
import { connects } from "../../../services/shared/connects.ts";
import { blockSize, newestManifest } from "../../../services/shared/update.ts";
import { updaterFiles } from "../../../services/updates/client.ts";
import { home } from "../../home.ts";
import { until } from "../../network/until.ts";
import { startServices } from "../../services.ts";
import {
  board,
  expectParts,
  serveFolder,
  trustBuilder,
  writeVersion,
} from "../../update-set.ts";
import { replayCapturedBoot } from "../identity/tpm-stand.ts";

const password = "correct horse battery staple";
const space = 1_000_000_000;
const main = join(home, "services/version/main.ts");

/** Does what coppice-version.service does: a version that runs, with its files opened for it. @param home folder of the services */
async function handOn(
  home: string,
  version: string,
  manifest: string,
  files: readonly (readonly [kind: string, path: string])[],
): Promise<AsyncDisposable> {
  const handles = await Promise.all(files.map(([, path]) => open(path)));
  const child: ChildProcess = spawn(
    "setpriv",
    [
      ...[...killWithParent, process.execPath],
      ...["--disable-warning=ExperimentalWarning", main],
      ...["--version", version, "--manifest", manifest],
    ],
    {
      stdio: ["ignore", "ignore", "inherit", ...handles.map(({ fd }) => fd)],
      env: {
        ...process.env,
        COPPICE_RUNTIME: join(home, "run"),
        COPPICE_ANCHORS: home,
        LISTEN_FDNAMES: files.map(([kind]) => kind).join(":"),
      },
    },
  );
  for (const handle of handles) await handle.close();
  await until("the version can be asked for", () =>
    connects({ path: join(home, "run/version/version.sock") }),
  );
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill();
      await gone;
    },
  };
}

test("a version comes from a friend's box, block by block as it was signed; a box learns what its own version is signed with", async (t) => {
  t.timeout(5 * 60_000);
  await using ada = await startServices({ prepareTpm: replayCapturedBoot }, t);
  await using bob = await startServices({ prepareTpm: replayCapturedBoot }, t);
  for (const [box, name] of [
    [ada, "Ada"],
    [bob, "Bob"],
  ] as const) {
    await trustBuilder(box.services.folder);
    await box.services.stopService("host");
    box.services.startService("host");
    await box.services.ready();
    await box.client.claim(box.code, "birch", { name, password });
    await box.client.canSpeak();
  }
  const state = async () => await bob.client.ok("GET", "/api/updates");
  const check = async (from: string): Promise<void> => {
    await bob.client.ok("POST", "/api/updates/check", {
      download: true,
      from,
    });
    await until("the updater has looked", async () =>
      ["idle", "ready"].includes((await state()).phase),
    );
  };
  await check("friends");
  t.like((await state()).problem, { type: "no-friend" });

  const terms = { offer: space, wish: space };
  const { text } = await ada.client.ok("POST", "/api/friends/invitations", {
    name: "Bob",
    ...terms,
  });
  await bob.client.ok("POST", "/api/friends/join", {
    invitation: text,
    ...terms,
  });
  await until("they are friends", async () => {
    const all = await Promise.all(
      [ada, bob].map(
        async ({ client }) => (await client.ok("GET", "/api/friends")).friends,
      ),
    );
    return all.every(([one]) => one?.phase === "active" && one.online);
  });
  await check("friends");
  t.like(
    (await state()).problem,
    { type: "no-friend" },
    "Ada's hands nothing on yet",
  );

  const set = join(ada.services.folder, "set", board);
  const manifest = await writeVersion(set, "1.1", [5]);
  const files = manifest.files.map(
    ({ kind, name }) => [kind, join(set, name)] as const,
  );
  const root = files[0]?.[1] ?? "";
  // A partition is longer than what is in it.
  await appendFile(root, Buffer.alloc(3 * blockSize, "behind"));
  const signed = join(set, newestManifest);
  {
    await using _other = await handOn(
      ada.services.folder,
      "1.2",
      signed,
      files,
    );
    await check("friends");
    t.like(
      (await state()).problem,
      { type: "no-friend" },
      "1.1 does not run there",
    );
  }
  await using _handing = await handOn(
    ada.services.folder,
    "1.1",
    signed,
    files,
  );
  await check("friends");
  t.like(await state(), {
    phase: "ready",
    problem: null,
    found: { version: "1.1", notes: "This is 1.1." },
  });
  const work = join(bob.services.folder, "state/updates/work");
  await expectParts(t, work, manifest);

  t.log("a friend's box that sends something else");
  await rm(join(work, updaterFiles.parts), { recursive: true });
  await using disk = await open(root, "r+");
  await disk.write(Buffer.from("another"), 0, 7, 9 * blockSize);
  await check("friends");
  const refused = await state();
  t.like(refused, { phase: "idle", problem: { type: "damaged" } });
  t.regex(refused.problem?.words ?? "", /root\.raw/);

  t.log(
    "the version that runs, found at a source: friends may have it from here",
  );
  const web = join(bob.services.folder, "web");
  await writeVersion(join(web, board), "0", []);
  await using server = await serveFolder(web);
  const { settings } = refused;
  await bob.client.ok("PUT", "/api/updates/settings", {
    ...settings,
    source: server.url,
  });
  await check("source");
  t.like(await state(), { phase: "idle", problem: null, found: null });
  // It looks when it starts.
  await bob.services.stopService("host");
  bob.services.startService("host");
  const own = join(bob.services.folder, "state/host/updates/coppice_0.update");
  await until("the manifest is kept", async () =>
    access(own).then(
      () => true,
      () => false,
    ),
  );
  t.deepEqual(
    await readFile(own),
    await readFile(join(web, board, newestManifest)),
  );
});

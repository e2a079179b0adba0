/** The client in client/ is that of the API as it is, and what it says is taken. */
import { readFile } from "node:fs/promises";
import { HttpError } from "@oazapfts/runtime";
import test from "ava";
import { Agent, fetch as fetchBy } from "undici";
import {
  defaults,
  getApiFiles,
  getApiStatus,
  postApiFilesAct,
} from "../../../client/coppice.ts";
import { apiClient, apiClientFile } from "../../../scripts/api-client.ts";
import { startServices } from "../../services.ts";

test("a program of the owner's, by the published client", async (t) => {
  t.timeout(5 * 60_000);
  await using box = await startServices({}, t);
  t.is(
    await apiClient(await box.client.ok("GET", "/api/openapi.json")),
    await readFile(apiClientFile, "utf8"),
    "the API has changed: npm run client",
  );
  await box.client.claim(box.code, "birch", {
    name: "Ada",
    password: "correct horse battery staple",
  });
  const { secret } = await box.client.ok("POST", "/api/tokens", {
    name: "a script",
  });
  const dispatcher = new Agent({
    connect: { rejectUnauthorized: false },
  });
  t.teardown(() => dispatcher.close());
  Object.assign(defaults, {
    baseUrl: box.services.url,
    headers: { authorization: `Bearer ${secret}` },
    fetch: (url: string, init: object) => fetchBy(url, { ...init, dispatcher }),
  });
  t.is((await getApiStatus()).storage?.files, 0);
  await postApiFilesAct({ act: "directory", parent: "/", name: "Letters" });
  const { entries } = await getApiFiles({ path: "/" });
  t.deepEqual(
    entries.map(({ name }) => name),
    ["Letters"],
  );
  await t.throwsAsync(
    postApiFilesAct({ act: "directory", parent: "/", name: "a/b" }),
    { instanceOf: HttpError, message: /400/ },
  );
});

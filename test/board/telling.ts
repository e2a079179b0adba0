import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Between } from "./between.ts";
import { step } from "./step.ts";

/** What a program is, that writes down what it is called with. */
const program =
  'const { appendFileSync } = require("node:fs"); const [file] = process.argv.slice(1); require("node:http").createServer((request, response) => { request.on("data", (some) => appendFileSync(file, some)).on("end", () => { appendFileSync(file, "\\n"); response.end(); }); }).listen(8090, "0.0.0.0")';

/** Has the box tell a program at its provider how it goes, and reads its log. @returns what the program heard so far */
export async function expectTelling(
  t: ExecutionContext,
  { client, provider, folder }: Between,
): Promise<() => Promise<{ kind: string; words: string }[]>> {
  step(t, "a program that is told how it goes, and the log");
  const file = join(folder, "heard");
  provider.serve({}, process.execPath, "-e", program, file);
  await client.ok("PUT", "/api/notices/settings", {
    mail: null,
    hook: { url: `http://${provider.address}:8090/`, secret: "between us" },
    silenced: [],
  });
  const { lines } = await client.ok(
    "GET",
    "/api/log?service=coppice-node&count=5",
  );
  t.true(lines.length > 0);
  const services = await client.ok("GET", "/api/log/services");
  for (const name of ["kernel", "coppice-host", "systemd-networkd"])
    t.true(services.includes(name), name);
  return async () => {
    const text = await readFile(file, "utf8").catch(() => "");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  };
}

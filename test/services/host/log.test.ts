/** The log, read from a real journal by the real journalctl. */
import { readFile } from "node:fs/promises";
import test from "ava";
import fc from "fast-check";
import { Journal } from "../../../services/host/log.ts";
import type { LogLine } from "../../../services/host/log-lines.ts";
import { temporaryFolder } from "../../folder.ts";
import { type Written, writeJournal } from "../../journal.ts";

const start = Date.UTC(2026, 10, 29);
const { signal } = new AbortController();
const written: Written[] = Array.from({ length: 250 }, (_, index) => ({
  at: start + index * 1000,
  message: `line ${index}`,
  ...(index % 5 === 0 ? {} : { unit: `part-${index % 5}.service` }),
  priority: index % 50 === 7 ? 3 : 6,
}));
const messages = (lines: readonly LogLine[]): string[] =>
  lines.map(({ message }) => message);

test("lines come page by page, the newest first, all of them once, and only those that were asked for", async (t) => {
  await using folder = await temporaryFolder();
  await writeJournal(folder.path, written);
  const journal = new Journal(folder.path);
  t.deepEqual(await journal.services(signal), [
    ...["kernel", "part-1", "part-2", "part-3", "part-4"],
  ]);
  const newest = await journal.read({ count: 3 }, signal);
  t.true(newest.more);
  t.deepEqual(messages(newest.lines), ["line 247", "line 248", "line 249"]);
  t.like(newest.lines[2], {
    at: start + 249_000,
    service: "part-4",
    priority: 6,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        count: fc.integer({ min: 40, max: 300 }),
        service: fc.constantFrom(undefined, "kernel", "part-2"),
        search: fc.constantFrom(undefined, "LINE 1", "nothing has this"),
        priority: fc.constantFrom(undefined, 3),
      }),
      async ({ count, service, search, priority }) => {
        const filter = {
          ...(service ? { service } : {}),
          ...(search ? { search } : {}),
          ...(priority === undefined ? {} : { priority }),
        };
        const found: LogLine[] = [];
        for (;;) {
          const [first] = found;
          const before = first ? { before: first.cursor } : {};
          const part = await journal.read(
            { ...filter, ...before, count },
            signal,
          );
          t.true(part.lines.length <= count);
          found.unshift(...part.lines);
          if (!part.more) break;
        }
        t.deepEqual(
          messages(found),
          written
            .filter(
              ({ unit, message, priority: of = 6 }) =>
                (service === undefined ||
                  (unit ?? "kernel.service") === `${service}.service`) &&
                (search === undefined ||
                  message.includes(search.toLowerCase())) &&
                (priority === undefined || of <= priority),
            )
            .map(({ message }) => message),
        );
      },
    ),
    { numRuns: 12 },
  );
});

test("what is no text, and what is long, is a line too", async (t) => {
  await using folder = await temporaryFolder();
  await writeJournal(folder.path, [
    { at: start, message: "two\nlines", unit: "a.service" },
    { at: start + 1, message: "bell \u0007 rings", unit: "a.service" },
    { at: start + 2, message: "x".repeat(10_000), unit: "a.service" },
    { at: start + 3, message: "", unit: "a@b-1.mount" },
  ]);
  const { lines } = await new Journal(folder.path).read({}, signal);
  t.deepEqual(messages(lines), [
    ...["two\nlines", "bell \u0007 rings", "(too long to be shown)", ""],
  ]);
  t.is(lines[3]?.service, "a@b-1.mount");
});

// Alone: it looks whose journalctl is left.
test.serial(
  "what is written comes while it is followed, and nobody reads on when nobody asks",
  async (t) => {
    await using folder = await temporaryFolder();
    await writeJournal(folder.path, written.slice(0, 10));
    const journal = new Journal(folder.path);
    const { lines } = await journal.read({ count: 3 }, signal);
    const ending = new AbortController();
    const follow = journal.follow(
      { after: lines[0]?.cursor ?? "" },
      ending.signal,
    );
    const heard: string[] = [];
    for await (const { message } of follow) {
      heard.push(message);
      if (heard.length === 2)
        await writeJournal(folder.path, [
          { at: start + 60_000, message: "later", unit: "part-1.service" },
        ]);
      if (message === "later") break;
    }
    t.deepEqual(heard, ["line 8", "line 9", "later"]);
    const pending = journal.follow({}, ending.signal).next();
    ending.abort();
    t.true((await pending).done);
    const children = await readFile(
      `/proc/${process.pid}/task/${process.pid}/children`,
      "utf8",
    );
    const names = await Promise.all(
      children
        .split(" ")
        .filter((pid) => pid !== "")
        .map((pid) =>
          readFile(`/proc/${pid}/comm`, "utf8").catch(() => "gone"),
        ),
    );
    t.false(names.some((name) => name.startsWith("journalctl")));
  },
);

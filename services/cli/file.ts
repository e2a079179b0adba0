import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { Type } from "typebox";
import { Parse } from "typebox/value";
import {
  type Act,
  BinEntry,
  Entry,
  EntryDetails,
  EntryVersion,
  FoundNames,
  splitPath,
  VerifyLine,
} from "../node/client.ts";
import { CliError, type Connection } from "./connection.ts";
import type { Surroundings } from "./door.ts";
import { size } from "./text.ts";

const Folder = Type.Object({
  folder: EntryDetails,
  entries: Type.Array(Entry),
});

/** Adds `coppice file` and `coppice tree`: what is in the block tree. */
export function addFileCommands(
  program: Command,
  { connect, print }: Surroundings,
): void {
  const file = program
    .command("file")
    .description(
      "the owner's files; paths begin at the root, / may be left out",
    )
    .exitOverride();
  const act = async (body: Act, text: string): Promise<void> => {
    await using api = await connect();
    const answer = await api.call(
      Type.Union([Entry, Type.Null()]),
      "POST",
      "/api/files/act",
      { json: body },
    );
    print(answer, text);
  };
  file
    .command("ls [path]")
    .description("list a folder")
    .action(async (path = "/") => {
      await using api = await connect();
      const entries: Entry[] = [];
      for await (const entry of listed(api, absolute(path)))
        entries.push(entry);
      print(entries, entries.map(lineOf).join("\n"));
    });
  file
    .command("find <words...>")
    .description("files and folders by words in their names")
    .action(async (words: string[]) => {
      await using api = await connect();
      const query = new URLSearchParams({
        words: words.join(" "),
        limit: "200",
      });
      const found = await api.call(
        FoundNames,
        "GET",
        `/api/files/search?${query}`,
      );
      const lines = found.entries.map(({ path }) => path);
      if (!found.complete) lines.push("… and there may be more.");
      print(found, lines.join("\n") || "Nothing is called so.");
    });
  file
    .command("put <file> [path]")
    .description(
      "upload a file; with a / at the end of the path, into that folder",
    )
    .option("--random", "lay it out for changes in its middle")
    .action(
      async (
        from: string,
        path: string | undefined,
        { random }: { random?: boolean },
      ) => {
        const info = await stat(from).catch(() => undefined);
        if (!info?.isFile()) throw new CliError(`${from} is not a file`, 2);
        const target =
          path === undefined || path.endsWith("/")
            ? `${path ?? "/"}${basename(from)}`
            : path;
        await using api = await connect();
        const answer = await api.call(
          Entry,
          "PUT",
          `/api/files/content?${new URLSearchParams({
            path: absolute(target),
            modified: String(info.mtimeMs),
            ...(random ? { layout: "random" } : {}),
          })}`,
          { stream: createReadStream(from), size: info.size },
        );
        print(
          answer,
          `${absolute(target)}: ${size(answer.size)}, version ${answer.version}`,
        );
      },
    );
  file
    .command("get <path> [file]")
    .description("download a file; to standard output with - as file")
    .option("--version <number>", "an older version")
    .action(
      async (
        path: string,
        to: string | undefined,
        { version }: { version?: string },
      ) => {
        await using api = await connect();
        const answer = await api.raw(
          "GET",
          `/api/files/content?${new URLSearchParams({ path: absolute(path), ...(version ? { version } : {}) })}`,
        );
        if (to === "-") return await pipeline(answer.body, process.stdout);
        const target = to ?? basename(path);
        const part = `${target}.part`;
        try {
          await pipeline(answer.body, createWriteStream(part));
          await rename(part, target);
        } catch (error) {
          await rm(part, { force: true });
          throw new CliError(
            `${path} did not arrive whole: ${(error as Error).message}`,
          );
        }
        print({ path, file: target }, `${path} -> ${target}`);
      },
    );
  file
    .command("rm <path>")
    .description("throw something into the bin")
    .action(
      async (path: string) =>
        await act(
          { act: "remove", at: absolute(path) },
          `${path} is in the bin`,
        ),
    );
  file
    .command("mkdir <path>")
    .description("make a folder")
    .action(
      async (path: string) =>
        await act({ act: "directory", ...split(path) }, `${path} made`),
    );
  file
    .command("mv <from> <to>")
    .description("move or rename")
    .option("--replace", "take the place of a file that is there")
    .action(
      async (from: string, to: string, { replace }: { replace?: boolean }) =>
        await act(
          {
            act: "move",
            at: absolute(from),
            ...split(to),
            ...(replace ? { replace } : {}),
          },
          `${from} -> ${to}`,
        ),
    );
  file
    .command("cp <from> <to>")
    .description("copy on the box, without copying data")
    .action(
      async (from: string, to: string) =>
        await act(
          { act: "copy", at: absolute(from), ...split(to) },
          `${from} -> ${to}`,
        ),
    );
  file
    .command("versions <path>")
    .description("the versions of a file that are kept")
    .action(async (path: string) => {
      await using api = await connect();
      const versions = await history(api, path);
      print(versions, versions.map(versionLine).join("\n"));
    });
  file
    .command("revert <path> <version>")
    .description("make an older version the newest")
    .action(
      async (path: string, version: string) =>
        await act(
          {
            act: "restore-version",
            at: absolute(path),
            version: Number(version),
          },
          `${path} is as it was in version ${version}`,
        ),
    );
  file
    .command("bin")
    .description("what was thrown away")
    .action(async () => {
      await using api = await connect();
      const entries = await api.call(
        Type.Array(BinEntry),
        "GET",
        "/api/files/bin",
      );
      print(
        entries,
        entries
          .map(
            ({ entry, origin, removed }) =>
              `${entry.id}  ${time(removed)}  ${origin}`,
          )
          .join("\n"),
      );
    });
  file
    .command("restore <id>")
    .description("put something from the bin back where it was")
    .action(
      async (id: string) => await act({ act: "restore", id }, "restored"),
    );
  file
    .command("purge <id>")
    .description("take something in the bin, or a snapshot, out for good")
    .action(
      async (id: string) => await act({ act: "purge", id }, "gone for good"),
    );
  file
    .command("snapshot <path> <name>")
    .description("keep a folder as it is now, under /.snapshots")
    .action(
      async (path: string, name: string) =>
        await act(
          { act: "snapshot", at: absolute(path), name },
          `/.snapshots/${name}`,
        ),
    );
  addTreeCommands(program, { connect, print });
}

function addTreeCommands(
  program: Command,
  { connect, print }: Surroundings,
): void {
  const tree = program
    .command("tree")
    .description("the block tree, as it is signed and kept")
    .exitOverride();
  tree
    .command("ls [path]")
    .description("list a directory with ids and versions")
    .action(async (path = "/") => {
      await using api = await connect();
      const entries: Entry[] = [];
      for await (const entry of listed(api, absolute(path)))
        entries.push(entry);
      print(
        entries,
        entries
          .map(
            (one) =>
              `${one.id}  ${String(one.version).padStart(5)}  ${lineOf(one)}`,
          )
          .join("\n"),
      );
    });
  tree
    .command("stat <path>")
    .description("all that is known of an entry")
    .action(async (path: string) => {
      await using api = await connect();
      const details = await api.call(
        EntryDetails,
        "GET",
        `/api/files/entry?${new URLSearchParams({ path: absolute(path) })}`,
      );
      const { entry, layout, needed, fragments } = details;
      print(
        details,
        [
          `path      ${details.path}`,
          `id        ${entry.id}`,
          `kind      ${entry.kind}${layout ? `, ${layout}` : ""}`,
          `version   ${entry.version}${entry.conflict ? ", in conflict" : ""}`,
          `size      ${entry.size} bytes`,
          `mode      ${entry.mode.toString(8).padStart(4, "0")}, owner ${entry.uid}:${entry.gid}`,
          `modified  ${new Date(entry.modified).toISOString()}`,
          `changed   ${new Date(entry.changed).toISOString()}`,
          `code      ${fragments} fragments, any ${needed} restore a segment`,
          `shared    ${entry.shared ? "yes" : "no"}`,
          ...Object.keys(details.attributes).map((name) => `attribute ${name}`),
        ].join("\n"),
      );
    });
  tree
    .command("log <path>")
    .description("who wrote which version when")
    .action(async (path: string) => {
      await using api = await connect();
      const versions = await history(api, path);
      print(
        versions,
        versions
          .map((one) => `${versionLine(one)}  by ${one.writer.slice(0, 16)}`)
          .join("\n"),
      );
    });
  tree
    .command("verify [path]")
    .description(
      "check every signature, chain of caps and content beneath a path",
    )
    .action(async (path = "/") => {
      await using api = await connect();
      const answer = await api.raw(
        "GET",
        `/api/files/verify?${new URLSearchParams({ path: absolute(path) })}`,
      );
      const problems: VerifyLine[] = [];
      let last: VerifyLine | undefined;
      let rest = "";
      for await (const chunk of answer.body.setEncoding("utf8")) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const text of lines) {
          last = Parse(VerifyLine, JSON.parse(text));
          if (last.problem !== undefined) problems.push(last);
        }
      }
      if (!last) throw new CliError("the box did not finish the check");
      print(
        { blocks: last.blocks, segments: last.segments, problems },
        [
          ...problems.map((one) => `${one.path}: ${one.problem}`),
          `${last.blocks} versions and ${last.segments} segments checked, ${problems.length} problems`,
        ].join("\n"),
      );
      if (problems.length > 0) process.exitCode = 1;
    });
}

/** All entries of a folder, asked for in slices. */
async function* listed(api: Connection, path: string): AsyncGenerator<Entry> {
  let after = "";
  for (;;) {
    const { entries } = await api.call(
      Folder,
      "GET",
      `/api/files?${new URLSearchParams({ path, after, limit: "1000" })}`,
    );
    yield* entries;
    const last = entries.at(-1);
    if (!last) return;
    after = last.name;
  }
}

async function history(api: Connection, path: string): Promise<EntryVersion[]> {
  return await api.call(
    Type.Array(EntryVersion),
    "GET",
    `/api/files/history?${new URLSearchParams({ path: absolute(path) })}`,
  );
}

function lineOf({ kind, name, size: bytes, modified }: Entry): string {
  const end = kind === "directory" ? "/" : kind === "link" ? "@" : "";
  return `${(kind === "directory" ? "" : size(bytes)).padStart(9)}  ${time(modified)}  ${name}${end}`;
}

function versionLine({
  version,
  size: bytes,
  modified,
  conflict,
}: EntryVersion): string {
  return `${String(version).padStart(5)}  ${size(bytes).padStart(9)}  ${time(modified)}${conflict > 0 ? `  wrote over version ${conflict}` : ""}`;
}

function time(at: number): string {
  return new Date(at).toISOString().slice(0, 16);
}

function absolute(path: string): string {
  const names = path.split("/").filter((name) => name !== "");
  if (names.includes("..") || names.includes("."))
    throw new CliError("a path begins at the root and has no . or ..", 2);
  return `/${names.join("/")}`;
}

function split(path: string): { parent: string; name: string } {
  const place = splitPath(absolute(path));
  if (place.name === "") throw new CliError("the root is there already", 2);
  return place;
}

import { execFileSync } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import {
  BoardError,
  boardImage,
  boardNames,
  readBoard,
} from "../../scripts/board-file.ts";
import { repository } from "../../scripts/builder.ts";

const boards = await boardNames();

test("there are boards, and others are refused by name", async (t) => {
  t.true(boards.includes("qemu-x86-64"));
  await t.throwsAsync(readBoard("qemu-vax"), {
    instanceOf: BoardError,
    message: new RegExp(boards.join(", ")),
  });
});

for (const name of boards)
  test(`${name}: its folder says what it has to say`, async (t) => {
    const board = await readBoard(name);
    t.truthy(board.description);
    const folder = join(repository, "board", name);
    t.regex(
      await readFile(join(folder, "README.md"), "utf8"),
      /^## Flashing$/m,
    );
    const overlay = join(folder, "overlay");
    const files = execFileSync("find", [overlay, "-type", "f"], {
      encoding: "utf8",
    })
      .trim()
      .split("\n");
    const texts = await Promise.all(
      files.map(async (file) => await readFile(file, "utf8")),
    );
    for (const port of ["wan0", "lan"])
      t.true(
        texts.some((text) => text.includes(port)),
        `something names ${port}`,
      );
    for (const [index, file] of files.entries())
      if (texts[index]?.startsWith("#!/bin/sh")) {
        t.true(((await stat(file)).mode & 0o111) !== 0, file);
        t.notThrows(() => execFileSync("sh", ["-n", file]));
      }
    const image = await boardImage(name);
    if (image)
      t.regex(
        await readFile(join(repository, image), "utf8"),
        /^#.*\n\[Content\]\n(([A-Z][A-Za-z]+=| {8}\S|#).*\n|\n)+$/,
      );
  });

import { readFile } from "node:fs/promises";
import { Type } from "typebox";
import { Parse } from "typebox/value";
import { BlockList } from "../host/client.ts";
import { createLogger, places } from "../shared/service.ts";
import { refresh } from "./lists.ts";

const log = createLogger("lists");
const [file = "/run/coppice/network/block-lists.json"] = process.argv.slice(2);
const lists = Parse(
  Type.Array(BlockList),
  JSON.parse(await readFile(file, "utf8")),
);
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());
const whole = await refresh(lists, places("lan").state, ending.signal);
log.info({ lists: lists.length, whole }, "block lists are up to date");
// What did not come is tried again by the service manager.
process.exitCode = whole ? 0 : 1;

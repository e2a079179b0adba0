/** Preloaded into services in the builder: notes which modules they load, one URL a line, in the file COPPICE_MODULES. */
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

const list = process.env.COPPICE_MODULES as string;
registerHooks({
  load(url, context, next) {
    if (url.startsWith("file:")) appendFileSync(list, `${url}\n`);
    return next(url, context);
  },
});

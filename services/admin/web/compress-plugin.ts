import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import type { Plugin } from "vite";

/** Bytes below which a file is not worth it. */
const least = 1024;
/** Of 11: the last two take ten times as long for a twentieth. */
const quality = 9;

const compress = promisify(brotliCompress);

/** Lays a compressed file (Brotli, RFC 7932) beside each that compresses: the box has no time for that when it is asked. */
export function compressed(): Plugin {
  return {
    name: "compressed",
    // As they were written: others change them until then.
    async writeBundle({ dir = "" }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!/\.(js|css|html|svg)$/.test(name)) continue;
        const path = join(dir, name);
        const bytes = await readFile(path);
        if (bytes.length < least) continue;
        const small = await compress(bytes, {
          params: { [constants.BROTLI_PARAM_QUALITY]: quality },
        });
        await writeFile(`${path}.br`, small);
      }
    },
  };
}

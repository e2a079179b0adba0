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
    enforce: "post",
    async generateBundle(_options, bundle) {
      for (const [name, part] of Object.entries(bundle)) {
        if (!/\.(js|css|html|svg)$/.test(name)) continue;
        const bytes = Buffer.from(
          part.type === "chunk" ? part.code : part.source,
        );
        if (bytes.length < least) continue;
        const source = await compress(bytes, {
          params: { [constants.BROTLI_PARAM_QUALITY]: quality },
        });
        this.emitFile({ type: "asset", fileName: `${name}.br`, source });
      }
    },
  };
}

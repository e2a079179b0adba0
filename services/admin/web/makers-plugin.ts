import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Plugin } from "vite";

const id = "virtual:makers";

/** Gives the pages the IEEE's list of makers by the first 24 bits of hardware addresses: `{ maker: "0011220033aa" }`, a seventh of it. */
export function makers(): Plugin {
  return {
    name: "makers",
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    async load(source) {
      if (source !== `\0${id}`) return undefined;
      const path = createRequire(import.meta.url).resolve("oui-data");
      const list = JSON.parse(await readFile(path, "utf8")) as Record<
        string,
        string
      >;
      const prefixes = new Map<string, string>();
      for (const [prefix, entry] of Object.entries(list)) {
        // Behind the first line stands the maker's postal address.
        const maker = entry.split("\n")[0] ?? "";
        prefixes.set(maker, (prefixes.get(maker) ?? "") + prefix.toLowerCase());
      }
      const text = JSON.stringify(Object.fromEntries(prefixes));
      return `export const makers = JSON.parse(${JSON.stringify(text)});`;
    },
  };
}

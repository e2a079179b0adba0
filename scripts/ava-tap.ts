/** AVA's command line, with a report in TAP that no failure can break off: node scripts/ava-tap.ts [flags] files. */
import yaml from "js-yaml";

const { safeDump } = yaml;
// supertap (3.0) writes all of an error as YAML, also what is not known of it: one from outside the project has no place.
yaml.safeDump = (value, options) =>
  safeDump(value, { ...options, skipInvalid: true });
process.argv.splice(2, 0, "--tap");
const cli = new URL("../node_modules/ava/entrypoints/cli.js", import.meta.url);
await import(cli.href);

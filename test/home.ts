import { join } from "node:path";

/** The tree that holds the `services/` that tests start: as an image has them where all tests run (scripts/test.ts), or this checkout. */
export const home: string =
  process.env.COPPICE_TEST_HOME ?? join(import.meta.dirname, "..");

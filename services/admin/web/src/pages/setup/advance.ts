import type { SetupProgress } from "../../../../claim.ts";

/** Takes the wizard to where the box says that it is. */
export type Advance = (progress: SetupProgress) => void;

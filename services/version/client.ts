import { VersionClient } from "../shared/version-source.ts";

/** The version that this box runs. */
export function ownVersion(): VersionClient {
  return new VersionClient("version", "/version");
}

/** The very packages of a build. Each image has its lock beside it; `npm run build -- --locked FILE` makes an image of these and no others. */
import { readFile } from "node:fs/promises";
import { type Static, Type } from "typebox";
import { Parse } from "typebox/value";

/** File name beside the image. */
export const packageLockFile = "packages.lock";

const Versions = Type.Record(
  Type.String({ pattern: "^[a-z0-9][a-z0-9+.-]+$" }),
  Type.String({ pattern: "^[0-9][0-9A-Za-z.+~:-]*$" }),
  { description: "versions by package" },
);
/** Versions by package, as dpkg writes both. */
export type Versions = Static<typeof Versions>;

const Locked = Type.Object(
  {
    snapshot: Type.String({
      pattern: "^\\d{8}T\\d{6}Z$",
      description:
        "when Debian's archives held them, as snapshot.debian.org names it",
    }),
    packages: Versions,
  },
  { additionalProperties: false },
);

/** What `packages.lock` says. */
export const PackageLock = Type.Object(
  {
    board: Type.String(),
    /** What builds. */
    builder: Locked,
    /** What the image and its initrd are made of. */
    image: Locked,
  },
  { additionalProperties: false },
);
export type PackageLock = Static<typeof PackageLock>;

/** A lock cannot be read, is another board's, or cannot be held. */
export class PackageLockError extends Error {
  override name = "PackageLockError";
}

/** What a build is held to. */
export interface Held {
  lock: PackageLock;
  /** Where snapshots of Debian's archives are; where it is not said, the usual mirrors have to have the versions still. */
  mirror?: string;
}

/** Reads a lock. @throws PackageLockError */
export async function readPackageLock(
  path: string,
  board: string,
): Promise<PackageLock> {
  let lock: PackageLock;
  try {
    lock = Parse(PackageLock, JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw new PackageLockError(
      `${path} is no list of packages: ${(error as Error).message}. Take the ${packageLockFile} beside an image that was built.`,
      { cause: error },
    );
  }
  if (lock.board !== board)
    throw new PackageLockError(
      `${path} is of an image for ${lock.board}, and this one is for ${board}. Take that of the same board.`,
    );
  return lock;
}

/** A lock as it is written. */
export function renderPackageLock(lock: PackageLock): string {
  return `${JSON.stringify(lock, undefined, 1)}\n`;
}

/** A moment's name at snapshot.debian.org. @param time milliseconds since 1970 */
export function snapshotName(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** Versions in the order of their packages' names. */
export function sorted(
  versions: Iterable<readonly [string, string]>,
): Versions {
  return Object.fromEntries([...versions].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** apt_preferences(5) by which these versions are taken, and nothing else can be. */
export function preferences(packages: Versions): string {
  const pins = Object.entries(packages).map(
    ([name, version]) =>
      `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`,
  );
  return ["Package: *\nPin: release a=*\nPin-Priority: -1\n", ...pins].join(
    "\n",
  );
}

/** The lines of a sources.list(5) for the archives as they were. @param mirror what stands before /debian/<snapshot>/ */
export function snapshotSources(mirror: string, snapshot: string): string[] {
  const base = mirror.replace(/\/+$/, "");
  const line = (archive: string, suite: string): string =>
    `deb [check-valid-until=no] ${base}/${archive}/${snapshot}/ ${suite} main`;
  return [
    line("debian", "trixie"),
    line("debian", "trixie-updates"),
    line("debian-security", "trixie-security"),
  ];
}

/** What is not as it is locked, in words. */
export function differences(locked: Versions, installed: Versions): string[] {
  return [
    ...Object.entries(installed)
      .filter(([name, version]) => locked[name] !== version)
      .map(([name, version]) =>
        locked[name] === undefined
          ? `${name} ${version} is not locked`
          : `${name} is ${version}, and ${locked[name]} is locked`,
      ),
    ...Object.keys(locked)
      .filter((name) => installed[name] === undefined)
      .map((name) => `${name} is locked, and not there`),
  ];
}

/** @throws PackageLockError that names what is not as it is locked. @param what is made of them */
export function expectLocked(
  what: string,
  locked: Versions,
  installed: Versions,
): void {
  const wrong = differences(locked, installed);
  if (wrong.length > 0)
    throw new PackageLockError(
      `The ${what} is not of the packages that are locked: ${wrong.slice(0, 12).join("; ")}. Lock what is wanted now, or say where a snapshot of Debian's archives is (--mirror).`,
    );
}

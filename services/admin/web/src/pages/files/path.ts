/** A folder's path and a name as one path. */
export function joined(folder: string, name: string): string {
  return `${folder === "/" ? "" : folder}/${name}`;
}

/** The folders above a path, from the root on, without the path itself. */
export function above(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return names.map((_, depth) => `/${names.slice(0, depth).join("/")}`);
}

/** The last name in a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Where a file's bytes are. */
export function contentOf(
  path: string,
  { version, show = false }: { version?: number; show?: boolean } = {},
): string {
  return `/api/files/content?${new URLSearchParams({
    path,
    ...(version === undefined ? {} : { version: String(version) }),
    ...(show ? { show: "true" } : {}),
  })}`;
}

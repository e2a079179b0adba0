/** The software bill of materials of an image: CycloneDX 1.6, with what each Debian and npm package is under. */
import { createHash } from "node:crypto";
import { glob, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  Enums,
  Models,
  Serialize,
  SPDX,
  Spec,
} from "@cyclonedx/cyclonedx-library";
import { type Static, Type } from "typebox";
import { Parse } from "typebox/value";
import { run } from "./process.ts";

/** File name beside the image. */
export const sbomFile = "coppice.cdx.json";

/** Name of the property that tells a Debian package's source package; its value is `name version`. */
export const sourceProperty = "coppice:debian:source";
/** Name of the property that tells what a package takes when it is installed, kB. */
export const sizeProperty = "coppice:installed-size";

const Properties = Type.Array(
  Type.Object({ name: Type.String(), value: Type.String() }),
);

/** A bill, as far as our own properties in it are read again. */
export const Bill = Type.Object({
  metadata: Type.Object({
    component: Type.Object({ properties: Properties }),
  }),
  components: Type.Array(
    Type.Object({
      name: Type.String(),
      properties: Type.Optional(Properties),
    }),
  ),
});

/** The value of a component's property; undefined where it has none. */
export function propertyOf(
  { properties = [] }: { properties?: Static<typeof Properties> },
  wanted: string,
): string | undefined {
  return properties.find(({ name }) => name === wanted)?.value;
}

/** An npm package of the image. */
export const NpmPackage = Type.Object({
  name: Type.String(),
  version: Type.String(),
  license: Type.Union([Type.String(), Type.Null()]),
});

/** mkosi's list of packages (manifest version 1). */
const Manifest = Type.Object({
  packages: Type.Array(
    Type.Object({
      type: Type.Literal("deb"),
      name: Type.String(),
      version: Type.String(),
      architecture: Type.String(),
    }),
  ),
});

/** The Debian packages in mkosi's manifests, one after the other, each once. @throws Error where one does not fit its schema */
export async function readManifests(
  paths: readonly string[],
): Promise<DebianPackage[]> {
  const packages = new Map<string, DebianPackage>();
  for (const path of paths)
    for (const one of Parse(Manifest, JSON.parse(await readFile(path, "utf8")))
      .packages)
      packages.set(one.name, one);
  return [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Packages that are opened at once. */
const atOnce = 8;

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-deb fills it in.
const dpkgFormat = "${Installed-Size} ${source:Package} ${source:Version}";

type DebianPackage = Static<typeof Manifest>["packages"][number];

/** What the bill is made of. */
export interface SbomInit {
  board: string;
  version: string;
  /** Debian packages of the image and its initrd. */
  packages: readonly DebianPackage[];
  /** Folder with the .deb files that the image was made of. */
  archives: string;
  /** Path of the list of npm packages. */
  npm: string;
  /** Folder with the services and their npm packages, as in the image. */
  services: string;
}

/**
 * The bill as JSON; the same packages make the same bytes.
 * @throws Error where a package's file is not there, or a list does not fit its schema
 */
export async function renderSbom(init: SbomInit): Promise<string> {
  const { packages } = init;
  const npm = Parse(
    Type.Array(NpmPackage),
    JSON.parse(await readFile(init.npm, "utf8")),
  );
  const files = await archivesIn(init.archives);
  const components: Models.Component[] = [];
  for (let at = 0; at < packages.length; at += atOnce)
    components.push(
      ...(await Promise.all(
        packages.slice(at, at + atOnce).map(async (one) => {
          const key = `${one.name}_${one.version}_${one.architecture}`;
          const file = files.get(key);
          if (file === undefined)
            throw new Error(
              `${key}.deb is not in ${init.archives}: remove the image and build it again`,
            );
          return await debian(one, file);
        }),
      )),
    );
  // One that several packages brought is in the list several times.
  const known = new Set<string>();
  for (const { name, version, license } of npm) {
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    if (known.has(purl)) continue;
    known.add(purl);
    components.push(
      component(name, version, purl, license === null ? [] : [license]),
    );
  }
  components.sort((a, b) => ((a.purl ?? "") < (b.purl ?? "") ? -1 : 1));
  const image = new Models.Component(
    Enums.ComponentType.OperatingSystem,
    "coppice",
    { version: init.version, bomRef: `coppice-${init.board}` },
  );
  image.properties.add(new Models.Property("coppice:board", init.board));
  const kilobytes = Math.ceil((await bytesBelow(init.services)) / 1024);
  image.properties.add(new Models.Property(sizeProperty, String(kilobytes)));
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ component: image }),
    components: new Models.ComponentRepository(components),
    serialNumber: serialNumber(components),
  });
  const serializer = new Serialize.JsonSerializer(
    new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6),
  );
  return `${serializer.serialize(bom, { sortLists: true, space: 1 })}\n`;
}

/** Writes the bill of an image that was just built beside it. */
export async function writeSbom(folder: string, init: SbomInit): Promise<void> {
  await writeFile(join(folder, sbomFile), await renderSbom(init));
}

/** Paths by what apt calls a package: its epoch's colon is escaped in a file's name. */
async function archivesIn(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const file of glob("**/*.deb", { cwd: folder }))
    files.set(decodeURIComponent(basename(file, ".deb")), join(folder, file));
  return files;
}

async function debian(
  {
    name,
    version,
    architecture,
  }: { name: string; version: string; architecture: string },
  file: string,
): Promise<Models.Component> {
  const text = (
    await run("dpkg-deb", ["--showformat", dpkgFormat, "--show", file])
  ).trim();
  const [size = "", ...source] = text.split(" ");
  const made = component(
    name,
    version,
    `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=trixie`,
    await licencesOf(name, file),
  );
  made.properties.add(new Models.Property(sourceProperty, source.join(" ")));
  made.properties.add(new Models.Property(sizeProperty, size));
  return made;
}

/** The licences that a package's copyright file names, where it is machine-readable (copyright-format 1.0). */
async function licencesOf(name: string, file: string): Promise<string[]> {
  const text = await run("sh", [
    "-c",
    `dpkg-deb --fsys-tarfile "$1" | tar --extract --to-stdout --file=- --wildcards "./usr/share/doc/$2/copyright" 2>/dev/null || true`,
    ...["sh", file, name],
  ]);
  if (!/^Format:.*copyright-format/m.test(text)) return [];
  const names = [...text.matchAll(/^License: *(\S[^\n]*)$/gm)].map(
    ([, licence = ""]) => licence.trim(),
  );
  return [...new Set(names)].sort();
}

function component(
  name: string,
  version: string,
  purl: string,
  licences: readonly string[],
): Models.Component {
  return new Models.Component(Enums.ComponentType.Library, name, {
    version,
    purl,
    bomRef: purl,
    licenses: new Models.LicenseRepository(
      licences.map((licence) => {
        // npm's expressions; Debian has names of its own.
        if (isExpression(licence)) return new Models.LicenseExpression(licence);
        const id = SPDX.fixupSpdxId(licence);
        return id === undefined
          ? new Models.NamedLicense(licence)
          : new Models.SpdxLicense(id);
      }),
    ),
  });
}

function isExpression(licence: string): boolean {
  const ids = licence.split(/ (?:AND|OR) |[()]/).filter((one) => one !== "");
  return ids.length > 1 && ids.every((one) => SPDX.isSupportedSpdxId(one));
}

/** A UUID that follows from the packages (RFC 9562, version 8), so that the same image has the same bill. */
function serialNumber(components: readonly Models.Component[]): string {
  const hex = createHash("sha256")
    .update(components.map(({ purl }) => String(purl)).join("\n"))
    .digest("hex");
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Bytes of all files below a folder; what the folders themselves take is the build machine's matter. */
async function bytesBelow(folder: string): Promise<number> {
  let sum = 0;
  const options = { recursive: true, withFileTypes: true } as const;
  for (const entry of await readdir(folder, options))
    if (entry.isFile())
      sum += (await stat(join(entry.parentPath, entry.name))).size;
  return sum;
}

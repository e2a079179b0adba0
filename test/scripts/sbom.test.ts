/** What an image is made of, and what is known of its holes. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import test from "ava";
import fc from "fast-check";
import { compareDebianVersions } from "../../scripts/debian-version.ts";
import { findHoles } from "../../scripts/holes.ts";
import {
  readManifests,
  renderSbom,
  type SbomInit,
} from "../../scripts/sbom.ts";
import { temporaryFolder } from "../folder.ts";

const run = promisify(execFile);

/** Builds two packages as Debian would, and lists them as mkosi and the joiner of npm packages would. */
async function made(folder: string): Promise<SbomInit> {
  const archives = join(folder, "archives");
  for (const [name, version, source, copyright] of [
    [
      "oak",
      "1:2.0-1+b1",
      "Source: tree (1:2.0-1)\n",
      "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: Ada\nLicense: Apache-2.0\n\nFiles: leaf\nCopyright: Bob\nLicense: Expat\n Permission is granted\n",
    ],
    [
      "linux-image",
      "6.12.1-1",
      "Source: linux-signed-amd64 (6.12.1+1)\n",
      "free",
    ],
  ] as const) {
    const root = join(folder, name);
    await mkdir(join(root, "DEBIAN"), { recursive: true });
    await mkdir(join(root, "usr/share/doc", name), { recursive: true });
    await writeFile(
      join(root, "DEBIAN/control"),
      `Package: ${name}\n${source}Version: ${version}\nInstalled-Size: 9\nArchitecture: amd64\nMaintainer: Ada <ada@example.org>\nDescription: a tree\n`,
    );
    await writeFile(join(root, "usr/share/doc", name, "copyright"), copyright);
    await mkdir(archives, { recursive: true });
    await run("dpkg-deb", [
      ...["--root-owner-group", "--build", root],
      join(archives, `${name}_${version.replace(":", "%3a")}_amd64.deb`),
    ]);
  }
  const manifest = join(folder, "manifest");
  await writeFile(
    manifest,
    JSON.stringify({
      config: { architecture: "x86-64" },
      packages: [
        {
          type: "deb",
          name: "oak",
          version: "1:2.0-1+b1",
          architecture: "amd64",
        },
        {
          type: "deb",
          name: "linux-image",
          version: "6.12.1-1",
          architecture: "amd64",
        },
      ],
    }),
  );
  const npm = join(folder, "npm");
  await writeFile(
    npm,
    JSON.stringify([
      { name: "@acorn/leaf", version: "1.0.0", license: "Apache-2.0 OR MIT" },
      { name: "twig", version: "0.1.0", license: null },
    ]),
  );
  const services = join(folder, "services");
  await mkdir(services);
  await writeFile(join(services, "main.ts"), "x".repeat(100_000));
  return {
    board: "qemu-x86-64",
    version: "0.1.0",
    packages: await readManifests([manifest, manifest]),
    archives,
    npm,
    services,
  };
}

test("the bill of materials is CycloneDX, names source packages and licences, and is the same each time", async (t) => {
  await using folder = await temporaryFolder();
  const init = await made(folder.path);
  const text = await renderSbom(init);
  t.is(
    await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(
      text,
    ),
    null,
  );
  t.is(await renderSbom(init), text);
  const { components, metadata } = JSON.parse(text);
  t.like(metadata.component, { name: "coppice", version: "0.1.0" });
  t.like(
    components.find(({ name }: { name: string }) => name === "oak"),
    {
      version: "1:2.0-1+b1",
      purl: "pkg:deb/debian/oak@1%3A2.0-1%2Bb1?arch=amd64&distro=trixie",
      licenses: [
        { license: { name: "Expat" } },
        { license: { id: "Apache-2.0" } },
      ],
      properties: [
        { name: "coppice:debian:source", value: "tree 1:2.0-1" },
        { name: "coppice:installed-size", value: "9" },
      ],
    },
  );
  t.like(
    components.find(({ name }: { name: string }) => name.includes("leaf")),
    { licenses: [{ expression: "Apache-2.0 OR MIT" }] },
  );
  const lost = {
    type: "deb",
    name: "elm",
    version: "1",
    architecture: "all",
  } as const;
  await t.throwsAsync(
    renderSbom({ ...init, packages: [...init.packages, lost] }),
    { message: /elm_1_all\.deb is not in/ },
  );
});

test("holes that Debian knows: open, closed by an update, closed already, unimportant, never there", async (t) => {
  await using folder = await temporaryFolder();
  const bill = JSON.parse(await renderSbom(await made(folder.path)));
  const cve = (status: string, urgency: string, fixed?: string) => ({
    description: "a hole",
    scope: "remote",
    releases: {
      trixie: {
        status,
        urgency,
        repositories: { trixie: "1:2.0-1" },
        ...(fixed === undefined ? {} : { fixed_version: fixed }),
      },
      bookworm: { status: "open", urgency: "high", repositories: {} },
    },
  });
  t.deepEqual(
    findHoles(bill, {
      tree: {
        "CVE-2026-0001": cve("open", "not yet assigned"),
        "CVE-2026-0002": cve("resolved", "low", "1:2.0-1+deb13u1"),
        "CVE-2026-0003": cve("resolved", "high", "1:2.0-1"),
        "CVE-2026-0004": cve("open", "unimportant"),
        "CVE-2026-0005": cve("resolved", "high", "0"),
      },
      linux: { "CVE-2026-0006": cve("resolved", "high", "6.12.2-1") },
      other: { "CVE-2026-0007": cve("open", "high") },
    }),
    [
      {
        cve: "CVE-2026-0006",
        source: "linux",
        version: "6.12.1+1",
        urgency: "high",
        fixed: "6.12.2-1",
      },
      {
        cve: "CVE-2026-0002",
        source: "tree",
        version: "1:2.0-1",
        urgency: "low",
        fixed: "1:2.0-1+deb13u1",
      },
      {
        cve: "CVE-2026-0001",
        source: "tree",
        version: "1:2.0-1",
        urgency: "not yet assigned",
        fixed: null,
      },
    ],
  );
  t.throws(() => findHoles(bill, { tree: { "CVE-2026-0001": {} } }));
});

test("versions are ordered as dpkg orders them", async (t) => {
  const piece = fc.constantFrom(
    "0",
    "1",
    "9",
    "10",
    "007",
    "~",
    "+",
    ".",
    "a",
    "B",
    "deb13u1",
    "~rc1",
    "+b2",
  );
  const text = fc
    .array(piece, { maxLength: 5 })
    .map((all) => `1${all.join("")}`);
  const version = fc
    .tuple(fc.option(fc.integer({ min: 0, max: 2 })), text, fc.option(text))
    .map(
      ([epoch, upstream, revision]) =>
        `${epoch === null ? "" : `${epoch}:`}${upstream}${revision === null ? "" : `-${revision}`}`,
    );
  await fc.assert(
    fc.asyncProperty(version, version, async (one, other) => {
      const said = compareDebianVersions(one, other);
      const relation = said < 0 ? "lt" : said > 0 ? "gt" : "eq";
      await t.notThrowsAsync(
        run("dpkg", ["--compare-versions", one, relation, other]),
        `${one} ${relation} ${other}`,
      );
    }),
    { numRuns: 300 },
  );
});

/** The services as an image holds them, for tests. */
import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { architectures, hostArchitecture } from "./architecture.ts";
import { emptyBuildFolder, repository } from "./builder.ts";
import { importedPackages, joinPackages } from "./join.ts";

/**
 * Lays out the services with their npm packages joined, as in an image: to start one takes half of the time then, and tests
 * start hundreds. @returns the tree that holds `services/`
 */
export async function joinHome(): Promise<string> {
  const home = await emptyBuildFolder("home");
  await joinPackages(
    await importedPackages(),
    join(home, "node_modules"),
    join(repository, "node_modules"),
    architectures[hostArchitecture].node,
  );
  for (const folder of ["services", "provisioning", "rootfs-overlay"])
    await cp(join(repository, folder), join(home, folder), {
      recursive: true,
      filter: (path) =>
        basename(path) !== "README.md" && !path.includes("/admin/web/"),
    });
  await cp(join(repository, "package.json"), join(home, "package.json"));
  return home;
}

/** The services as an image holds them, for tests. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { architectures, hostArchitecture } from "./architecture.ts";
import { emptyBuildFolder, repository } from "./builder.ts";
import { copyServices, importedPackages, joinPackages } from "./join.ts";

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
  await copyServices(home);
  // Samba's settings, which an image has in /etc.
  await cp(join(repository, "rootfs-overlay"), join(home, "rootfs-overlay"), {
    recursive: true,
  });
  return home;
}

import { mkdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandError, run } from "../../process.ts";

const volume = "coppice-bench";

/** A GlusterFS volume, disperse 4+2, on six folders of this machine, mounted. */
export class GlusterVolume implements AsyncDisposable {
  readonly mount: string;

  private constructor(mount: string) {
    this.mount = mount;
  }

  /** @param folder on the disk to be measured. @throws CommandError where GlusterFS does not run here */
  static async start(folder: string): Promise<GlusterVolume> {
    const mount = join(folder, "gluster");
    await mkdir(mount);
    await run("glusterd", []);
    const created = new GlusterVolume(mount);
    try {
      await untilUp();
      const bricks = await Promise.all(
        Array.from({ length: 6 }, async (_, number) => {
          const brick = join(folder, `brick-${number}`);
          await mkdir(brick);
          return `${hostname()}:${brick}`;
        }),
      );
      const script = ["--mode=script", "volume"];
      await run("gluster", [
        ...script,
        "create",
        volume,
        "disperse-data",
        "4",
        "redundancy",
        "2",
        ...bricks,
        "force",
      ]);
      await run("gluster", [...script, "start", volume]);
      await run("mount", [
        "-t",
        "glusterfs",
        `${hostname()}:/${volume}`,
        mount,
      ]);
      return created;
    } catch (error) {
      await created[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const quietly = async (
      command: string,
      ...args: string[]
    ): Promise<void> => {
      // Whatever did not come up need not be taken down.
      await run(command, args).catch((error: unknown) => {
        if (!(error instanceof CommandError)) throw error;
      });
    };
    await quietly("umount", this.mount);
    await quietly(
      "gluster",
      "--mode=script",
      "volume",
      "stop",
      volume,
      "force",
    );
    await quietly("gluster", "--mode=script", "volume", "delete", volume);
    await quietly("pkill", "-x", "glusterd");
    await quietly("pkill", "-x", "glusterfsd");
    await rm(this.mount, { recursive: true, force: true });
  }
}

async function untilUp(): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await run("gluster", ["pool", "list"]);
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(200);
    }
  }
}

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { repository } from "./builder.ts";
import { runCommandLine } from "./command-line.ts";
import { ensureHostTools, MissingToolError } from "./debian.ts";
import { Emulator } from "./emulator.ts";
import { ensureImage } from "./image.ts";
import { probe } from "./probe.ts";
import { Progress } from "./progress.ts";

const help = `Boots Coppice in an emulated board.

  npm start                 build the image if its inputs changed, boot it, keep its state
  npm start -- --fresh      begin with a new box
  npm start -- --check      boot a new box until the setup page answers, print how long it took, shut down
  npm start -- --port N     the admin's port on localhost (8443)
  npm start -- --board NAME another kind of hardware than qemu-x86-64`;

const bootSeconds = 600;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      fresh: { type: "boolean" },
      check: { type: "boolean" },
      help: { type: "boolean" },
      port: { type: "string", default: "8443" },
      board: { type: "string", default: "qemu-x86-64" },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new MissingToolError("--port takes a number from 1 to 65535");
  await ensureHostTools("build", "emulate");
  const { board } = values;
  const image = await ensureImage(board);
  const folder = join(repository, ".run", values.check ? "check" : board);
  if (values.fresh || values.check)
    await rm(folder, { recursive: true, force: true });

  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => stop.abort());
  const booting = new Progress("booting");
  await using guest = await Emulator.start({
    board,
    image,
    folder,
    port,
    onLine: (line) => booting.detail(line),
  });
  const url = `https://localhost:${port}`;
  const ready = await answers(
    guest,
    `${url}/api/session`,
    AbortSignal.any([stop.signal, AbortSignal.timeout(bootSeconds * 1000)]),
  );
  if (!ready) {
    booting.done(stop.signal.aborted ? "stopped" : "failed");
    if (!stop.signal.aborted) throw guest.error("the guest did not come up:");
    await guest.powerOff();
    return 0;
  }
  booting.done("ready");
  if (values.check) {
    console.log(`ready in ${booting.seconds.toFixed(0)} s`);
    await shutDown(guest);
    await rm(folder, { recursive: true, force: true });
    return 0;
  }
  const fingerprint = await guest.line(
    /Certificate SHA-256: (\S+)/,
    AbortSignal.timeout(60_000),
  );
  const code = guest.lines
    .map((line) => /^Setup code: (\S+)/.exec(line)?.[1])
    .findLast((text) => text !== undefined);
  console.log(`\n  Admin        ${url}`);
  console.log(
    `  Setup code   ${code ?? "none: this box has an owner (--fresh begins with a new one)"}`,
  );
  console.log(`  Certificate  SHA-256 ${fingerprint[1]}`);
  console.log(
    "\nYour browser warns of the certificate: the box made it itself; compare its fingerprint. Ctrl-C shuts the box down.\n",
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  stop.signal.addEventListener("abort", () => resolve(), { once: true });
  if (stop.signal.aborted) resolve();
  await Promise.race([promise, guest.ended]);
  await shutDown(guest);
  return 0;
}

/** Resolves to true when the address answers, to false where `signal` aborts or the guest ends first. */
async function answers(
  guest: Emulator,
  url: string,
  signal: AbortSignal,
): Promise<boolean> {
  let ended = false;
  void guest.ended.then(() => {
    ended = true;
  });
  while (!signal.aborted && !ended) {
    if ((await probe(url)) === 200) return true;
    await sleep(300);
  }
  return false;
}

async function shutDown(guest: Emulator): Promise<void> {
  const closing = new Progress("shutting down");
  await guest.powerOff();
  closing.done();
}

await runCommandLine(main);

/** What a version has to do before it is kept, seen from the household's side. */
import { Resolver } from "node:dns/promises";
import { Parse } from "typebox/value";
import { Agent, request } from "undici";
import { BoxHealth } from "../admin/client.ts";
import type { HealthCheck } from "../host/client.ts";

/** Milliseconds that one question may take. */
const patience = 10_000;

/** An address that the box gave, and where its servers are. */
export interface Lease {
  address: string;
  router: string;
  names: string;
}

async function check(
  name: string,
  problem: string,
  ask: (signal: AbortSignal) => Promise<string | undefined>,
  signal: AbortSignal,
): Promise<HealthCheck> {
  const words = await ask(
    AbortSignal.any([signal, AbortSignal.timeout(patience)]),
  ).catch((error: unknown) => `${problem} (${(error as Error).message})`);
  signal.throwIfAborted();
  return { name, good: words === undefined, words: words ?? "as it should be" };
}

/** Asks the box as a computer of the household would. @param lease undefined where the box gave none */
export async function checkFromLan(
  lease: Lease | undefined,
  signal: AbortSignal,
): Promise<HealthCheck[]> {
  if (!lease)
    return [
      {
        name: "addresses",
        good: false,
        words: "it gives no addresses to the household",
      },
    ];
  return [
    { name: "addresses", good: true, words: `it gave ${lease.address}` },
    await check(
      "names",
      "it answers no questions for names",
      async () => {
        const resolver = new Resolver({ timeout: patience, tries: 1 });
        resolver.setServers([lease.names]);
        const [address] = await resolver.resolve4("coppice.home.arpa");
        return address === lease.router
          ? undefined
          : `coppice.home.arpa leads to ${address}`;
      },
      signal,
    ),
    await check(
      "pages and services",
      "its pages do not answer",
      async (both) => {
        // The box is asked on its own wire; its certificate has no authority above it.
        const agent = new Agent({ connect: { rejectUnauthorized: false } });
        try {
          const { statusCode, body } = await request(
            `https://${lease.router}/api/health`,
            { dispatcher: agent, signal: both },
          );
          if (statusCode !== 200) return `its pages answer ${statusCode}`;
          const { problems } = Parse(BoxHealth, await body.json());
          return problems.length > 0 ? problems.join("; ") : undefined;
        } finally {
          await agent.destroy();
        }
      },
      signal,
    ),
  ];
}

/** A unit as the service manager has it. */
export interface UnitState {
  name: string;
  active: string;
  restarts: number;
}

/** Restarts after which a service is taken for one that dies. */
const often = 5;

/** Those of the services that are dead, in words: no waiting helps. */
export function deadUnits(units: readonly UnitState[]): string[] {
  return units
    .filter(
      ({ active, restarts }) =>
        active === "inactive" || active === "failed" || restarts >= often,
    )
    .map(({ name, active, restarts }) =>
      restarts >= often
        ? `${name} died ${restarts} times`
        : `${name} is ${active}`,
    );
}

import type { DiskStore } from "./disk-store.ts";
import { daysOn, mendingsOn } from "./history.ts";
import type { DataDisk, StoreSettings, StoreState } from "./state.ts";

/** How many mendings are shown. */
const shown = 100;

/** What is known of a fragment store, beside its disks themselves. */
export interface StoreFacts {
  /** The disks as their owner sees them, those too that are not there. */
  listed: DataDisk[];
  settings: StoreSettings;
  scrub: Pick<StoreState["scrub"], "progress" | "last">;
  /** Whose the fragments of an account are, by its hex. */
  kindOf: (account: string) => StoreState["usage"][number]["kind"];
}

/** All about the disks, their use and the scrub. @param disks those that are open */
export function storeState(
  disks: readonly DiskStore[],
  { listed, settings, scrub, kindOf }: StoreFacts,
): StoreState {
  const quotas = new Map(
    settings.quotas.map(({ account, bytes }) => [account, bytes]),
  );
  return {
    disks: listed,
    usage: [...usageOn(disks, quotas.keys())].map(([account, used]) => ({
      account,
      kind: kindOf(account),
      ...used,
      quota: quotas.get(account) ?? null,
    })),
    scrub: { settings: settings.scrub, ...scrub },
    days: daysOnAll(disks),
    mendings: disks
      .flatMap(mendingsOn)
      .sort((a, b) => b.at - a.at)
      .slice(0, shown),
  };
}

/** What each account takes on all disks together. @param also accounts that are listed though they have nothing */
function usageOn(
  disks: readonly DiskStore[],
  also: Iterable<string>,
): Map<string, { bytes: number; fragments: number }> {
  const usage = new Map<string, { bytes: number; fragments: number }>();
  const add = (account: string, bytes: number, fragments: number): void => {
    const sum = usage.get(account) ?? { bytes: 0, fragments: 0 };
    usage.set(account, {
      bytes: sum.bytes + bytes,
      fragments: sum.fragments + fragments,
    });
  };
  for (const disk of disks)
    for (const [account, { bytes, fragments }] of disk.usage())
      add(account, bytes, fragments);
  for (const account of also) add(account, 0, 0);
  return usage;
}

function daysOnAll(disks: readonly DiskStore[]): StoreState["days"] {
  const days = new Map<number, StoreState["days"][number]>();
  for (const { day, verified, mended, lost } of disks.flatMap(daysOn)) {
    const sum = days.get(day) ?? { day, verified: 0, mended: 0, lost: 0 };
    days.set(day, {
      day,
      verified: sum.verified + verified,
      mended: sum.mended + mended,
      lost: sum.lost + lost,
    });
  }
  return [...days.values()].sort((a, b) => a.day - b.day);
}

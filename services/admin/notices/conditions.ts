import type { HostStatus, NetworkNow, UpdateState } from "../../host/client.ts";
import type { TpmState } from "../../identity/client.ts";
import type {
  FriendsState,
  StorageState,
  StoreState,
} from "../../node/client.ts";
import type { Notice, NoticeKind } from "./api.ts";

/** What the box knows of itself; a part is null while whoever knows it does not answer. */
export interface Facts {
  host: HostStatus | null;
  storage: StorageState | null;
  tpm: TpmState | null;
  store: StoreState | null;
  network: NetworkNow | null;
  friends: FriendsState | null;
  updates: UpdateState | null;
  /** Sign-ins and the like that were refused in the last hour. */
  refusals: number;
}

/** Something that is so at the moment; with `at`, something that happened then. */
export interface Condition
  extends Pick<
    Notice,
    "kind" | "subject" | "tone" | "words" | "advice" | "page"
  > {
  at?: number;
}

/** What is so, and of which kinds nothing is known at the moment. */
export interface Judgement {
  conditions: Condition[];
  unknown: ReadonlySet<NoticeKind>;
}

const hour = 3_600_000;
/** A friend's box counts for its files' sake for so long without a word (services/node/README.md). */
const countedFor = 72 * hour;
/** Shares of a disk in use at which it is told of, and below which it is over. */
const full = 0.9;
const fullNoMore = 0.87;
/** Refused sign-ins in an hour that are no mistakes any more, and below which it is over. */
const guesses = 10;
const guessesNoMore = 5;

const kindsOf: Record<
  Exclude<keyof Facts, "tpm" | "storage" | "refusals">,
  readonly NoticeKind[]
> = {
  host: ["disk-failing", "space-low"],
  store: ["disk-missing", "files-damaged"],
  network: ["line-down", "home-network"],
  friends: [
    "friend-away",
    "friend-lost",
    "audit-failed",
    "promise-broken",
    "files-behind",
  ],
  updates: ["update-ready", "update-failed", "update-done"],
};

/**
 * What of all this the owner should hear of, if it lasts. @param now milliseconds since 1970
 * @param isTold whether something is told of at the moment: it ends later than it began
 */
export function judge(
  facts: Facts,
  now: number,
  isTold: (kind: NoticeKind, subject: string) => boolean,
): Judgement {
  const { host, store, network, friends, updates } = facts;
  return {
    conditions: [
      ...silent(facts),
      ...guessing(facts.refusals, isTold("guessing", "password")),
      ...(host ? ofMachine(host, isTold) : []),
      ...(store ? ofStore(store) : []),
      ...(network ? ofNetwork(network) : []),
      ...(friends ? ofFriends(friends, now) : []),
      ...(updates ? ofUpdates(updates) : []),
    ],
    unknown: new Set(
      (Object.keys(kindsOf) as (keyof typeof kindsOf)[])
        .filter((part) => facts[part] === null)
        .flatMap((part) => kindsOf[part]),
    ),
  };
}

const services = {
  host: "the part that looks after the machine",
  storage: "the part that keeps your files",
  tpm: "the part that keeps the box's identity",
} as const;

function silent(facts: Facts): Condition[] {
  return (Object.keys(services) as (keyof typeof services)[])
    .filter((part) => facts[part] === null)
    .map((part) => ({
      kind: "service-silent",
      subject: part,
      tone: "trouble",
      words: `A part of the box does not answer: ${services[part]}.`,
      advice:
        "It restarts by itself. If this stays, restart the box, and save the diagnostics for somebody who helps.",
      page: "/system",
    }));
}

function guessing(refusals: number, isTold: boolean): Condition[] {
  if (refusals < (isTold ? guessesNoMore : guesses)) return [];
  return [
    {
      kind: "guessing",
      subject: "password",
      tone: "trouble",
      words: `Somebody was refused ${refusals} times within an hour: a password or a code was wrong.`,
      advice:
        "If it was nobody at home, find out where it came from under Access, and have a code asked for beside the password.",
      page: "/system/access",
    },
  ];
}

function ofMachine(
  { disks }: HostStatus,
  isTold: (kind: NoticeKind, subject: string) => boolean,
): Condition[] {
  return disks.flatMap((disk): Condition[] => {
    const subject = disk.serial || disk.name;
    const called = `${disk.model} ${disk.serial}`.trim();
    const size = (disk.used ?? 0) + (disk.available ?? 0);
    const share = size === 0 ? 0 : (disk.used ?? 0) / size;
    const limit = isTold("space-low", subject) ? fullNoMore : full;
    return [
      ...(disk.health === "failing"
        ? [
            {
              kind: "disk-failing",
              subject,
              tone: "trouble",
              words: `The disk ${called} reports that it is failing.`,
              advice:
                "Replace it soon: add another disk on the Storage page, empty this one there, and take it out.",
              page: "/storage",
            } as const,
          ]
        : []),
      ...(share > limit
        ? [
            {
              kind: "space-low",
              subject,
              tone: "trouble",
              words: `The disk ${called} is almost full: ${Math.floor(100 * share)} % is used.`,
              advice:
                disk.role === "system"
                  ? "The box keeps logs and updates there. Save the diagnostics for somebody who helps."
                  : "Empty the bin on the Files page, delete what nobody needs, or add a disk on the Storage page.",
              page: disk.role === "system" ? "/system" : "/storage",
            } as const,
          ]
        : []),
    ];
  });
}

function ofStore({ disks, scrub }: StoreState): Condition[] {
  const lost = scrub.last?.lost.length ?? 0;
  return [
    ...disks
      .filter(({ state }) => state === "missing" || state === "failed")
      .map(
        ({ uuid, state, failure }): Condition => ({
          kind: "disk-missing",
          subject: uuid,
          tone: "trouble",
          words:
            state === "missing"
              ? "A data disk is not there."
              : `A data disk does not work any more${failure ? `: ${failure}` : "."}`,
          advice:
            "Check its cable and power. If it does not come back, take it out of use on the Storage page; what it held is made anew where that is possible.",
          page: "/storage",
        }),
      ),
    ...(lost > 0
      ? [
          {
            kind: "files-damaged",
            subject: "store",
            tone: "trouble",
            words: `${lost} ${lost === 1 ? "piece" : "pieces"} of files could not be restored from the disks of this box.`,
            advice:
              "Friends' boxes may still have them: leave the box running. The Storage page says more.",
            page: "/storage",
          } as const,
        ]
      : []),
  ];
}

/** What keeps the household from the Internet is one thing for its owner, whatever it is called meanwhile. */
export const ofTheLine: readonly string[] = [
  "link-lost",
  "no-address",
  "address-clash",
  "dns-dead",
  "captive-portal",
];

function ofNetwork({ troubles }: NetworkNow): Condition[] {
  return (
    troubles
      // Another router before this one is how some households are.
      .filter(({ kind }) => kind !== "double-nat")
      .map(({ kind, words, advice }) => ({
        ...(ofTheLine.includes(kind)
          ? { kind: "line-down" as const, subject: "line" }
          : { kind: "home-network" as const, subject: kind }),
        tone: "trouble",
        words,
        advice,
        page: "/network",
      }))
  );
}

function ofFriends(
  { friends, findings, protection, progress, behind }: FriendsState,
  now: number,
): Condition[] {
  const page = "/friends";
  const tone = "trouble";
  return [
    ...friends
      .filter(
        ({ phase, online, seen }) =>
          phase === "active" && !online && seen > 0 && now - seen >= 24 * hour,
      )
      .flatMap(({ id, name, seen }): Condition[] => {
        const away = now - seen;
        const subject = id;
        return [
          {
            kind: "friend-away",
            subject,
            tone,
            words: `${name}'s box was not heard of for a day.`,
            advice: `Ask ${name} whether it is switched on. For three days what it keeps counts as safe.`,
            page,
          },
          ...(away >= countedFor
            ? [
                {
                  kind: "friend-lost" as const,
                  subject,
                  tone: "trouble" as const,
                  words: `${name}'s box was not heard of for three days: what it keeps for you is no longer counted on.`,
                  advice: `It is made anew at other friends' where too little is left. If the box does not come back, say on the Friends page that it is lost.`,
                  page,
                },
              ]
            : []),
        ];
      }),
    ...findings
      .filter(({ kind }) => kind === "lost" || kind === "lying")
      .map(
        ({ friend, name, kind, at, evidence, ours }): Condition => ({
          kind: "audit-failed",
          subject: `${friend} ${kind}${ours ? " ours" : ""}`,
          tone,
          words: ours
            ? `${name} found that this box does not have all that it promised to keep: ${evidence}`
            : kind === "lost"
              ? `${name}'s box lost something that it keeps for you: ${evidence}`
              : `${name}'s box answered an audit with what is not true, and its contract ended: ${evidence}`,
          advice: ours
            ? "It is sent again by itself. If it comes again, look at the disks on the Storage page."
            : kind === "lost"
              ? `It is sent again by itself. ${name} may want to look at the disks.`
              : "What it kept is made anew elsewhere.",
          page,
          at,
        }),
      ),
    ...protection
      .filter(
        ({ survives, losses, bytes }) =>
          progress.current &&
          bytes > 0 &&
          survives !== null &&
          survives < losses,
      )
      .map(
        ({ path, survives, losses }): Condition => ({
          kind: "promise-broken",
          subject: path,
          tone,
          words:
            survives === -1
              ? `Something in ${path} cannot be read from any box at the moment.`
              : `${path} would survive the loss of ${boxes(survives ?? 0)}, and not of ${boxes(losses)} as it should.`,
          advice:
            "More friends' boxes, or more room at those there are, help. The Friends page says what is being mended.",
          page,
        }),
      ),
    ...(behind
      ? [
          {
            kind: "files-behind" as const,
            subject: "tree",
            tone: "trouble" as const,
            words:
              "Friends keep newer files than this box has, so it sends them nothing.",
            advice: "Bring the files back on the Friends page.",
            page,
          },
        ]
      : []),
  ];
}

function boxes(count: number): string {
  return count === 1 ? "one box" : count === 0 ? "no box" : `${count} boxes`;
}

function ofUpdates({
  phase,
  found,
  settings,
  history,
}: UpdateState): Condition[] {
  const page = "/system";
  const waits = ["found", "ready", "restart"].includes(phase);
  return [
    ...(found && waits && !settings.automatic
      ? [
          {
            kind: "update-ready" as const,
            subject: found.version,
            tone: "news" as const,
            words:
              phase === "restart"
                ? `Version ${found.version} is on the disk, and starts when the box restarts.`
                : `Version ${found.version} of the box's system is there.`,
            advice: "Read what is new on the System page, and install it.",
            page,
          },
        ]
      : []),
    ...history.map(
      ({ version, at, good, words }): Condition => ({
        kind: good ? "update-done" : "update-failed",
        subject: version,
        tone: good ? "news" : "trouble",
        words,
        advice: good
          ? ""
          : "The version before runs, and nothing of yours was changed.",
        page,
        at,
      }),
    ),
  ];
}

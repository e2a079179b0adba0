/** What the owner reads of notices where he is not on these pages. */
import type { HookCall, Mail } from "../../node/client.ts";
import type { Notice } from "./api.ts";

/** Where the box's pages are for whoever is at home. */
const pages = "https://coppice.local";

/** An e-mail that tells of some notices. @param box its name */
export function mailOf(
  notices: readonly Notice[],
  box: string,
): Pick<Mail, "subject" | "text"> {
  const [first, ...more] = notices;
  const subject = first
    ? `[${box}] ${title(first)}${more.length > 0 ? ` (and ${more.length} more)` : ""}`
    : `[${box}]`;
  const text = notices
    .map((notice) =>
      [
        title(notice),
        ...(notice.advice && notice.until === null ? [notice.advice] : []),
        when(notice),
        `${pages}${notice.page}`,
      ].join("\n"),
    )
    .join("\n\n");
  return {
    subject: subject.slice(0, 300),
    text: `${text}\n\nWhat the box tells of, and how, is set on ${pages}/notices\n`,
  };
}

/** A notice for a program. @param box its name */
export function hookOf(notice: Notice, box: string): HookCall["body"] {
  const { seen: _seen, ...rest } = notice;
  return JSON.stringify({ box, ...rest, url: `${pages}${notice.page}` });
}

function when({ since, until }: Notice): string {
  if (until === null) return `Since ${moment(since)}.`;
  return until === since
    ? `At ${moment(since)}.`
    : `From ${moment(since)} to ${moment(until)}.`;
}

function title({ words, since, until }: Notice): string {
  return until === null || until === since ? words : `Over: ${words}`;
}

function moment(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

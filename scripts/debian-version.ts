/** Orders Debian versions as dpkg does: deb-version(7). */

interface Parts {
  epoch: number;
  upstream: string;
  revision: string;
}

/** @returns less than, equal to, or more than 0, as `one` is earlier than, the same as, or later than `other` */
export function compareDebianVersions(one: string, other: string): number {
  const [a, b] = [parts(one), parts(other)];
  return (
    a.epoch - b.epoch ||
    compareText(a.upstream, b.upstream) ||
    compareText(a.revision, b.revision)
  );
}

function parts(version: string): Parts {
  const colon = version.indexOf(":");
  const rest = version.slice(colon + 1);
  const hyphen = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
    revision: hyphen < 0 ? "" : rest.slice(hyphen + 1),
  };
}

/** By turns what is no digit, letter by letter, and numbers. */
function compareText(one: string, other: string): number {
  let [a, b] = [one, other];
  while (a !== "" || b !== "") {
    const [textA, textB] = [a, b].map(
      (text) => /^\D*/.exec(text)?.[0] ?? "",
    ) as [string, string];
    for (let at = 0; at < Math.max(textA.length, textB.length); at++) {
      const differ = rank(textA[at]) - rank(textB[at]);
      if (differ !== 0) return differ;
    }
    [a, b] = [a.slice(textA.length), b.slice(textB.length)];
    const [numberA, numberB] = [a, b].map(
      (text) => /^\d*/.exec(text)?.[0] ?? "",
    ) as [string, string];
    const differ = BigInt(numberA || 0) - BigInt(numberB || 0);
    if (differ !== 0n) return differ < 0n ? -1 : 1;
    [a, b] = [a.slice(numberA.length), b.slice(numberB.length)];
  }
  return 0;
}

/** A tilde comes before the end, the end before letters, and those before all else. */
function rank(letter: string | undefined): number {
  if (letter === "~") return -1;
  if (letter === undefined) return 0;
  const code = letter.charCodeAt(0);
  return /[A-Za-z]/.test(letter) ? code : code + 256;
}

/** Names that a list blocks, whichever of the usual forms it has: hosts(5), one name a line, Adblock's `||name^`, dnsmasq's. */

/** Names of machines themselves, which hosts files begin with. */
const own = new Set([
  "localhost",
  "localhost.localdomain",
  "local",
  "broadcasthost",
  "ip6-localhost",
  "ip6-loopback",
  "ip6-localnet",
  "ip6-mcastprefix",
  "ip6-allnodes",
  "ip6-allrouters",
  "ip6-allhosts",
]);

const name =
  /^(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;

/** The names that a line blocks, in small letters; none where it is a comment, an exception, or what is no name. */
export function namesIn(line: string): string[] {
  const text = line.split(/#|\s!/)[0]?.trim().toLowerCase() ?? "";
  if (text === "" || text.startsWith("!") || text.startsWith("@@")) return [];
  const found =
    /^\|\|([^\s/^$*]+)\^?(\$(important|all|document))?$/.exec(text)?.[1] ??
    /^(?:local|address|server)=\/([^/]+)\/(?:#|0\.0\.0\.0|::)?$/.exec(
      text,
    )?.[1] ??
    /^(?:\*\.)?(\S+)$/.exec(text)?.[1];
  const some =
    found !== undefined
      ? [found]
      : /^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s/.test(text)
        ? text.split(/\s+/).slice(1)
        : [];
  return some.filter((one) => name.test(one) && !own.has(one));
}

/** Of names, those that none of the others is above; in order, so that the same names make the same file. */
export function topmost(names: ReadonlySet<string>): string[] {
  return [...names]
    .filter((one) => {
      for (
        let dot = one.indexOf(".");
        dot >= 0;
        dot = one.indexOf(".", dot + 1)
      )
        if (names.has(one.slice(dot + 1))) return false;
      return true;
    })
    .sort();
}

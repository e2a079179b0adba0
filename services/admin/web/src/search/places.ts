import { fold } from "../../../../shared/fold.ts";

/** A page, or a part of one, that can be looked for. */
export interface Place {
  /** What it is called where it is. */
  name: string;
  path: string;
  /** The page it is on, for parts of pages. */
  page?: string;
  /** Heading of the part, as it stands on the page. */
  heading?: string;
  /** What else people call it. */
  words: string;
}

const part = (
  page: string,
  path: string,
  heading: string,
  words: string,
): Place => ({ name: heading, path, page, heading, words });

/** Everything on the pages that has a heading, in the order in which it is offered. */
export const places: readonly Place[] = [
  { name: "Home", path: "/", words: "dashboard start overview status" },
  { name: "Files", path: "/files", words: "folders photos upload bin shares" },
  { name: "Friends", path: "/friends", words: "peers boxes invitation backup" },
  { name: "Network", path: "/network", words: "router internet lan wan" },
  { name: "Storage", path: "/storage", words: "disks raid drives" },
  { name: "Identity", path: "/identity", words: "keys tpm attestation" },
  { name: "Terminal", path: "/terminal", words: "shell console command root" },
  { name: "System", path: "/system", words: "settings administration" },
  {
    name: "Access",
    path: "/system/access",
    words: "security login accounts audit",
  },
  { name: "Notices", path: "/notices", words: "alerts notifications warnings" },
  {
    name: "Curves",
    path: "/system/past",
    words: "metrics graphs history load",
  },
  { name: "Log", path: "/system/log", words: "journal messages errors debug" },

  part(
    "Network",
    "/network",
    "Internet",
    "wan pppoe dhcp provider ipv6 vlan speed test qos cake upload download bufferbloat address",
  ),
  part(
    "Network",
    "/network",
    "Devices",
    "clients leases reservations computers phones dhcp",
  ),
  part(
    "Network",
    "/network",
    "Wi-Fi",
    "wireless wlan ssid wpa password channel access point 5 ghz",
  ),
  part(
    "Network",
    "/network",
    "Networks at home",
    "lan guest vlan subnet address range dhcp",
  ),
  part(
    "Network",
    "/network",
    "Names",
    "dns ad blocking block lists dnssec over tls resolver",
  ),
  part(
    "Network",
    "/network",
    "What comes in",
    "port forwarding forwards pinholes upnp nat-pmp open ports",
  ),
  part(
    "Network",
    "/network",
    "From elsewhere",
    "vpn wireguard phone way home dynamic dns site",
  ),
  part(
    "Network",
    "/network",
    "The firewall in words",
    "nftables rules security",
  ),
  part(
    "Network",
    "/network",
    "Look on the Internet",
    "ping traceroute nslookup dig tools",
  ),
  part("Network", "/network", "Changes", "history undo revert network"),
  part(
    "Storage",
    "/storage",
    "Data disks",
    "add drive remove replace recovery key luks smart health",
  ),
  part("Storage", "/storage", "What takes the room", "usage space quota full"),
  part(
    "Storage",
    "/storage",
    "Checking and mending",
    "scrub repair bit rot pace",
  ),
  part(
    "Friends",
    "/friends",
    "How safe everything is",
    "protection promise redundancy copies",
  ),
  part("Friends", "/friends", "The line", "bandwidth limits upload schedule"),
  part(
    "Identity",
    "/identity",
    "What it booted",
    "secure boot measured pcr image",
  ),
  part("Identity", "/identity", "Whom this box accepts", "trust roots policy"),
  part("Identity", "/identity", "Keys", "rotate certificate libp2p"),
  part(
    "System",
    "/system",
    "Power",
    "restart reboot shut down switch off recovery",
  ),
  part(
    "System",
    "/system",
    "Updates",
    "upgrade version firmware quiet hours usb stick",
  ),
  part(
    "System",
    "/system",
    "Certificate",
    "warning browser https tls trust authority ca install insecure",
  ),
  part(
    "System",
    "/system",
    "Clock",
    "time zone timezone ntp server date summer daylight",
  ),
  part(
    "System",
    "/system",
    "Files on other devices",
    "network drive smb samba nas webdav share windows mac",
  ),
  part(
    "System",
    "/system",
    "Backup of the settings",
    "restore configuration export import file",
  ),
  part(
    "System",
    "/system",
    "Factory reset",
    "erase destroy keys sell give away",
  ),
  part("System", "/system", "Diagnostics", "support bundle help"),
  part("System", "/system", "API", "rest openapi scripts swagger"),
  part("Access", "/system/access", "Password", "change login forgotten"),
  part(
    "Access",
    "/system/access",
    "People",
    "users members accounts family invite household",
  ),
  part(
    "Access",
    "/system/access",
    "Passkeys",
    "webauthn fingerprint face token yubikey sign in",
  ),
  part(
    "Access",
    "/system/access",
    "A code beside the password",
    "totp two factor 2fa mfa authenticator second recovery codes",
  ),
  part(
    "Access",
    "/system/access",
    "Signed in",
    "sessions browsers log out revoke",
  ),
  part("Access", "/system/access", "API tokens", "bearer scripts key"),
  part(
    "Access",
    "/system/access",
    "Who did what",
    "audit activity history log",
  ),
  part("Notices", "/notices", "By e-mail", "smtp mail alerts notifications"),
  part("Notices", "/notices", "To a program", "webhook ntfy notifications"),
  part(
    "Notices",
    "/notices",
    "To the smart home",
    "home assistant mqtt mosquitto broker automation",
  ),
];

/** Whether all words begin a word of a text. */
export function fits(text: string, words: readonly string[]): boolean {
  const there = fold(text).split(/[^\p{L}\p{N}]+/u);
  return words.every((word) => there.some((one) => one.startsWith(word)));
}

/** Places that somebody may mean: those whose names fit come first. */
export function findPlaces(typed: string): Place[] {
  const words = fold(typed)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  if (words.length === 0) return [];
  const byName = places.filter(({ name }) => fits(name, words));
  const others = places.filter(
    (place) =>
      !byName.includes(place) &&
      fits(`${place.name} ${place.page ?? ""} ${place.words}`, words),
  );
  return [...byName, ...others];
}

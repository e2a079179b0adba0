// @ts-nocheck: @oazapfts/runtime is not written for exactOptionalPropertyTypes.
/**
 * Coppice
 * 0
 * DO NOT MODIFY - This file has been generated using oazapfts.
 * See https://www.npmjs.com/package/oazapfts
 */
import * as Oazapfts from "@oazapfts/runtime";
import * as QS from "@oazapfts/runtime/query";
export const defaults: Oazapfts.Defaults<Oazapfts.CustomHeaders> = {
    headers: {},
    baseUrl: "/"
};
const oazapfts = Oazapfts.runtime(defaults);
export const servers = {};
/**
 * Enter the setup code
 */
export function postApiSetupCode(body: {
    code: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/code", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * How far the setup is
 */
export function getApiSetup(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup", {
        ...opts
    }));
}
/**
 * How far the setup is, as server-sent events
 */
export function getApiSetupEvents(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/events", {
        ...opts
    }));
}
/**
 * Disks that can be chosen
 */
export function getApiSetupDisks(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** stays the same across reboots */
            id: string;
            /** what the owner types to erase it */
            name: string;
            model: string;
            serial: string;
            /** bytes */
            size: number;
            /** what is on it now; empty for an empty disk */
            contents: string[];
            /** of a data disk of this box that is open */
            uuid: string | null;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/disks", {
        ...opts
    }));
}
/**
 * Name the owner
 */
export function postApiSetupOwner(body: {
    name: string;
    password: string;
    /** a zone of IANA's database, such as Europe/Berlin */
    zone?: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/owner", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Erase a disk and make it the data disk
 */
export function postApiSetupDisk(body: {
    id: string;
    /** the disk's name, as a confirmation */
    name: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 202;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/disk", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Draw the disk's recovery key; an earlier one is void
 */
export function postApiSetupRecoveryKey(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            recoveryKey: string;
            /** the group to type as confirmation, from 1 */
            group: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/recovery-key", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Confirm that the recovery key is saved
 */
export function postApiSetupRecoveryKeyConfirm(body: {
    group: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/recovery-key/confirm", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Make the root key and get its backups: an age file, and 24 words
 */
export function postApiSetupRootKey(body: {
    /** protects the backup of the root key */
    passphrase: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            backup: string;
            words: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/root-key", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Take the root key from its 24 words
 */
export function postApiSetupRootKeyWords(body: {
    words: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/root-key/words", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Take the root key from a backup
 */
export function postApiSetupRootKeyRestore(body: {
    backup: string;
    /** protects the backup of the root key */
    passphrase: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/root-key/restore", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Confirm that the backup is saved
 */
export function postApiSetupRootKeyConfirm(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/root-key/confirm", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Claim the box; signs the owner in
 */
export function postApiSetupFinish(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/finish", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Start the setup over
 */
export function postApiSetupRestart(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/restart", {
        ...opts,
        method: "POST"
    }));
}
/**
 * The line to the Internet, and where the household could be moved to if it clashes
 */
export function getApiSetupNetwork(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            now: {
                wan: {
                    link: boolean;
                    /** with the length of their prefixes */
                    addresses: string[];
                    gateway: string | null;
                };
                devices: {
                    mac: string;
                    address: string;
                    name: string | null;
                    /** id of its network */
                    lan: string;
                    /** whether it was heard of just now */
                    here: boolean;
                    /** dBm, how well its Wi-Fi is heard; null by cable */
                    signal: number | null;
                    /** bytes to the Internet since the rules were loaded */
                    sent: number;
                    /** bytes from the Internet, likewise */
                    received: number;
                    /** end of its lease, milliseconds since 1970 */
                    until: number | null;
                }[];
                opened: {
                    protocol: string;
                    port: number;
                    address: string;
                    toPort: number;
                    /** what the device calls it */
                    words: string;
                }[];
                adapters: {
                    proposed: {
                        /** the adapter's interface */
                        name: string;
                        /** hardware address, in small letters */
                        address: string;
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                        channel: number | null;
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    };
                    /** what it can be on which band, at best */
                    modes: {
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    }[];
                    /** that it is on the air on; null where it is not */
                    channel: number | null;
                }[];
                lists: {
                    url: string;
                    /** when it came last, milliseconds since 1970 */
                    at: number | null;
                    /** that it blocks */
                    names: number;
                    etag: string | null;
                    /** why it did not come just now */
                    problem: string | null;
                }[];
                troubles: {
                    kind: "link-lost" | "no-address" | "address-clash" | "double-nat" | "dns-dead" | "captive-portal" | "rogue-dhcp" | "wifi-down" | "wifi-gone";
                    words: string;
                    advice: string;
                }[];
            };
            document: {
                version: 1;
                wan: {
                    /** tag that the provider asks for */
                    vlan: number | null;
                    ipv4: {
                        kind: "dhcp";
                    } | {
                        kind: "static";
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** IPv4 address */
                        gateway: string;
                        dns: string[];
                    } | {
                        kind: "pppoe";
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII */
                        password: string;
                    };
                    /** by router advertisements and DHCPv6, with a prefix */
                    ipv6: boolean;
                    /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                    upload: number | null;
                    /** likewise, of what comes */
                    download: number | null;
                };
                lans: {
                    /** the interface is lan-<id> */
                    id: string;
                    /** what people call it */
                    name: string;
                    /** tag on the LAN ports; none for the first network */
                    vlan: number | null;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** reaches the Internet, and nothing else */
                    guest: boolean;
                    dhcp: {
                        /** IPv4 address */
                        "from": string;
                        /** IPv4 address */
                        to: string;
                        /** how long a lease lasts */
                        minutes: number;
                    };
                    reservations: {
                        /** hardware address, in small letters */
                        mac: string;
                        /** IPv4 address */
                        address: string;
                        /** one label of a DNS name, in small letters */
                        name: string;
                    }[];
                }[];
                dns: {
                    upstream: {
                        kind: "provider";
                    } | {
                        kind: "tls";
                        servers: {
                            /** IPv4 or IPv6 address */
                            address: string;
                            /** DNS name, in small letters */
                            name: string;
                        }[];
                    };
                    dnssec: "where-offered" | "always";
                    names: {
                        /** one label of a DNS name, in small letters */
                        name: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    /** these and all beneath them do not exist */
                    blocked: string[];
                    lists: {
                        /** what people call it */
                        name: string;
                        /** fetched each day */
                        url: string;
                    }[];
                    /** these exist, whatever a list says */
                    allowed: string[];
                };
                forwards: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** IPv4 address */
                    address: string;
                    toPort: number;
                }[];
                pinholes: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** the address's last 64 bits, which stay when the provider gives another prefix */
                    host: string;
                }[];
                /** whether devices at home may open ports for themselves */
                upnp: boolean;
                dynamicName: {
                    service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                    /** of another service, which speaks the protocol dyndns2 */
                    server: string | null;
                    /** DNS name, in small letters */
                    name: string;
                    /** printable ASCII */
                    user: string;
                    /** printable ASCII; some services have none */
                    password: string;
                } | null;
                vpn: {
                    port: number;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** DNS name, in small letters */
                    endpoint: string;
                    phones: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    sites: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** null: it calls */
                        endpoint: string | null;
                        networks: string[];
                    }[];
                } | null;
                wifi: {
                    /** ISO 3166-1, by which the law of the air goes */
                    country: string;
                    radios: {
                        /** the adapter's interface */
                        name: string;
                        /** hardware address, in small letters */
                        address: string;
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                        channel: number | null;
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    }[];
                    networks: {
                        /** its name, of no more than 32 bytes */
                        ssid: string;
                        /** 8 to 63 characters of printable ASCII */
                        password: string;
                        security: "wpa3" | "wpa2-wpa3" | "wpa2";
                        /** id of the network that its devices are in */
                        lan: string;
                    }[];
                } | null;
            };
            moved: {
                version: 1;
                wan: {
                    /** tag that the provider asks for */
                    vlan: number | null;
                    ipv4: {
                        kind: "dhcp";
                    } | {
                        kind: "static";
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** IPv4 address */
                        gateway: string;
                        dns: string[];
                    } | {
                        kind: "pppoe";
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII */
                        password: string;
                    };
                    /** by router advertisements and DHCPv6, with a prefix */
                    ipv6: boolean;
                    /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                    upload: number | null;
                    /** likewise, of what comes */
                    download: number | null;
                };
                lans: {
                    /** the interface is lan-<id> */
                    id: string;
                    /** what people call it */
                    name: string;
                    /** tag on the LAN ports; none for the first network */
                    vlan: number | null;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** reaches the Internet, and nothing else */
                    guest: boolean;
                    dhcp: {
                        /** IPv4 address */
                        "from": string;
                        /** IPv4 address */
                        to: string;
                        /** how long a lease lasts */
                        minutes: number;
                    };
                    reservations: {
                        /** hardware address, in small letters */
                        mac: string;
                        /** IPv4 address */
                        address: string;
                        /** one label of a DNS name, in small letters */
                        name: string;
                    }[];
                }[];
                dns: {
                    upstream: {
                        kind: "provider";
                    } | {
                        kind: "tls";
                        servers: {
                            /** IPv4 or IPv6 address */
                            address: string;
                            /** DNS name, in small letters */
                            name: string;
                        }[];
                    };
                    dnssec: "where-offered" | "always";
                    names: {
                        /** one label of a DNS name, in small letters */
                        name: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    /** these and all beneath them do not exist */
                    blocked: string[];
                    lists: {
                        /** what people call it */
                        name: string;
                        /** fetched each day */
                        url: string;
                    }[];
                    /** these exist, whatever a list says */
                    allowed: string[];
                };
                forwards: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** IPv4 address */
                    address: string;
                    toPort: number;
                }[];
                pinholes: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** the address's last 64 bits, which stay when the provider gives another prefix */
                    host: string;
                }[];
                /** whether devices at home may open ports for themselves */
                upnp: boolean;
                dynamicName: {
                    service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                    /** of another service, which speaks the protocol dyndns2 */
                    server: string | null;
                    /** DNS name, in small letters */
                    name: string;
                    /** printable ASCII */
                    user: string;
                    /** printable ASCII; some services have none */
                    password: string;
                } | null;
                vpn: {
                    port: number;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** DNS name, in small letters */
                    endpoint: string;
                    phones: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    sites: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** null: it calls */
                        endpoint: string | null;
                        networks: string[];
                    }[];
                } | null;
                wifi: {
                    /** ISO 3166-1, by which the law of the air goes */
                    country: string;
                    radios: {
                        /** the adapter's interface */
                        name: string;
                        /** hardware address, in small letters */
                        address: string;
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                        channel: number | null;
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    }[];
                    networks: {
                        /** its name, of no more than 32 bytes */
                        ssid: string;
                        /** 8 to 63 characters of printable ASCII */
                        password: string;
                        security: "wpa3" | "wpa2-wpa3" | "wpa2";
                        /** id of the network that its devices are in */
                        lan: string;
                    }[];
                } | null;
            } | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/network", {
        ...opts
    }));
}
/**
 * Set how the line is used
 */
export function postApiSetupNetworkLine(body: {
    /** tag that the provider asks for */
    vlan: number | null;
    ipv4: {
        kind: "dhcp";
    } | {
        kind: "static";
        /** IPv4 address with the length of its network's prefix */
        address: string;
        /** IPv4 address */
        gateway: string;
        dns: string[];
    } | {
        kind: "pppoe";
        /** printable ASCII */
        user: string;
        /** printable ASCII */
        password: string;
    };
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/network/line", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Put the household on the air by every adapter there is
 */
export function postApiSetupNetworkWifi(body: {
    /** its name, of no more than 32 bytes */
    ssid: string;
    /** 8 to 63 characters of printable ASCII */
    password: string;
    /** ISO 3166-1, by which the law of the air goes */
    country: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/network/wifi", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Try addresses at home that are not the provider's; whoever has the token confirms it
 */
export function postApiSetupNetworkMove(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            token: string;
            /** seconds */
            remaining: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/network/move", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Go on to the disk
 */
export function postApiSetupNetworkPass(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            step: "owner" | "network" | "disk" | "recovery" | "root-key" | "finish";
            ownerName?: string;
            /** name of the disk that was prepared */
            disk?: string;
            /** the disk that is being prepared */
            work?: {
                step: string;
                done: number;
                "of": number;
            };
            /** why preparing the disk failed */
            failure?: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/network/pass", {
        ...opts,
        method: "POST"
    }));
}
/**
 * All settings as an age file: the network with its passwords and its key, and how the box updates
 */
export function postApiConfigurationBackup(body: {
    /** protects the backup of the settings */
    passphrase: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            backup: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/configuration/backup", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Put the settings of such a file into force; the network goes back by itself unless it is confirmed
 */
export function postApiConfigurationRestore(body: {
    backup: string;
    /** protects the backup of the settings */
    passphrase: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** what keeps the network */
            trial: {
                token: string;
                /** seconds */
                remaining: number;
            } | null;
            document: {
                version: 1;
                wan: {
                    /** tag that the provider asks for */
                    vlan: number | null;
                    ipv4: {
                        kind: "dhcp";
                    } | {
                        kind: "static";
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** IPv4 address */
                        gateway: string;
                        dns: string[];
                    } | {
                        kind: "pppoe";
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII */
                        password: string;
                    };
                    /** by router advertisements and DHCPv6, with a prefix */
                    ipv6: boolean;
                    /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                    upload: number | null;
                    /** likewise, of what comes */
                    download: number | null;
                };
                lans: {
                    /** the interface is lan-<id> */
                    id: string;
                    /** what people call it */
                    name: string;
                    /** tag on the LAN ports; none for the first network */
                    vlan: number | null;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** reaches the Internet, and nothing else */
                    guest: boolean;
                    dhcp: {
                        /** IPv4 address */
                        "from": string;
                        /** IPv4 address */
                        to: string;
                        /** how long a lease lasts */
                        minutes: number;
                    };
                    reservations: {
                        /** hardware address, in small letters */
                        mac: string;
                        /** IPv4 address */
                        address: string;
                        /** one label of a DNS name, in small letters */
                        name: string;
                    }[];
                }[];
                dns: {
                    upstream: {
                        kind: "provider";
                    } | {
                        kind: "tls";
                        servers: {
                            /** IPv4 or IPv6 address */
                            address: string;
                            /** DNS name, in small letters */
                            name: string;
                        }[];
                    };
                    dnssec: "where-offered" | "always";
                    names: {
                        /** one label of a DNS name, in small letters */
                        name: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    /** these and all beneath them do not exist */
                    blocked: string[];
                    lists: {
                        /** what people call it */
                        name: string;
                        /** fetched each day */
                        url: string;
                    }[];
                    /** these exist, whatever a list says */
                    allowed: string[];
                };
                forwards: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** IPv4 address */
                    address: string;
                    toPort: number;
                }[];
                pinholes: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** the address's last 64 bits, which stay when the provider gives another prefix */
                    host: string;
                }[];
                /** whether devices at home may open ports for themselves */
                upnp: boolean;
                dynamicName: {
                    service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                    /** of another service, which speaks the protocol dyndns2 */
                    server: string | null;
                    /** DNS name, in small letters */
                    name: string;
                    /** printable ASCII */
                    user: string;
                    /** printable ASCII; some services have none */
                    password: string;
                } | null;
                vpn: {
                    port: number;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** DNS name, in small letters */
                    endpoint: string;
                    phones: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    sites: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** null: it calls */
                        endpoint: string | null;
                        networks: string[];
                    }[];
                } | null;
                wifi: {
                    /** ISO 3166-1, by which the law of the air goes */
                    country: string;
                    radios: {
                        /** the adapter's interface */
                        name: string;
                        /** hardware address, in small letters */
                        address: string;
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                        channel: number | null;
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    }[];
                    networks: {
                        /** its name, of no more than 32 bytes */
                        ssid: string;
                        /** 8 to 63 characters of printable ASCII */
                        password: string;
                        security: "wpa3" | "wpa2-wpa3" | "wpa2";
                        /** id of the network that its devices are in */
                        lan: string;
                    }[];
                } | null;
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/configuration/restore", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Put the settings of the box before into force, as the files' backup has them
 */
export function postApiConfigurationAdopt(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** what keeps the network */
            trial: {
                token: string;
                /** seconds */
                remaining: number;
            } | null;
            document: {
                version: 1;
                wan: {
                    /** tag that the provider asks for */
                    vlan: number | null;
                    ipv4: {
                        kind: "dhcp";
                    } | {
                        kind: "static";
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** IPv4 address */
                        gateway: string;
                        dns: string[];
                    } | {
                        kind: "pppoe";
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII */
                        password: string;
                    };
                    /** by router advertisements and DHCPv6, with a prefix */
                    ipv6: boolean;
                    /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                    upload: number | null;
                    /** likewise, of what comes */
                    download: number | null;
                };
                lans: {
                    /** the interface is lan-<id> */
                    id: string;
                    /** what people call it */
                    name: string;
                    /** tag on the LAN ports; none for the first network */
                    vlan: number | null;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** reaches the Internet, and nothing else */
                    guest: boolean;
                    dhcp: {
                        /** IPv4 address */
                        "from": string;
                        /** IPv4 address */
                        to: string;
                        /** how long a lease lasts */
                        minutes: number;
                    };
                    reservations: {
                        /** hardware address, in small letters */
                        mac: string;
                        /** IPv4 address */
                        address: string;
                        /** one label of a DNS name, in small letters */
                        name: string;
                    }[];
                }[];
                dns: {
                    upstream: {
                        kind: "provider";
                    } | {
                        kind: "tls";
                        servers: {
                            /** IPv4 or IPv6 address */
                            address: string;
                            /** DNS name, in small letters */
                            name: string;
                        }[];
                    };
                    dnssec: "where-offered" | "always";
                    names: {
                        /** one label of a DNS name, in small letters */
                        name: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    /** these and all beneath them do not exist */
                    blocked: string[];
                    lists: {
                        /** what people call it */
                        name: string;
                        /** fetched each day */
                        url: string;
                    }[];
                    /** these exist, whatever a list says */
                    allowed: string[];
                };
                forwards: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** IPv4 address */
                    address: string;
                    toPort: number;
                }[];
                pinholes: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** the address's last 64 bits, which stay when the provider gives another prefix */
                    host: string;
                }[];
                /** whether devices at home may open ports for themselves */
                upnp: boolean;
                dynamicName: {
                    service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                    /** of another service, which speaks the protocol dyndns2 */
                    server: string | null;
                    /** DNS name, in small letters */
                    name: string;
                    /** printable ASCII */
                    user: string;
                    /** printable ASCII; some services have none */
                    password: string;
                } | null;
                vpn: {
                    port: number;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** DNS name, in small letters */
                    endpoint: string;
                    phones: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    sites: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** null: it calls */
                        endpoint: string | null;
                        networks: string[];
                    }[];
                } | null;
                wifi: {
                    /** ISO 3166-1, by which the law of the air goes */
                    country: string;
                    radios: {
                        /** the adapter's interface */
                        name: string;
                        /** hardware address, in small letters */
                        address: string;
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                        channel: number | null;
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    }[];
                    networks: {
                        /** its name, of no more than 32 bytes */
                        ssid: string;
                        /** 8 to 63 characters of printable ASCII */
                        password: string;
                        security: "wpa3" | "wpa2-wpa3" | "wpa2";
                        /** id of the network that its devices are in */
                        lan: string;
                    }[];
                } | null;
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/configuration/adopt", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Give this box the settings of another one
 */
export function postApiSetupConfiguration(body: {
    backup: string;
    /** protects the backup of the settings */
    passphrase: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** what keeps the network */
            trial: {
                token: string;
                /** seconds */
                remaining: number;
            } | null;
            document: {
                version: 1;
                wan: {
                    /** tag that the provider asks for */
                    vlan: number | null;
                    ipv4: {
                        kind: "dhcp";
                    } | {
                        kind: "static";
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** IPv4 address */
                        gateway: string;
                        dns: string[];
                    } | {
                        kind: "pppoe";
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII */
                        password: string;
                    };
                    /** by router advertisements and DHCPv6, with a prefix */
                    ipv6: boolean;
                    /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                    upload: number | null;
                    /** likewise, of what comes */
                    download: number | null;
                };
                lans: {
                    /** the interface is lan-<id> */
                    id: string;
                    /** what people call it */
                    name: string;
                    /** tag on the LAN ports; none for the first network */
                    vlan: number | null;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** reaches the Internet, and nothing else */
                    guest: boolean;
                    dhcp: {
                        /** IPv4 address */
                        "from": string;
                        /** IPv4 address */
                        to: string;
                        /** how long a lease lasts */
                        minutes: number;
                    };
                    reservations: {
                        /** hardware address, in small letters */
                        mac: string;
                        /** IPv4 address */
                        address: string;
                        /** one label of a DNS name, in small letters */
                        name: string;
                    }[];
                }[];
                dns: {
                    upstream: {
                        kind: "provider";
                    } | {
                        kind: "tls";
                        servers: {
                            /** IPv4 or IPv6 address */
                            address: string;
                            /** DNS name, in small letters */
                            name: string;
                        }[];
                    };
                    dnssec: "where-offered" | "always";
                    names: {
                        /** one label of a DNS name, in small letters */
                        name: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    /** these and all beneath them do not exist */
                    blocked: string[];
                    lists: {
                        /** what people call it */
                        name: string;
                        /** fetched each day */
                        url: string;
                    }[];
                    /** these exist, whatever a list says */
                    allowed: string[];
                };
                forwards: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** IPv4 address */
                    address: string;
                    toPort: number;
                }[];
                pinholes: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** the address's last 64 bits, which stay when the provider gives another prefix */
                    host: string;
                }[];
                /** whether devices at home may open ports for themselves */
                upnp: boolean;
                dynamicName: {
                    service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                    /** of another service, which speaks the protocol dyndns2 */
                    server: string | null;
                    /** DNS name, in small letters */
                    name: string;
                    /** printable ASCII */
                    user: string;
                    /** printable ASCII; some services have none */
                    password: string;
                } | null;
                vpn: {
                    port: number;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** DNS name, in small letters */
                    endpoint: string;
                    phones: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    sites: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** null: it calls */
                        endpoint: string | null;
                        networks: string[];
                    }[];
                } | null;
                wifi: {
                    /** ISO 3166-1, by which the law of the air goes */
                    country: string;
                    radios: {
                        /** the adapter's interface */
                        name: string;
                        /** hardware address, in small letters */
                        address: string;
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                        channel: number | null;
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    }[];
                    networks: {
                        /** its name, of no more than 32 bytes */
                        ssid: string;
                        /** 8 to 63 characters of printable ASCII */
                        password: string;
                        security: "wpa3" | "wpa2-wpa3" | "wpa2";
                        /** id of the network that its devices are in */
                        lan: string;
                    }[];
                } | null;
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/configuration", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Who is signed in
 */
export function getApiSession(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** whether the box has an owner */
            claimed: boolean;
            access: "none" | "setup" | "owner";
            name?: string;
            /** whether the owner has any */
            passkeys: boolean;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/session", {
        ...opts
    }));
}
/**
 * Sign in; where a code is asked for beside the password, and it is missing, the answer is a problem of type second-factor
 */
export function postApiSession(body: {
    name: string;
    password: string;
    code?: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** where somebody goes on who is not the owner */
            page: string;
        };
    } | {
        status: 204;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/session", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Sign out
 */
export function deleteApiSession(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/session", {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Set a new password by the root key's words or its backup, and sign in; no code is asked for any more, passkeys are forgotten, and all other browsers are signed out
 */
export function postApiSessionRecover(body: {
    proof: {
        words: string;
    } | {
        backup: string;
        passphrase: string;
    };
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/session/recover", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Change the password; all other browsers are signed out
 */
export function putApiOwnerPassword(body: {
    password: string;
    fresh: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/password", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * What the box's recovery may do for whoever stands before it
 */
export function getApiOwnerRecovery(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** whether nobody may set a new password, or restore settings, at the box */
            locked: boolean;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/recovery", {
        ...opts
    }));
}
/**
 * Say what the box's recovery may do
 */
export function putApiOwnerRecovery(body: {
    /** whether nobody may set a new password, or restore settings, at the box */
    locked: boolean;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** whether nobody may set a new password, or restore settings, at the box */
            locked: boolean;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/recovery", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Browsers that are signed in, the one that was here last first
 */
export function getApiSessions(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            /** whether it is the one that asks */
            here: boolean;
            /** IP address */
            address: string;
            /** what the browser says that it is */
            agent: string;
            /** milliseconds since 1970 */
            started: number;
            /** when it last asked for something */
            seen: number;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/sessions", {
        ...opts
    }));
}
/**
 * Sign all other browsers out
 */
export function deleteApiSessions(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/sessions", {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Sign a browser out; what still flows to it, such as a terminal, ends
 */
export function deleteApiSessionsById(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/sessions/${encodeURIComponent(id)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Whether a code is asked for beside the password
 */
export function getApiOwnerSecondFactor(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            on: boolean;
            /** recovery codes that are left */
            codes: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/second-factor", {
        ...opts
    }));
}
/**
 * Ask for codes from now on, by a first one; tells ten recovery codes, once, and signs all other browsers out
 */
export function putApiOwnerSecondFactor(body: {
    code: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            codes: string[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/second-factor", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Ask for the password alone
 */
export function deleteApiOwnerSecondFactor(body: {
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            on: boolean;
            /** recovery codes that are left */
            codes: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/second-factor", oazapfts.json({
        ...opts,
        method: "DELETE",
        body
    })));
}
/**
 * Draw a secret for an app that shows codes (TOTP, RFC 6238); nothing is asked for until one of its codes is typed
 */
export function postApiOwnerSecondFactorEnrolment(body: {
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** base32 */
            secret: string;
            /** otpauth://, for a QR code */
            uri: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/second-factor/enrolment", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Draw ten other recovery codes; those before are void
 */
export function postApiOwnerSecondFactorCodes(body: {
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            codes: string[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/second-factor/codes", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * The owner's passkeys, the newest first
 */
export function getApiOwnerPasskeys(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            name: string;
            /** the box's name that it was made for */
            site: string;
            /** milliseconds since 1970 */
            made: number;
            used: number | null;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/passkeys", {
        ...opts
    }));
}
/**
 * Keep a passkey that the browser has made
 */
export function postApiOwnerPasskeys(body: {
    name: string;
    made: {
        id: string;
        rawId: string;
        "type": "public-key";
        clientExtensionResults: {};
        response: {
            clientDataJSON: string;
            attestationObject: string;
            transports?: string[];
        };
    };
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            name: string;
            /** the box's name that it was made for */
            site: string;
            /** milliseconds since 1970 */
            made: number;
            used: number | null;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/passkeys", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Begin to make a passkey; what comes is for navigator.credentials.create
 */
export function postApiOwnerPasskeysChallenge(body: {
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            challenge: string;
            [key: string]: any;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/owner/passkeys/challenge", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Forget a passkey; it lets nobody in any more
 */
export function deleteApiOwnerPasskeysById(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            name: string;
            /** the box's name that it was made for */
            site: string;
            /** milliseconds since 1970 */
            made: number;
            used: number | null;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/owner/passkeys/${encodeURIComponent(id)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Begin to sign in by a passkey; what comes is for navigator.credentials.get
 */
export function postApiSessionPasskeyChallenge(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            challenge: string;
            [key: string]: any;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/session/passkey/challenge", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Sign in by a passkey
 */
export function postApiSessionPasskey(body: {
    id: string;
    rawId: string;
    "type": "public-key";
    clientExtensionResults: {};
    response: {
        clientDataJSON: string;
        authenticatorData: string;
        signature: string;
        userHandle?: string | null;
    };
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/session/passkey", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Who did what to the box, newest first
 */
export function getApiActivity({ count, before, search }: {
    count?: number;
    before?: number;
    search?: string;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            acts: {
                /** milliseconds since 1970 */
                at: number;
                /** whose name it was done in; null where nobody was let in */
                who: string | null;
                by: {
                    kind: "browser";
                    /** IP address */
                    address: string;
                    /** what the browser says that it is */
                    agent: string;
                } | {
                    kind: "token";
                    name: string;
                } | {
                    kind: "box";
                };
                /** such as: made an API token */
                act: string;
                /** what it was done to */
                about?: string;
                /** it was tried, and not allowed */
                refused?: true;
            }[];
            /** whether there are earlier ones */
            more: boolean;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/activity${QS.query(QS.explode({
        count,
        before,
        search
    }))}`, {
        ...opts
    }));
}
/**
 * All of it as lines of JSON, oldest first
 */
export function getApiActivityExport(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/activity/export", {
        ...opts
    }));
}
/**
 * What the box is doing that takes a while, and how far it is
 */
export function getApiTasks(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            /** what is being done */
            words: string;
            /** share, 0 to 1; null where nobody knows */
            done: number | null;
            /** seconds until it is done; null where nobody knows */
            left: number | null;
            /** where in these pages it is followed */
            page: string;
            /** whether it can be stopped without harm: what was done stays, and it can go on later */
            stoppable: boolean;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/tasks", {
        ...opts
    }));
}
/**
 * Stop a task that is stoppable; what was done stays
 */
export function postApiTasksByIdStop(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/tasks/${encodeURIComponent(id)}/stop`, {
        ...opts,
        method: "POST"
    }));
}
/**
 * What the box does at the moment
 */
export function getApiStatus(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** milliseconds since 1970 */
            time: number;
            host: {
                version: string;
                slot: string;
                hostname: string;
                /** seconds */
                uptime: number;
                cpu: {
                    /** percent of all cores */
                    load: number;
                    cores: number;
                    model: string;
                };
                memory: {
                    /** bytes */
                    total: number;
                    /** bytes */
                    used: number;
                };
                temperature: number | null;
                disks: {
                    name: string;
                    model: string;
                    serial: string;
                    /** bytes */
                    size: number;
                    used: number | null;
                    available: number | null;
                    role: "system" | "data" | "unused";
                    health: "good" | "failing" | "unknown";
                    /** of a data disk that is open */
                    uuid: string | null;
                    temperature: number | null;
                    hours: number | null;
                    /** what it reports that foretells a failure */
                    warnings: string[];
                }[];
                ports: {
                    wan: {
                        present: boolean;
                        link: boolean;
                        addresses: string[];
                        /** bytes */
                        received: number;
                        /** bytes */
                        sent: number;
                    };
                    lan: {
                        present: boolean;
                        link: boolean;
                        addresses: string[];
                        /** bytes */
                        received: number;
                        /** bytes */
                        sent: number;
                    };
                };
            } | null;
            storage: {
                /** principal of the root key, hex */
                rootKey: string | null;
                /** UUID of a data disk */
                disk: string | null;
                files: number;
                bytes: number;
                /** fragments that were found damaged and written anew */
                mended: number;
                /** milliseconds since 1970 */
                lastMended?: number;
                /** what is wrong with the disk */
                failure?: string;
            } | null;
            tpm: {
                present: boolean;
                manufacturer: string;
                vendor: string;
                firmware: string;
                specification: string;
                /** dictionary attack protection; this box never adds to it */
                lockout: {
                    locked: boolean;
                    /** wrong passwords that count */
                    failures: number;
                    /** so many lock it */
                    maximum: number;
                    /** seconds until one is forgotten */
                    recovery: number;
                };
            } | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/status", {
        ...opts
    }));
}
/**
 * The same every 2 s, as server-sent events
 */
export function getApiStatusEvents(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/status/events", {
        ...opts
    }));
}
/**
 * How the box is, for Prometheus, which sends an API token (bearer_token)
 */
export function getApiMetrics(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/metrics", {
        ...opts
    }));
}
/**
 * How the machine was: curves, second by second for the last hour to hour by hour for two years
 */
export function getApiStatusPast($from: number, to: number, { points }: {
    points?: number;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** of the first point */
            "from": number;
            /** milliseconds from point to point */
            step: number;
            curves: {
                cpu: {
                    /** one for each point; null where nothing was measured */
                    mean: (number | null)[];
                    /** one for each point; null where nothing was measured */
                    most: (number | null)[];
                };
                memory: {
                    /** one for each point; null where nothing was measured */
                    mean: (number | null)[];
                    /** one for each point; null where nothing was measured */
                    most: (number | null)[];
                };
                temperature: {
                    /** one for each point; null where nothing was measured */
                    mean: (number | null)[];
                    /** one for each point; null where nothing was measured */
                    most: (number | null)[];
                };
                received: {
                    /** one for each point; null where nothing was measured */
                    mean: (number | null)[];
                    /** one for each point; null where nothing was measured */
                    most: (number | null)[];
                };
                sent: {
                    /** one for each point; null where nothing was measured */
                    mean: (number | null)[];
                    /** one for each point; null where nothing was measured */
                    most: (number | null)[];
                };
                read: {
                    /** one for each point; null where nothing was measured */
                    mean: (number | null)[];
                    /** one for each point; null where nothing was measured */
                    most: (number | null)[];
                };
                written: {
                    /** one for each point; null where nothing was measured */
                    mean: (number | null)[];
                    /** one for each point; null where nothing was measured */
                    most: (number | null)[];
                };
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/status/past${QS.query(QS.explode({
        "from": $from,
        to,
        points
    }))}`, {
        ...opts
    }));
}
/**
 * Unlock the terminal for 30 s by typing the password again
 */
export function postApiTerminal(body: {
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/terminal", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Restart the box, restart it into its recovery, or switch it off
 */
export function postApiPower(body: {
    act: "reboot" | "recovery" | "power-off";
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/power", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * What the machine says of itself, as text: services, disks, network, logs; no passwords and no keys
 */
export function getApiDiagnostics(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/diagnostics", {
        ...opts
    }));
}
/**
 * API tokens
 */
export function getApiTokens(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            name: string;
            /** milliseconds since 1970 */
            created: number;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/tokens", {
        ...opts
    }));
}
/**
 * Make an API token; its secret is shown once
 */
export function postApiTokens(body: {
    name: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 201;
        data: {
            token: {
                id: string;
                name: string;
                /** milliseconds since 1970 */
                created: number;
            };
            secret: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/tokens", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Delete an API token
 */
export function deleteApiTokensById(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/tokens/${encodeURIComponent(id)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * The network as it is set, what is being tried, and changes
 */
export function getApiNetwork(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** id of the last change; 0: none yet */
            current: number;
            document: {
                version: 1;
                wan: {
                    /** tag that the provider asks for */
                    vlan: number | null;
                    ipv4: {
                        kind: "dhcp";
                    } | {
                        kind: "static";
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** IPv4 address */
                        gateway: string;
                        dns: string[];
                    } | {
                        kind: "pppoe";
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII */
                        password: string;
                    };
                    /** by router advertisements and DHCPv6, with a prefix */
                    ipv6: boolean;
                    /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                    upload: number | null;
                    /** likewise, of what comes */
                    download: number | null;
                };
                lans: {
                    /** the interface is lan-<id> */
                    id: string;
                    /** what people call it */
                    name: string;
                    /** tag on the LAN ports; none for the first network */
                    vlan: number | null;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** reaches the Internet, and nothing else */
                    guest: boolean;
                    dhcp: {
                        /** IPv4 address */
                        "from": string;
                        /** IPv4 address */
                        to: string;
                        /** how long a lease lasts */
                        minutes: number;
                    };
                    reservations: {
                        /** hardware address, in small letters */
                        mac: string;
                        /** IPv4 address */
                        address: string;
                        /** one label of a DNS name, in small letters */
                        name: string;
                    }[];
                }[];
                dns: {
                    upstream: {
                        kind: "provider";
                    } | {
                        kind: "tls";
                        servers: {
                            /** IPv4 or IPv6 address */
                            address: string;
                            /** DNS name, in small letters */
                            name: string;
                        }[];
                    };
                    dnssec: "where-offered" | "always";
                    names: {
                        /** one label of a DNS name, in small letters */
                        name: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    /** these and all beneath them do not exist */
                    blocked: string[];
                    lists: {
                        /** what people call it */
                        name: string;
                        /** fetched each day */
                        url: string;
                    }[];
                    /** these exist, whatever a list says */
                    allowed: string[];
                };
                forwards: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** IPv4 address */
                    address: string;
                    toPort: number;
                }[];
                pinholes: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** the address's last 64 bits, which stay when the provider gives another prefix */
                    host: string;
                }[];
                /** whether devices at home may open ports for themselves */
                upnp: boolean;
                dynamicName: {
                    service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                    /** of another service, which speaks the protocol dyndns2 */
                    server: string | null;
                    /** DNS name, in small letters */
                    name: string;
                    /** printable ASCII */
                    user: string;
                    /** printable ASCII; some services have none */
                    password: string;
                } | null;
                vpn: {
                    port: number;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** DNS name, in small letters */
                    endpoint: string;
                    phones: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    sites: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** null: it calls */
                        endpoint: string | null;
                        networks: string[];
                    }[];
                } | null;
                wifi: {
                    /** ISO 3166-1, by which the law of the air goes */
                    country: string;
                    radios: {
                        /** the adapter's interface */
                        name: string;
                        /** hardware address, in small letters */
                        address: string;
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                        channel: number | null;
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    }[];
                    networks: {
                        /** its name, of no more than 32 bytes */
                        ssid: string;
                        /** 8 to 63 characters of printable ASCII */
                        password: string;
                        security: "wpa3" | "wpa2-wpa3" | "wpa2";
                        /** id of the network that its devices are in */
                        lan: string;
                    }[];
                } | null;
            };
            /** addresses on which the box answers until old leases are over */
            former: string[];
            trial: {
                document: {
                    version: 1;
                    wan: {
                        /** tag that the provider asks for */
                        vlan: number | null;
                        ipv4: {
                            kind: "dhcp";
                        } | {
                            kind: "static";
                            /** IPv4 address with the length of its network's prefix */
                            address: string;
                            /** IPv4 address */
                            gateway: string;
                            dns: string[];
                        } | {
                            kind: "pppoe";
                            /** printable ASCII */
                            user: string;
                            /** printable ASCII */
                            password: string;
                        };
                        /** by router advertisements and DHCPv6, with a prefix */
                        ipv6: boolean;
                        /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                        upload: number | null;
                        /** likewise, of what comes */
                        download: number | null;
                    };
                    lans: {
                        /** the interface is lan-<id> */
                        id: string;
                        /** what people call it */
                        name: string;
                        /** tag on the LAN ports; none for the first network */
                        vlan: number | null;
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** reaches the Internet, and nothing else */
                        guest: boolean;
                        dhcp: {
                            /** IPv4 address */
                            "from": string;
                            /** IPv4 address */
                            to: string;
                            /** how long a lease lasts */
                            minutes: number;
                        };
                        reservations: {
                            /** hardware address, in small letters */
                            mac: string;
                            /** IPv4 address */
                            address: string;
                            /** one label of a DNS name, in small letters */
                            name: string;
                        }[];
                    }[];
                    dns: {
                        upstream: {
                            kind: "provider";
                        } | {
                            kind: "tls";
                            servers: {
                                /** IPv4 or IPv6 address */
                                address: string;
                                /** DNS name, in small letters */
                                name: string;
                            }[];
                        };
                        dnssec: "where-offered" | "always";
                        names: {
                            /** one label of a DNS name, in small letters */
                            name: string;
                            /** IPv4 address */
                            address: string;
                        }[];
                        /** these and all beneath them do not exist */
                        blocked: string[];
                        lists: {
                            /** what people call it */
                            name: string;
                            /** fetched each day */
                            url: string;
                        }[];
                        /** these exist, whatever a list says */
                        allowed: string[];
                    };
                    forwards: {
                        /** what people call it */
                        name: string;
                        protocol: "tcp" | "udp" | "both";
                        port: number;
                        /** IPv4 address */
                        address: string;
                        toPort: number;
                    }[];
                    pinholes: {
                        /** what people call it */
                        name: string;
                        protocol: "tcp" | "udp" | "both";
                        port: number;
                        /** the address's last 64 bits, which stay when the provider gives another prefix */
                        host: string;
                    }[];
                    /** whether devices at home may open ports for themselves */
                    upnp: boolean;
                    dynamicName: {
                        service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                        /** of another service, which speaks the protocol dyndns2 */
                        server: string | null;
                        /** DNS name, in small letters */
                        name: string;
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII; some services have none */
                        password: string;
                    } | null;
                    vpn: {
                        port: number;
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** DNS name, in small letters */
                        endpoint: string;
                        phones: {
                            /** what people call it */
                            name: string;
                            /** WireGuard's, in base64 */
                            publicKey: string;
                            /** IPv4 address */
                            address: string;
                        }[];
                        sites: {
                            /** what people call it */
                            name: string;
                            /** WireGuard's, in base64 */
                            publicKey: string;
                            /** null: it calls */
                            endpoint: string | null;
                            networks: string[];
                        }[];
                    } | null;
                    wifi: {
                        /** ISO 3166-1, by which the law of the air goes */
                        country: string;
                        radios: {
                            /** the adapter's interface */
                            name: string;
                            /** hardware address, in small letters */
                            address: string;
                            /** GHz */
                            band: "2.4" | "5" | "6";
                            /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                            channel: number | null;
                            /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                            generation: 4 | 5 | 6;
                        }[];
                        networks: {
                            /** its name, of no more than 32 bytes */
                            ssid: string;
                            /** 8 to 63 characters of printable ASCII */
                            password: string;
                            security: "wpa3" | "wpa2-wpa3" | "wpa2";
                            /** id of the network that its devices are in */
                            lan: string;
                        }[];
                    } | null;
                };
                who: string;
                /** confirms it */
                token: string;
                /** seconds */
                remaining: number;
            } | null;
            history: {
                id: number;
                /** milliseconds since 1970 */
                at: number;
                who: string;
                /** what it changed */
                what: string[];
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network", {
        ...opts
    }));
}
/**
 * The network that was kept last, as the files' backup has it: on a new box, that of the one before
 */
export function getApiNetworkBackup(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            document: {
                version: 1;
                wan: {
                    /** tag that the provider asks for */
                    vlan: number | null;
                    ipv4: {
                        kind: "dhcp";
                    } | {
                        kind: "static";
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** IPv4 address */
                        gateway: string;
                        dns: string[];
                    } | {
                        kind: "pppoe";
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII */
                        password: string;
                    };
                    /** by router advertisements and DHCPv6, with a prefix */
                    ipv6: boolean;
                    /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                    upload: number | null;
                    /** likewise, of what comes */
                    download: number | null;
                };
                lans: {
                    /** the interface is lan-<id> */
                    id: string;
                    /** what people call it */
                    name: string;
                    /** tag on the LAN ports; none for the first network */
                    vlan: number | null;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** reaches the Internet, and nothing else */
                    guest: boolean;
                    dhcp: {
                        /** IPv4 address */
                        "from": string;
                        /** IPv4 address */
                        to: string;
                        /** how long a lease lasts */
                        minutes: number;
                    };
                    reservations: {
                        /** hardware address, in small letters */
                        mac: string;
                        /** IPv4 address */
                        address: string;
                        /** one label of a DNS name, in small letters */
                        name: string;
                    }[];
                }[];
                dns: {
                    upstream: {
                        kind: "provider";
                    } | {
                        kind: "tls";
                        servers: {
                            /** IPv4 or IPv6 address */
                            address: string;
                            /** DNS name, in small letters */
                            name: string;
                        }[];
                    };
                    dnssec: "where-offered" | "always";
                    names: {
                        /** one label of a DNS name, in small letters */
                        name: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    /** these and all beneath them do not exist */
                    blocked: string[];
                    lists: {
                        /** what people call it */
                        name: string;
                        /** fetched each day */
                        url: string;
                    }[];
                    /** these exist, whatever a list says */
                    allowed: string[];
                };
                forwards: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** IPv4 address */
                    address: string;
                    toPort: number;
                }[];
                pinholes: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** the address's last 64 bits, which stay when the provider gives another prefix */
                    host: string;
                }[];
                /** whether devices at home may open ports for themselves */
                upnp: boolean;
                dynamicName: {
                    service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                    /** of another service, which speaks the protocol dyndns2 */
                    server: string | null;
                    /** DNS name, in small letters */
                    name: string;
                    /** printable ASCII */
                    user: string;
                    /** printable ASCII; some services have none */
                    password: string;
                } | null;
                vpn: {
                    port: number;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** DNS name, in small letters */
                    endpoint: string;
                    phones: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    sites: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** null: it calls */
                        endpoint: string | null;
                        networks: string[];
                    }[];
                } | null;
                wifi: {
                    /** ISO 3166-1, by which the law of the air goes */
                    country: string;
                    radios: {
                        /** the adapter's interface */
                        name: string;
                        /** hardware address, in small letters */
                        address: string;
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                        channel: number | null;
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    }[];
                    networks: {
                        /** its name, of no more than 32 bytes */
                        ssid: string;
                        /** 8 to 63 characters of printable ASCII */
                        password: string;
                        security: "wpa3" | "wpa2-wpa3" | "wpa2";
                        /** id of the network that its devices are in */
                        lan: string;
                    }[];
                } | null;
            } | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/backup", {
        ...opts
    }));
}
/**
 * The line to the Internet, the devices, and what is wrong
 */
export function getApiNetworkNow(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            wan: {
                link: boolean;
                /** with the length of their prefixes */
                addresses: string[];
                gateway: string | null;
            };
            devices: {
                mac: string;
                address: string;
                name: string | null;
                /** id of its network */
                lan: string;
                /** whether it was heard of just now */
                here: boolean;
                /** dBm, how well its Wi-Fi is heard; null by cable */
                signal: number | null;
                /** bytes to the Internet since the rules were loaded */
                sent: number;
                /** bytes from the Internet, likewise */
                received: number;
                /** end of its lease, milliseconds since 1970 */
                until: number | null;
            }[];
            opened: {
                protocol: string;
                port: number;
                address: string;
                toPort: number;
                /** what the device calls it */
                words: string;
            }[];
            adapters: {
                proposed: {
                    /** the adapter's interface */
                    name: string;
                    /** hardware address, in small letters */
                    address: string;
                    /** GHz */
                    band: "2.4" | "5" | "6";
                    /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                    channel: number | null;
                    /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                    generation: 4 | 5 | 6;
                };
                /** what it can be on which band, at best */
                modes: {
                    /** GHz */
                    band: "2.4" | "5" | "6";
                    /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                    generation: 4 | 5 | 6;
                }[];
                /** that it is on the air on; null where it is not */
                channel: number | null;
            }[];
            lists: {
                url: string;
                /** when it came last, milliseconds since 1970 */
                at: number | null;
                /** that it blocks */
                names: number;
                etag: string | null;
                /** why it did not come just now */
                problem: string | null;
            }[];
            troubles: {
                kind: "link-lost" | "no-address" | "address-clash" | "double-nat" | "dns-dead" | "captive-portal" | "rogue-dhcp" | "wifi-down" | "wifi-gone";
                words: string;
                advice: string;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/now", {
        ...opts
    }));
}
/**
 * How the line to the Internet was in the last day, by minutes
 */
export function getApiNetworkLine(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** its end, milliseconds since 1970 */
            at: number;
            /** whether there was a way to the Internet */
            up: boolean;
            /** bytes */
            received: number;
            /** bytes */
            sent: number;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/line", {
        ...opts
    }));
}
/**
 * Ask the Internet about a name or an address, from the box: ping, the path there, or its DNS records
 */
export function postApiNetworkLook(body: {
    tool: "ping" | "path" | "names";
    /** name or address */
    target: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            tool: "ping";
            address: string | null;
            sent: number;
            answers: number[];
        } | {
            tool: "path";
            hops: {
                /** null: this one does not answer */
                address: string | null;
                time: number | null;
            }[];
        } | {
            tool: "names";
            records: {
                "type": string;
                value: string;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/look", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Wake a computer that sleeps, or is off, by its network card (Wake-on-LAN)
 */
export function postApiNetworkWake(body: {
    /** hardware address, in small letters */
    mac: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/wake", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * How fast the line is: friends' boxes fill it for about 20 seconds, first towards here
 */
export function postApiNetworkSpeed(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** milliseconds since 1970 */
            at: number;
            /** bytes a second */
            down: number;
            /** bytes a second */
            up: number;
            idle: number | null;
            full: number | null;
            friends: {
                name: string;
                /** bytes a second */
                down: number;
                /** bytes a second */
                up: number;
                problem: string | null;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/speed", {
        ...opts,
        method: "POST"
    }));
}
/**
 * The network as a change left it; 0 is that of a new box
 */
export function getApiNetworkHistoryById(id: number, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            version: 1;
            wan: {
                /** tag that the provider asks for */
                vlan: number | null;
                ipv4: {
                    kind: "dhcp";
                } | {
                    kind: "static";
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** IPv4 address */
                    gateway: string;
                    dns: string[];
                } | {
                    kind: "pppoe";
                    /** printable ASCII */
                    user: string;
                    /** printable ASCII */
                    password: string;
                };
                /** by router advertisements and DHCPv6, with a prefix */
                ipv6: boolean;
                /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                upload: number | null;
                /** likewise, of what comes */
                download: number | null;
            };
            lans: {
                /** the interface is lan-<id> */
                id: string;
                /** what people call it */
                name: string;
                /** tag on the LAN ports; none for the first network */
                vlan: number | null;
                /** IPv4 address with the length of its network's prefix */
                address: string;
                /** reaches the Internet, and nothing else */
                guest: boolean;
                dhcp: {
                    /** IPv4 address */
                    "from": string;
                    /** IPv4 address */
                    to: string;
                    /** how long a lease lasts */
                    minutes: number;
                };
                reservations: {
                    /** hardware address, in small letters */
                    mac: string;
                    /** IPv4 address */
                    address: string;
                    /** one label of a DNS name, in small letters */
                    name: string;
                }[];
            }[];
            dns: {
                upstream: {
                    kind: "provider";
                } | {
                    kind: "tls";
                    servers: {
                        /** IPv4 or IPv6 address */
                        address: string;
                        /** DNS name, in small letters */
                        name: string;
                    }[];
                };
                dnssec: "where-offered" | "always";
                names: {
                    /** one label of a DNS name, in small letters */
                    name: string;
                    /** IPv4 address */
                    address: string;
                }[];
                /** these and all beneath them do not exist */
                blocked: string[];
                lists: {
                    /** what people call it */
                    name: string;
                    /** fetched each day */
                    url: string;
                }[];
                /** these exist, whatever a list says */
                allowed: string[];
            };
            forwards: {
                /** what people call it */
                name: string;
                protocol: "tcp" | "udp" | "both";
                port: number;
                /** IPv4 address */
                address: string;
                toPort: number;
            }[];
            pinholes: {
                /** what people call it */
                name: string;
                protocol: "tcp" | "udp" | "both";
                port: number;
                /** the address's last 64 bits, which stay when the provider gives another prefix */
                host: string;
            }[];
            /** whether devices at home may open ports for themselves */
            upnp: boolean;
            dynamicName: {
                service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                /** of another service, which speaks the protocol dyndns2 */
                server: string | null;
                /** DNS name, in small letters */
                name: string;
                /** printable ASCII */
                user: string;
                /** printable ASCII; some services have none */
                password: string;
            } | null;
            vpn: {
                port: number;
                /** IPv4 address with the length of its network's prefix */
                address: string;
                /** DNS name, in small letters */
                endpoint: string;
                phones: {
                    /** what people call it */
                    name: string;
                    /** WireGuard's, in base64 */
                    publicKey: string;
                    /** IPv4 address */
                    address: string;
                }[];
                sites: {
                    /** what people call it */
                    name: string;
                    /** WireGuard's, in base64 */
                    publicKey: string;
                    /** null: it calls */
                    endpoint: string | null;
                    networks: string[];
                }[];
            } | null;
            wifi: {
                /** ISO 3166-1, by which the law of the air goes */
                country: string;
                radios: {
                    /** the adapter's interface */
                    name: string;
                    /** hardware address, in small letters */
                    address: string;
                    /** GHz */
                    band: "2.4" | "5" | "6";
                    /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                    channel: number | null;
                    /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                    generation: 4 | 5 | 6;
                }[];
                networks: {
                    /** its name, of no more than 32 bytes */
                    ssid: string;
                    /** 8 to 63 characters of printable ASCII */
                    password: string;
                    security: "wpa3" | "wpa2-wpa3" | "wpa2";
                    /** id of the network that its devices are in */
                    lan: string;
                }[];
            } | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/network/history/${encodeURIComponent(id)}`, {
        ...opts
    }));
}
/**
 * Put another network into force; it is taken back by itself unless it is confirmed in time
 */
export function postApiNetworkTrial(body: {
    document: {
        version: 1;
        wan: {
            /** tag that the provider asks for */
            vlan: number | null;
            ipv4: {
                kind: "dhcp";
            } | {
                kind: "static";
                /** IPv4 address with the length of its network's prefix */
                address: string;
                /** IPv4 address */
                gateway: string;
                dns: string[];
            } | {
                kind: "pppoe";
                /** printable ASCII */
                user: string;
                /** printable ASCII */
                password: string;
            };
            /** by router advertisements and DHCPv6, with a prefix */
            ipv6: boolean;
            /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
            upload: number | null;
            /** likewise, of what comes */
            download: number | null;
        };
        lans: {
            /** the interface is lan-<id> */
            id: string;
            /** what people call it */
            name: string;
            /** tag on the LAN ports; none for the first network */
            vlan: number | null;
            /** IPv4 address with the length of its network's prefix */
            address: string;
            /** reaches the Internet, and nothing else */
            guest: boolean;
            dhcp: {
                /** IPv4 address */
                "from": string;
                /** IPv4 address */
                to: string;
                /** how long a lease lasts */
                minutes: number;
            };
            reservations: {
                /** hardware address, in small letters */
                mac: string;
                /** IPv4 address */
                address: string;
                /** one label of a DNS name, in small letters */
                name: string;
            }[];
        }[];
        dns: {
            upstream: {
                kind: "provider";
            } | {
                kind: "tls";
                servers: {
                    /** IPv4 or IPv6 address */
                    address: string;
                    /** DNS name, in small letters */
                    name: string;
                }[];
            };
            dnssec: "where-offered" | "always";
            names: {
                /** one label of a DNS name, in small letters */
                name: string;
                /** IPv4 address */
                address: string;
            }[];
            /** these and all beneath them do not exist */
            blocked: string[];
            lists: {
                /** what people call it */
                name: string;
                /** fetched each day */
                url: string;
            }[];
            /** these exist, whatever a list says */
            allowed: string[];
        };
        forwards: {
            /** what people call it */
            name: string;
            protocol: "tcp" | "udp" | "both";
            port: number;
            /** IPv4 address */
            address: string;
            toPort: number;
        }[];
        pinholes: {
            /** what people call it */
            name: string;
            protocol: "tcp" | "udp" | "both";
            port: number;
            /** the address's last 64 bits, which stay when the provider gives another prefix */
            host: string;
        }[];
        /** whether devices at home may open ports for themselves */
        upnp: boolean;
        dynamicName: {
            service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
            /** of another service, which speaks the protocol dyndns2 */
            server: string | null;
            /** DNS name, in small letters */
            name: string;
            /** printable ASCII */
            user: string;
            /** printable ASCII; some services have none */
            password: string;
        } | null;
        vpn: {
            port: number;
            /** IPv4 address with the length of its network's prefix */
            address: string;
            /** DNS name, in small letters */
            endpoint: string;
            phones: {
                /** what people call it */
                name: string;
                /** WireGuard's, in base64 */
                publicKey: string;
                /** IPv4 address */
                address: string;
            }[];
            sites: {
                /** what people call it */
                name: string;
                /** WireGuard's, in base64 */
                publicKey: string;
                /** null: it calls */
                endpoint: string | null;
                networks: string[];
            }[];
        } | null;
        wifi: {
            /** ISO 3166-1, by which the law of the air goes */
            country: string;
            radios: {
                /** the adapter's interface */
                name: string;
                /** hardware address, in small letters */
                address: string;
                /** GHz */
                band: "2.4" | "5" | "6";
                /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                channel: number | null;
                /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                generation: 4 | 5 | 6;
            }[];
            networks: {
                /** its name, of no more than 32 bytes */
                ssid: string;
                /** 8 to 63 characters of printable ASCII */
                password: string;
                security: "wpa3" | "wpa2-wpa3" | "wpa2";
                /** id of the network that its devices are in */
                lan: string;
            }[];
        } | null;
    };
    seconds?: number;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            token: string;
            /** seconds */
            remaining: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/trial", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Draw a key for a phone that is to come home by WireGuard; put the phone into the document, and what it takes into the phone
 */
export function postApiNetworkPhone(body: {
    vpn: {
        port: number;
        /** IPv4 address with the length of its network's prefix */
        address: string;
        /** DNS name, in small letters */
        endpoint: string;
        phones: {
            /** what people call it */
            name: string;
            /** WireGuard's, in base64 */
            publicKey: string;
            /** IPv4 address */
            address: string;
        }[];
        sites: {
            /** what people call it */
            name: string;
            /** WireGuard's, in base64 */
            publicKey: string;
            /** null: it calls */
            endpoint: string | null;
            networks: string[];
        }[];
    };
    /** what people call it */
    name: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            phone: {
                /** what people call it */
                name: string;
                /** WireGuard's, in base64 */
                publicKey: string;
                /** IPv4 address */
                address: string;
            };
            /** wg-quick(8) */
            configuration: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/phone", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * The box's WireGuard key, by which a friend's household knows it
 */
export function getApiNetworkKey(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** WireGuard's, in base64 */
            publicKey: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/key", {
        ...opts
    }));
}
/**
 * Keep the network that is being tried
 */
export function postApiNetworkConfirm(body: {
    token: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/confirm", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Take back the network that is being tried
 */
export function postApiNetworkRevert(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** id of the last change; 0: none yet */
            current: number;
            document: {
                version: 1;
                wan: {
                    /** tag that the provider asks for */
                    vlan: number | null;
                    ipv4: {
                        kind: "dhcp";
                    } | {
                        kind: "static";
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** IPv4 address */
                        gateway: string;
                        dns: string[];
                    } | {
                        kind: "pppoe";
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII */
                        password: string;
                    };
                    /** by router advertisements and DHCPv6, with a prefix */
                    ipv6: boolean;
                    /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                    upload: number | null;
                    /** likewise, of what comes */
                    download: number | null;
                };
                lans: {
                    /** the interface is lan-<id> */
                    id: string;
                    /** what people call it */
                    name: string;
                    /** tag on the LAN ports; none for the first network */
                    vlan: number | null;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** reaches the Internet, and nothing else */
                    guest: boolean;
                    dhcp: {
                        /** IPv4 address */
                        "from": string;
                        /** IPv4 address */
                        to: string;
                        /** how long a lease lasts */
                        minutes: number;
                    };
                    reservations: {
                        /** hardware address, in small letters */
                        mac: string;
                        /** IPv4 address */
                        address: string;
                        /** one label of a DNS name, in small letters */
                        name: string;
                    }[];
                }[];
                dns: {
                    upstream: {
                        kind: "provider";
                    } | {
                        kind: "tls";
                        servers: {
                            /** IPv4 or IPv6 address */
                            address: string;
                            /** DNS name, in small letters */
                            name: string;
                        }[];
                    };
                    dnssec: "where-offered" | "always";
                    names: {
                        /** one label of a DNS name, in small letters */
                        name: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    /** these and all beneath them do not exist */
                    blocked: string[];
                    lists: {
                        /** what people call it */
                        name: string;
                        /** fetched each day */
                        url: string;
                    }[];
                    /** these exist, whatever a list says */
                    allowed: string[];
                };
                forwards: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** IPv4 address */
                    address: string;
                    toPort: number;
                }[];
                pinholes: {
                    /** what people call it */
                    name: string;
                    protocol: "tcp" | "udp" | "both";
                    port: number;
                    /** the address's last 64 bits, which stay when the provider gives another prefix */
                    host: string;
                }[];
                /** whether devices at home may open ports for themselves */
                upnp: boolean;
                dynamicName: {
                    service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                    /** of another service, which speaks the protocol dyndns2 */
                    server: string | null;
                    /** DNS name, in small letters */
                    name: string;
                    /** printable ASCII */
                    user: string;
                    /** printable ASCII; some services have none */
                    password: string;
                } | null;
                vpn: {
                    port: number;
                    /** IPv4 address with the length of its network's prefix */
                    address: string;
                    /** DNS name, in small letters */
                    endpoint: string;
                    phones: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** IPv4 address */
                        address: string;
                    }[];
                    sites: {
                        /** what people call it */
                        name: string;
                        /** WireGuard's, in base64 */
                        publicKey: string;
                        /** null: it calls */
                        endpoint: string | null;
                        networks: string[];
                    }[];
                } | null;
                wifi: {
                    /** ISO 3166-1, by which the law of the air goes */
                    country: string;
                    radios: {
                        /** the adapter's interface */
                        name: string;
                        /** hardware address, in small letters */
                        address: string;
                        /** GHz */
                        band: "2.4" | "5" | "6";
                        /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                        channel: number | null;
                        /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                        generation: 4 | 5 | 6;
                    }[];
                    networks: {
                        /** its name, of no more than 32 bytes */
                        ssid: string;
                        /** 8 to 63 characters of printable ASCII */
                        password: string;
                        security: "wpa3" | "wpa2-wpa3" | "wpa2";
                        /** id of the network that its devices are in */
                        lan: string;
                    }[];
                } | null;
            };
            /** addresses on which the box answers until old leases are over */
            former: string[];
            trial: {
                document: {
                    version: 1;
                    wan: {
                        /** tag that the provider asks for */
                        vlan: number | null;
                        ipv4: {
                            kind: "dhcp";
                        } | {
                            kind: "static";
                            /** IPv4 address with the length of its network's prefix */
                            address: string;
                            /** IPv4 address */
                            gateway: string;
                            dns: string[];
                        } | {
                            kind: "pppoe";
                            /** printable ASCII */
                            user: string;
                            /** printable ASCII */
                            password: string;
                        };
                        /** by router advertisements and DHCPv6, with a prefix */
                        ipv6: boolean;
                        /** kbit/s that the line carries, a little less than it has: CAKE then keeps queues short; null for no queue management */
                        upload: number | null;
                        /** likewise, of what comes */
                        download: number | null;
                    };
                    lans: {
                        /** the interface is lan-<id> */
                        id: string;
                        /** what people call it */
                        name: string;
                        /** tag on the LAN ports; none for the first network */
                        vlan: number | null;
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** reaches the Internet, and nothing else */
                        guest: boolean;
                        dhcp: {
                            /** IPv4 address */
                            "from": string;
                            /** IPv4 address */
                            to: string;
                            /** how long a lease lasts */
                            minutes: number;
                        };
                        reservations: {
                            /** hardware address, in small letters */
                            mac: string;
                            /** IPv4 address */
                            address: string;
                            /** one label of a DNS name, in small letters */
                            name: string;
                        }[];
                    }[];
                    dns: {
                        upstream: {
                            kind: "provider";
                        } | {
                            kind: "tls";
                            servers: {
                                /** IPv4 or IPv6 address */
                                address: string;
                                /** DNS name, in small letters */
                                name: string;
                            }[];
                        };
                        dnssec: "where-offered" | "always";
                        names: {
                            /** one label of a DNS name, in small letters */
                            name: string;
                            /** IPv4 address */
                            address: string;
                        }[];
                        /** these and all beneath them do not exist */
                        blocked: string[];
                        lists: {
                            /** what people call it */
                            name: string;
                            /** fetched each day */
                            url: string;
                        }[];
                        /** these exist, whatever a list says */
                        allowed: string[];
                    };
                    forwards: {
                        /** what people call it */
                        name: string;
                        protocol: "tcp" | "udp" | "both";
                        port: number;
                        /** IPv4 address */
                        address: string;
                        toPort: number;
                    }[];
                    pinholes: {
                        /** what people call it */
                        name: string;
                        protocol: "tcp" | "udp" | "both";
                        port: number;
                        /** the address's last 64 bits, which stay when the provider gives another prefix */
                        host: string;
                    }[];
                    /** whether devices at home may open ports for themselves */
                    upnp: boolean;
                    dynamicName: {
                        service: "duckdns" | "freedns" | "noip" | "dyn" | "nsupdate" | "dynu" | "other";
                        /** of another service, which speaks the protocol dyndns2 */
                        server: string | null;
                        /** DNS name, in small letters */
                        name: string;
                        /** printable ASCII */
                        user: string;
                        /** printable ASCII; some services have none */
                        password: string;
                    } | null;
                    vpn: {
                        port: number;
                        /** IPv4 address with the length of its network's prefix */
                        address: string;
                        /** DNS name, in small letters */
                        endpoint: string;
                        phones: {
                            /** what people call it */
                            name: string;
                            /** WireGuard's, in base64 */
                            publicKey: string;
                            /** IPv4 address */
                            address: string;
                        }[];
                        sites: {
                            /** what people call it */
                            name: string;
                            /** WireGuard's, in base64 */
                            publicKey: string;
                            /** null: it calls */
                            endpoint: string | null;
                            networks: string[];
                        }[];
                    } | null;
                    wifi: {
                        /** ISO 3166-1, by which the law of the air goes */
                        country: string;
                        radios: {
                            /** the adapter's interface */
                            name: string;
                            /** hardware address, in small letters */
                            address: string;
                            /** GHz */
                            band: "2.4" | "5" | "6";
                            /** IEEE 802.11's number; null for the quietest, at 6 GHz for 37 */
                            channel: number | null;
                            /** Wi-Fi 4 (802.11n), 5 (ac) or 6 (ax) */
                            generation: 4 | 5 | 6;
                        }[];
                        networks: {
                            /** its name, of no more than 32 bytes */
                            ssid: string;
                            /** 8 to 63 characters of printable ASCII */
                            password: string;
                            security: "wpa3" | "wpa2-wpa3" | "wpa2";
                            /** id of the network that its devices are in */
                            lan: string;
                        }[];
                    } | null;
                };
                who: string;
                /** confirms it */
                token: string;
                /** seconds */
                remaining: number;
            } | null;
            history: {
                id: number;
                /** milliseconds since 1970 */
                at: number;
                who: string;
                /** what it changed */
                what: string[];
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/network/revert", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Whether the box does what it is there for
 */
export function getApiHealth(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            healthy: boolean;
            /** what does not work, in words */
            problems: string[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/health", {
        ...opts
    }));
}
/**
 * What runs, what is newer, and what became of those before
 */
export function getApiUpdates(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** that runs */
            version: string;
            board: string;
            settings: {
                /** URL of a folder with one folder for each board; what is in it is signed. Null: nobody is asked */
                source: string | null;
                /** ask friends' boxes too: each hands on the version that it runs */
                friends: boolean;
                /** install and restart by itself, in the quiet hours */
                automatic: boolean;
                /** minutes since midnight, on the household's clock */
                quiet: {
                    "from": number;
                    to: number;
                };
            };
            /** restart: it is on the disk, and starts with the next boot */
            phase: "idle" | "looking" | "found" | "comparing" | "downloading" | "ready" | "installing" | "restart" | "proving";
            found: {
                version: string;
                notes: string;
                /** bytes of all its parts */
                size: number;
            } | null;
            /** bytes of it that came by the line */
            came: number;
            /** when somebody was asked last, milliseconds since 1970 */
            checked: number | null;
            problem: {
                "type": string;
                words: string;
            } | null;
            health: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                checks: {
                    name: string;
                    good: boolean;
                    words: string;
                }[];
            } | null;
            history: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                good: boolean;
                words: string;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/updates", {
        ...opts
    }));
}
/**
 * How the box keeps itself up to date
 */
export function putApiUpdatesSettings(body: {
    /** URL of a folder with one folder for each board; what is in it is signed. Null: nobody is asked */
    source: string | null;
    /** ask friends' boxes too: each hands on the version that it runs */
    friends: boolean;
    /** install and restart by itself, in the quiet hours */
    automatic: boolean;
    /** minutes since midnight, on the household's clock */
    quiet: {
        "from": number;
        to: number;
    };
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** that runs */
            version: string;
            board: string;
            settings: {
                /** URL of a folder with one folder for each board; what is in it is signed. Null: nobody is asked */
                source: string | null;
                /** ask friends' boxes too: each hands on the version that it runs */
                friends: boolean;
                /** install and restart by itself, in the quiet hours */
                automatic: boolean;
                /** minutes since midnight, on the household's clock */
                quiet: {
                    "from": number;
                    to: number;
                };
            };
            /** restart: it is on the disk, and starts with the next boot */
            phase: "idle" | "looking" | "found" | "comparing" | "downloading" | "ready" | "installing" | "restart" | "proving";
            found: {
                version: string;
                notes: string;
                /** bytes of all its parts */
                size: number;
            } | null;
            /** bytes of it that came by the line */
            came: number;
            /** when somebody was asked last, milliseconds since 1970 */
            checked: number | null;
            problem: {
                "type": string;
                words: string;
            } | null;
            health: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                checks: {
                    name: string;
                    good: boolean;
                    words: string;
                }[];
            } | null;
            history: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                good: boolean;
                words: string;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/updates/settings", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Look for a newer version now, and bring it here if so asked
 */
export function postApiUpdatesCheck(body: {
    /** bring it here if there is one */
    download: boolean;
    /** the source of the settings, friends' boxes, or a USB stick */
    "from": "source" | "friends" | "stick";
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 202;
        data: {
            /** that runs */
            version: string;
            board: string;
            settings: {
                /** URL of a folder with one folder for each board; what is in it is signed. Null: nobody is asked */
                source: string | null;
                /** ask friends' boxes too: each hands on the version that it runs */
                friends: boolean;
                /** install and restart by itself, in the quiet hours */
                automatic: boolean;
                /** minutes since midnight, on the household's clock */
                quiet: {
                    "from": number;
                    to: number;
                };
            };
            /** restart: it is on the disk, and starts with the next boot */
            phase: "idle" | "looking" | "found" | "comparing" | "downloading" | "ready" | "installing" | "restart" | "proving";
            found: {
                version: string;
                notes: string;
                /** bytes of all its parts */
                size: number;
            } | null;
            /** bytes of it that came by the line */
            came: number;
            /** when somebody was asked last, milliseconds since 1970 */
            checked: number | null;
            problem: {
                "type": string;
                words: string;
            } | null;
            health: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                checks: {
                    name: string;
                    good: boolean;
                    words: string;
                }[];
            } | null;
            history: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                good: boolean;
                words: string;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/updates/check", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Stop looking for a newer version, or bringing it here; what came stays, and is not brought again
 */
export function postApiUpdatesStop(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** that runs */
            version: string;
            board: string;
            settings: {
                /** URL of a folder with one folder for each board; what is in it is signed. Null: nobody is asked */
                source: string | null;
                /** ask friends' boxes too: each hands on the version that it runs */
                friends: boolean;
                /** install and restart by itself, in the quiet hours */
                automatic: boolean;
                /** minutes since midnight, on the household's clock */
                quiet: {
                    "from": number;
                    to: number;
                };
            };
            /** restart: it is on the disk, and starts with the next boot */
            phase: "idle" | "looking" | "found" | "comparing" | "downloading" | "ready" | "installing" | "restart" | "proving";
            found: {
                version: string;
                notes: string;
                /** bytes of all its parts */
                size: number;
            } | null;
            /** bytes of it that came by the line */
            came: number;
            /** when somebody was asked last, milliseconds since 1970 */
            checked: number | null;
            problem: {
                "type": string;
                words: string;
            } | null;
            health: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                checks: {
                    name: string;
                    good: boolean;
                    words: string;
                }[];
            } | null;
            history: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                good: boolean;
                words: string;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/updates/stop", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Write what was brought into the slot that does not run
 */
export function postApiUpdatesInstall(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 202;
        data: {
            /** that runs */
            version: string;
            board: string;
            settings: {
                /** URL of a folder with one folder for each board; what is in it is signed. Null: nobody is asked */
                source: string | null;
                /** ask friends' boxes too: each hands on the version that it runs */
                friends: boolean;
                /** install and restart by itself, in the quiet hours */
                automatic: boolean;
                /** minutes since midnight, on the household's clock */
                quiet: {
                    "from": number;
                    to: number;
                };
            };
            /** restart: it is on the disk, and starts with the next boot */
            phase: "idle" | "looking" | "found" | "comparing" | "downloading" | "ready" | "installing" | "restart" | "proving";
            found: {
                version: string;
                notes: string;
                /** bytes of all its parts */
                size: number;
            } | null;
            /** bytes of it that came by the line */
            came: number;
            /** when somebody was asked last, milliseconds since 1970 */
            checked: number | null;
            problem: {
                "type": string;
                words: string;
            } | null;
            health: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                checks: {
                    name: string;
                    good: boolean;
                    words: string;
                }[];
            } | null;
            history: {
                version: string;
                /** milliseconds since 1970 */
                at: number;
                good: boolean;
                words: string;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/updates/install", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Restart into what was installed
 */
export function postApiUpdatesRestart(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/updates/restart", {
        ...opts,
        method: "POST"
    }));
}
/**
 * What time it is, in which zone, and who says so
 */
export function getApiClock(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** milliseconds since 1970 */
            time: number;
            settings: {
                /** a zone of IANA's database, such as Europe/Berlin */
                zone: string;
                /** names or addresses of time servers (NTP); none for those of the line, or Debian's */
                servers: string[];
            };
            /** when a time server was heard last, milliseconds since 1970; null where none was since the start */
            "set": number | null;
            /** which one it is */
            server: string | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/clock", {
        ...opts
    }));
}
/**
 * The household's time zone, and which time servers are asked
 */
export function putApiClock(body: {
    /** a zone of IANA's database, such as Europe/Berlin */
    zone: string;
    /** names or addresses of time servers (NTP); none for those of the line, or Debian's */
    servers: string[];
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** milliseconds since 1970 */
            time: number;
            settings: {
                /** a zone of IANA's database, such as Europe/Berlin */
                zone: string;
                /** names or addresses of time servers (NTP); none for those of the line, or Debian's */
                servers: string[];
            };
            /** when a time server was heard last, milliseconds since 1970; null where none was since the start */
            "set": number | null;
            /** which one it is */
            server: string | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/clock", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * What the box shows browsers, and who vouches for it
 */
export function getApiCertificate(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** of what browsers are shown */
            fingerprint: string;
            /** of who vouches for it */
            authority: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/certificate", {
        ...opts
    }));
}
/**
 * The box's own certificate authority (X.509, PEM), to be installed on devices at home
 */
export function getApiAuthority(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/authority", {
        ...opts
    }));
}
/**
 * Destroy this box's keys and all it knows, and restart it as a new one
 */
export function postApiReset(body: {
    /** the box's name, as a confirmation */
    name: string;
    /** whether the data disks' keys are destroyed too */
    eraseDisks: boolean;
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/reset", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * What became of the last reset; empty where there was none
 */
export function getApiReset(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** milliseconds since 1970 */
            at: number;
            /** whether something was not destroyed */
            failed: boolean;
            /** what, for its owner */
            words: string[];
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/reset", {
        ...opts
    }));
}
/**
 * What became of the reset after which this box is a new one
 */
export function getApiSetupReset(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** milliseconds since 1970 */
            at: number;
            /** whether something was not destroyed */
            failed: boolean;
            /** what, for its owner */
            words: string[];
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/setup/reset", {
        ...opts
    }));
}
/**
 * Which doors beside the pages lead to the files
 */
export function getApiDoors(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** WebDAV under /dav */
            webdav: boolean;
            drive: {
                open: boolean;
                /** TCP */
                port: number;
                people: {
                    /** with which they sign in */
                    name: string;
                    share: {
                        id: string;
                        /** for whom it is */
                        name: string;
                        path: string;
                        rights: ("read" | "write" | "list" | "delegate")[];
                        /** milliseconds since 1970 */
                        created: number;
                        /** milliseconds since 1970 */
                        expires: number;
                        /** whom the caps name, hex */
                        principal: string;
                        state: "active" | "ended" | "revoked";
                        /** the name of whoever passed it on */
                        through?: string;
                    };
                }[];
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/doors", {
        ...opts
    }));
}
/**
 * Open and close WebDAV
 */
export function putApiDoors(body: {
    /** WebDAV under /dav */
    webdav: boolean;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** WebDAV under /dav */
            webdav: boolean;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/doors", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Open the network drive, or draw another password for it
 */
export function postApiDoorsDrive(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            open: boolean;
            /** TCP */
            port: number;
            people: {
                /** with which they sign in */
                name: string;
                share: {
                    id: string;
                    /** for whom it is */
                    name: string;
                    path: string;
                    rights: ("read" | "write" | "list" | "delegate")[];
                    /** milliseconds since 1970 */
                    created: number;
                    /** milliseconds since 1970 */
                    expires: number;
                    /** whom the caps name, hex */
                    principal: string;
                    state: "active" | "ended" | "revoked";
                    /** the name of whoever passed it on */
                    through?: string;
                };
            }[];
            /** shown this once */
            password: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/doors/drive", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Close the network drive and void its passwords
 */
export function deleteApiDoorsDrive(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            open: boolean;
            /** TCP */
            port: number;
            people: {
                /** with which they sign in */
                name: string;
                share: {
                    id: string;
                    /** for whom it is */
                    name: string;
                    path: string;
                    rights: ("read" | "write" | "list" | "delegate")[];
                    /** milliseconds since 1970 */
                    created: number;
                    /** milliseconds since 1970 */
                    expires: number;
                    /** whom the caps name, hex */
                    principal: string;
                    state: "active" | "ended" | "revoked";
                    /** the name of whoever passed it on */
                    through?: string;
                };
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/doors/drive", {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Let somebody use the network drive who was given a folder, by a name and a password of their own
 */
export function postApiDoorsDrivePeople(body: {
    /** of the share: what is behind # in its link */
    secret: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            share: string;
            /** with which they sign in */
            name: string;
            /** shown this once */
            password: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/doors/drive/people", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Void what somebody signs in to the network drive with; their share goes on
 */
export function deleteApiDoorsDrivePeopleByShare(share: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            open: boolean;
            /** TCP */
            port: number;
            people: {
                /** with which they sign in */
                name: string;
                share: {
                    id: string;
                    /** for whom it is */
                    name: string;
                    path: string;
                    rights: ("read" | "write" | "list" | "delegate")[];
                    /** milliseconds since 1970 */
                    created: number;
                    /** milliseconds since 1970 */
                    expires: number;
                    /** whom the caps name, hex */
                    principal: string;
                    state: "active" | "ended" | "revoked";
                    /** the name of whoever passed it on */
                    through?: string;
                };
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/doors/drive/people/${encodeURIComponent(share)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Lines of the log: the newest, or the newest before one, that a service wrote, that are as bad, or that have something in them
 */
export function getApiLog({ service, priority, search, before, count }: {
    service?: string;
    priority?: number;
    search?: string;
    before?: string;
    count?: number;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            lines: {
                /** where it is, for further questions */
                cursor: string;
                /** milliseconds since 1970 */
                at: number;
                service: string;
                priority: number;
                message: string;
            }[];
            /** whether there are earlier ones */
            more: boolean;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/log${QS.query(QS.explode({
        service,
        priority,
        search,
        before,
        count
    }))}`, {
        ...opts
    }));
}
/**
 * What has written into the log
 */
export function getApiLogServices(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: string[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/log/services", {
        ...opts
    }));
}
/**
 * Lines as they are written, as server-sent events
 */
export function getApiLogEvents({ service, priority, search, after }: {
    service?: string;
    priority?: number;
    search?: string;
    after?: string;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/log/events${QS.query(QS.explode({
        service,
        priority,
        search,
        after
    }))}`, {
        ...opts
    }));
}
/**
 * What is wrong with the box and what was, and how its owner is told; without passwords and secrets
 */
export function getApiNotices(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** the newest first */
            notices: {
                id: string;
                kind: "disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done";
                /** what it is about, for programs */
                subject: string;
                tone: "trouble" | "news";
                words: string;
                /** what to do; empty where nothing is */
                advice: string;
                /** where in these pages more is said */
                page: string;
                /** milliseconds since 1970 */
                since: number;
                /** when it was over; null where it is not */
                until: number | null;
                /** how often it came back before long */
                times: number;
                /** whether the owner has seen it */
                seen: boolean;
            }[];
            /** that the owner has not seen and did not silence */
            unseen: number;
            settings: {
                mail: {
                    /** name or address */
                    host: string;
                    port: number;
                    user: string | null;
                    password: string | null;
                    /** tls: from the first byte (RFC 8314); starttls: asked for before anything else; none: for a server at home that asks for no password */
                    security: "tls" | "starttls" | "none";
                    /** as name@example.org */
                    "from": string;
                    /** as name@example.org */
                    to: string;
                } | null;
                hook: {
                    url: string;
                    /** with which the header x-coppice-signature is made: sha256= and the HMAC-SHA-256 of the body, hex */
                    secret: string | null;
                } | null;
                /** kinds that are only listed */
                silenced: ("disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done")[];
            };
            channels: {
                mail: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
                hook: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/notices", {
        ...opts
    }));
}
/**
 * How much of it the owner has not seen
 */
export function getApiNoticesUnseen(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** that the owner has not seen and did not silence */
            unseen: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/notices/unseen", {
        ...opts
    }));
}
/**
 * Say that all was seen
 */
export function postApiNoticesSeen(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** the newest first */
            notices: {
                id: string;
                kind: "disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done";
                /** what it is about, for programs */
                subject: string;
                tone: "trouble" | "news";
                words: string;
                /** what to do; empty where nothing is */
                advice: string;
                /** where in these pages more is said */
                page: string;
                /** milliseconds since 1970 */
                since: number;
                /** when it was over; null where it is not */
                until: number | null;
                /** how often it came back before long */
                times: number;
                /** whether the owner has seen it */
                seen: boolean;
            }[];
            /** that the owner has not seen and did not silence */
            unseen: number;
            settings: {
                mail: {
                    /** name or address */
                    host: string;
                    port: number;
                    user: string | null;
                    password: string | null;
                    /** tls: from the first byte (RFC 8314); starttls: asked for before anything else; none: for a server at home that asks for no password */
                    security: "tls" | "starttls" | "none";
                    /** as name@example.org */
                    "from": string;
                    /** as name@example.org */
                    to: string;
                } | null;
                hook: {
                    url: string;
                    /** with which the header x-coppice-signature is made: sha256= and the HMAC-SHA-256 of the body, hex */
                    secret: string | null;
                } | null;
                /** kinds that are only listed */
                silenced: ("disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done")[];
            };
            channels: {
                mail: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
                hook: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/notices/seen", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Look now what is wrong, and send what waits; else it is looked once a minute
 */
export function postApiNoticesLook(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** the newest first */
            notices: {
                id: string;
                kind: "disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done";
                /** what it is about, for programs */
                subject: string;
                tone: "trouble" | "news";
                words: string;
                /** what to do; empty where nothing is */
                advice: string;
                /** where in these pages more is said */
                page: string;
                /** milliseconds since 1970 */
                since: number;
                /** when it was over; null where it is not */
                until: number | null;
                /** how often it came back before long */
                times: number;
                /** whether the owner has seen it */
                seen: boolean;
            }[];
            /** that the owner has not seen and did not silence */
            unseen: number;
            settings: {
                mail: {
                    /** name or address */
                    host: string;
                    port: number;
                    user: string | null;
                    password: string | null;
                    /** tls: from the first byte (RFC 8314); starttls: asked for before anything else; none: for a server at home that asks for no password */
                    security: "tls" | "starttls" | "none";
                    /** as name@example.org */
                    "from": string;
                    /** as name@example.org */
                    to: string;
                } | null;
                hook: {
                    url: string;
                    /** with which the header x-coppice-signature is made: sha256= and the HMAC-SHA-256 of the body, hex */
                    secret: string | null;
                } | null;
                /** kinds that are only listed */
                silenced: ("disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done")[];
            };
            channels: {
                mail: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
                hook: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/notices/look", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Say how to tell: by e-mail, to a program, and of what not. A password or secret that is null stays, for the same server
 */
export function putApiNoticesSettings(body: {
    mail: {
        /** name or address */
        host: string;
        port: number;
        user: string | null;
        password: string | null;
        /** tls: from the first byte (RFC 8314); starttls: asked for before anything else; none: for a server at home that asks for no password */
        security: "tls" | "starttls" | "none";
        /** as name@example.org */
        "from": string;
        /** as name@example.org */
        to: string;
    } | null;
    hook: {
        url: string;
        /** with which the header x-coppice-signature is made: sha256= and the HMAC-SHA-256 of the body, hex */
        secret: string | null;
    } | null;
    /** kinds that are only listed */
    silenced: ("disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done")[];
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** the newest first */
            notices: {
                id: string;
                kind: "disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done";
                /** what it is about, for programs */
                subject: string;
                tone: "trouble" | "news";
                words: string;
                /** what to do; empty where nothing is */
                advice: string;
                /** where in these pages more is said */
                page: string;
                /** milliseconds since 1970 */
                since: number;
                /** when it was over; null where it is not */
                until: number | null;
                /** how often it came back before long */
                times: number;
                /** whether the owner has seen it */
                seen: boolean;
            }[];
            /** that the owner has not seen and did not silence */
            unseen: number;
            settings: {
                mail: {
                    /** name or address */
                    host: string;
                    port: number;
                    user: string | null;
                    password: string | null;
                    /** tls: from the first byte (RFC 8314); starttls: asked for before anything else; none: for a server at home that asks for no password */
                    security: "tls" | "starttls" | "none";
                    /** as name@example.org */
                    "from": string;
                    /** as name@example.org */
                    to: string;
                } | null;
                hook: {
                    url: string;
                    /** with which the header x-coppice-signature is made: sha256= and the HMAC-SHA-256 of the body, hex */
                    secret: string | null;
                } | null;
                /** kinds that are only listed */
                silenced: ("disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done")[];
            };
            channels: {
                mail: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
                hook: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/notices/settings", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Send a message that says nothing else
 */
export function postApiNoticesTest(body: {
    channel: "mail" | "hook";
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** the newest first */
            notices: {
                id: string;
                kind: "disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done";
                /** what it is about, for programs */
                subject: string;
                tone: "trouble" | "news";
                words: string;
                /** what to do; empty where nothing is */
                advice: string;
                /** where in these pages more is said */
                page: string;
                /** milliseconds since 1970 */
                since: number;
                /** when it was over; null where it is not */
                until: number | null;
                /** how often it came back before long */
                times: number;
                /** whether the owner has seen it */
                seen: boolean;
            }[];
            /** that the owner has not seen and did not silence */
            unseen: number;
            settings: {
                mail: {
                    /** name or address */
                    host: string;
                    port: number;
                    user: string | null;
                    password: string | null;
                    /** tls: from the first byte (RFC 8314); starttls: asked for before anything else; none: for a server at home that asks for no password */
                    security: "tls" | "starttls" | "none";
                    /** as name@example.org */
                    "from": string;
                    /** as name@example.org */
                    to: string;
                } | null;
                hook: {
                    url: string;
                    /** with which the header x-coppice-signature is made: sha256= and the HMAC-SHA-256 of the body, hex */
                    secret: string | null;
                } | null;
                /** kinds that are only listed */
                silenced: ("disk-failing" | "disk-missing" | "space-low" | "files-damaged" | "line-down" | "home-network" | "friend-away" | "friend-lost" | "audit-failed" | "promise-broken" | "files-behind" | "service-silent" | "guessing" | "update-ready" | "update-failed" | "update-done")[];
            };
            channels: {
                mail: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
                hook: {
                    /** messages that are yet to be sent */
                    waiting: number;
                    /** when one went out last, milliseconds since 1970 */
                    sent: number | null;
                    /** why the last one did not */
                    problem: string | null;
                };
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/notices/test", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Whether the smart home hears how the box is; without password
 */
export function getApiSmartHome(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            settings: {
                broker: {
                    /** name or address */
                    host: string;
                    port: number;
                    user: string | null;
                    password: string | null;
                    /** whether it is spoken to with encryption; without, a password goes to an address at home only */
                    tls: boolean;
                } | null;
                /** where it looks for new devices: homeassistant, as a rule */
                prefix: string;
            };
            /** when it was told last, milliseconds since 1970 */
            told: number | null;
            /** why it was not since */
            problem: string | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/smart-home", {
        ...opts
    }));
}
/**
 * Say by which broker (MQTT) the smart home hears; none takes the box away there. A password that is null stays, for the same server and user
 */
export function putApiSmartHome(body: {
    broker: {
        /** name or address */
        host: string;
        port: number;
        user: string | null;
        password: string | null;
        /** whether it is spoken to with encryption; without, a password goes to an address at home only */
        tls: boolean;
    } | null;
    /** where it looks for new devices: homeassistant, as a rule */
    prefix: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            settings: {
                broker: {
                    /** name or address */
                    host: string;
                    port: number;
                    user: string | null;
                    password: string | null;
                    /** whether it is spoken to with encryption; without, a password goes to an address at home only */
                    tls: boolean;
                } | null;
                /** where it looks for new devices: homeassistant, as a rule */
                prefix: string;
            };
            /** when it was told last, milliseconds since 1970 */
            told: number | null;
            /** why it was not since */
            problem: string | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/smart-home", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Tell it now; else it is told once a minute
 */
export function postApiSmartHomeTell(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            settings: {
                broker: {
                    /** name or address */
                    host: string;
                    port: number;
                    user: string | null;
                    password: string | null;
                    /** whether it is spoken to with encryption; without, a password goes to an address at home only */
                    tls: boolean;
                } | null;
                /** where it looks for new devices: homeassistant, as a rule */
                prefix: string;
            };
            /** when it was told last, milliseconds since 1970 */
            told: number | null;
            /** why it was not since */
            problem: string | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/smart-home/tell", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Who this box is: keys, certificates, TPM
 */
export function getApiIdentity(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            state: "whole" | "cleared" | "replaced";
            /** in plain words, where it is not whole */
            message: string;
            /** principal: SHA-256 of the node key, hex */
            node: string;
            /** kind of each key */
            keys: {
                node: string;
                attestation: string;
                encryption: string;
            };
            peerId: string;
            /** where the libp2p key is */
            peer: "sealed" | "tpm";
            /** whether it opens in signed images alone */
            peerBound: boolean;
            certificate: {
                serial: string;
                /** milliseconds since 1970 */
                issued: number;
                /** milliseconds since 1970 */
                expires: number;
                boot: number;
            };
            /** TPM name of the attestation key, hex: credentials are made for it */
            attestationName: string;
            endorsement: {
                kind: string;
                name: string;
                maker: {
                    manufacturer: string;
                    model: string;
                    version: string;
                    issuer: string;
                    /** milliseconds since 1970 */
                    expires: number;
                } | null;
                /** whether a trusted maker vouches for it, in words */
                trust: string;
            };
            /** key changes so far */
            links: number;
            revocations: number;
            owner: string | null;
            /** whether the running image has signed PCR policies */
            signedPolicy: boolean;
            /** milliseconds since 1970 */
            created: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity", {
        ...opts
    }));
}
/**
 * Attest this box to itself, by the same exchange as between two boxes
 */
export function postApiIdentityAttest(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            accepted: boolean;
            checks: {
                name: string;
                result: "passed" | "failed" | "noted";
                evidence: string;
            }[];
            /** the node's principal, hex */
            node: string | null;
            /** what was booted, where it is proved */
            boot: {
                /** version as the firmware tells it */
                firmware: string;
                secureBoot: "on" | "off" | "unknown";
                /** Authenticode digests of what the firmware started, in order: boot loader, unified kernel image, kernel */
                applications: string[];
                /** sections of the unified kernel image, as systemd-stub measured them */
                sections: {
                    [key: string]: string;
                };
                /** of the kernel, where its text was given and is the measured one */
                commandLine: string | null;
                /** dm-verity root hash from the command line */
                rootHash: string | null;
                phases: string[];
                machineId: string | null;
            } | null;
            /** of the image, where it is a known one */
            version: string | null;
        } & {
            /** milliseconds since 1970 */
            time: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/attest", {
        ...opts,
        method: "POST"
    }));
}
/**
 * A TPM quote with its logs; bytes in base64
 */
export function postApiIdentityQuote(body: {
    nonce: string;
    pcrs: number[];
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            attest: string;
            signature: string;
            values: any[][];
            attestation: string;
            endorsement: string;
            certificate: string | null;
            eventLog: string;
            measureLog: string;
            commandLine: string;
            reference: string | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/quote", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * What this box shows its peers: libp2p key, device certificate, key links and revocations; bytes in base64
 */
export function getApiIdentityCertificate(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            publicKey: string;
            kind: "sealed" | "tpm";
            certificate: string;
            node: string;
            links: string[];
            revocations: string[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/certificate", {
        ...opts
    }));
}
/**
 * This box's introduction to a verifier; bytes in base64
 */
export function postApiIdentityIntroduce(body: {
    bytes: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            bytes: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/introduce", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * A challenge for a box that introduced itself; bytes in base64
 */
export function postApiIdentityChallenge(body: {
    bytes: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            bytes: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/challenge", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * This box's evidence for a verifier's challenge; bytes in base64
 */
export function postApiIdentityAnswer(body: {
    bytes: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            bytes: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/answer", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * The secret in a credential file for this box; bytes in base64
 */
export function postApiIdentityActivate(body: {
    bytes: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            bytes: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/activate", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Judge another box's evidence
 */
export function postApiIdentityExamine(body: {
    bytes: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            accepted: boolean;
            checks: {
                name: string;
                result: "passed" | "failed" | "noted";
                evidence: string;
            }[];
            /** the node's principal, hex */
            node: string | null;
            /** what was booted, where it is proved */
            boot: {
                /** version as the firmware tells it */
                firmware: string;
                secureBoot: "on" | "off" | "unknown";
                /** Authenticode digests of what the firmware started, in order: boot loader, unified kernel image, kernel */
                applications: string[];
                /** sections of the unified kernel image, as systemd-stub measured them */
                sections: {
                    [key: string]: string;
                };
                /** of the kernel, where its text was given and is the measured one */
                commandLine: string | null;
                /** dm-verity root hash from the command line */
                rootHash: string | null;
                phases: string[];
                machineId: string | null;
            } | null;
            /** of the image, where it is a known one */
            version: string | null;
        } & {
            /** milliseconds since 1970 */
            time: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/examine", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Seal up to 128 bytes so that only this box's TPM opens them
 */
export function postApiIdentitySeal(body: {
    bytes: string;
    image: boolean;
    password?: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            bytes: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/seal", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Open what was sealed
 */
export function postApiIdentityUnseal(body: {
    bytes: string;
    password?: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            bytes: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/unseal", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Which TPMs and images this box accepts
 */
export function getApiIdentityTrust(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            policy: {
                /** certificate: a trusted maker's certificate; first-use: a TPM without one is trusted when first seen, and shown as such */
                endorsement: "certificate" | "first-use";
                /** signed: measured as reference values say that a trusted signer signed; any: what was booted is told and not judged */
                images: "signed" | "any";
                minimumVersion: string | null;
                secureBoot: "required" | "any";
                /** accepted values of PCR 0; none accepts all */
                firmware: string[];
            };
            anchors: {
                kind: "root" | "signer";
                id: string;
                name: string;
                added: boolean;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/trust", {
        ...opts
    }));
}
/**
 * Change what this box accepts
 */
export function putApiIdentityTrustPolicy(body: {
    /** certificate: a trusted maker's certificate; first-use: a TPM without one is trusted when first seen, and shown as such */
    endorsement: "certificate" | "first-use";
    /** signed: measured as reference values say that a trusted signer signed; any: what was booted is told and not judged */
    images: "signed" | "any";
    minimumVersion: string | null;
    secureBoot: "required" | "any";
    /** accepted values of PCR 0; none accepts all */
    firmware: string[];
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            policy: {
                /** certificate: a trusted maker's certificate; first-use: a TPM without one is trusted when first seen, and shown as such */
                endorsement: "certificate" | "first-use";
                /** signed: measured as reference values say that a trusted signer signed; any: what was booted is told and not judged */
                images: "signed" | "any";
                minimumVersion: string | null;
                secureBoot: "required" | "any";
                /** accepted values of PCR 0; none accepts all */
                firmware: string[];
            };
            anchors: {
                kind: "root" | "signer";
                id: string;
                name: string;
                added: boolean;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/trust/policy", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Trust a TPM maker's root or a signer of images
 */
export function postApiIdentityTrustByKind(kind: "root" | "signer", body: {
    pem: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            policy: {
                /** certificate: a trusted maker's certificate; first-use: a TPM without one is trusted when first seen, and shown as such */
                endorsement: "certificate" | "first-use";
                /** signed: measured as reference values say that a trusted signer signed; any: what was booted is told and not judged */
                images: "signed" | "any";
                minimumVersion: string | null;
                secureBoot: "required" | "any";
                /** accepted values of PCR 0; none accepts all */
                firmware: string[];
            };
            anchors: {
                kind: "root" | "signer";
                id: string;
                name: string;
                added: boolean;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/identity/trust/${encodeURIComponent(kind)}`, oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Trust it no more
 */
export function deleteApiIdentityTrustByKindAndId(kind: "root" | "signer", id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            policy: {
                /** certificate: a trusted maker's certificate; first-use: a TPM without one is trusted when first seen, and shown as such */
                endorsement: "certificate" | "first-use";
                /** signed: measured as reference values say that a trusted signer signed; any: what was booted is told and not judged */
                images: "signed" | "any";
                minimumVersion: string | null;
                secureBoot: "required" | "any";
                /** accepted values of PCR 0; none accepts all */
                firmware: string[];
            };
            anchors: {
                kind: "root" | "signer";
                id: string;
                name: string;
                added: boolean;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/identity/trust/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Change the attestation key or the node key
 */
export function postApiIdentityRotate(body: {
    key: "attestation" | "node";
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            state: "whole" | "cleared" | "replaced";
            /** in plain words, where it is not whole */
            message: string;
            /** principal: SHA-256 of the node key, hex */
            node: string;
            /** kind of each key */
            keys: {
                node: string;
                attestation: string;
                encryption: string;
            };
            peerId: string;
            /** where the libp2p key is */
            peer: "sealed" | "tpm";
            /** whether it opens in signed images alone */
            peerBound: boolean;
            certificate: {
                serial: string;
                /** milliseconds since 1970 */
                issued: number;
                /** milliseconds since 1970 */
                expires: number;
                boot: number;
            };
            /** TPM name of the attestation key, hex: credentials are made for it */
            attestationName: string;
            endorsement: {
                kind: string;
                name: string;
                maker: {
                    manufacturer: string;
                    model: string;
                    version: string;
                    issuer: string;
                    /** milliseconds since 1970 */
                    expires: number;
                } | null;
                /** whether a trusted maker vouches for it, in words */
                trust: string;
            };
            /** key changes so far */
            links: number;
            revocations: number;
            owner: string | null;
            /** whether the running image has signed PCR policies */
            signedPolicy: boolean;
            /** milliseconds since 1970 */
            created: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/rotate", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Take the device certificate back; a new libp2p key follows, sealed or in the TPM
 */
export function postApiIdentityRevoke(body: {
    peer: "sealed" | "tpm";
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            state: "whole" | "cleared" | "replaced";
            /** in plain words, where it is not whole */
            message: string;
            /** principal: SHA-256 of the node key, hex */
            node: string;
            /** kind of each key */
            keys: {
                node: string;
                attestation: string;
                encryption: string;
            };
            peerId: string;
            /** where the libp2p key is */
            peer: "sealed" | "tpm";
            /** whether it opens in signed images alone */
            peerBound: boolean;
            certificate: {
                serial: string;
                /** milliseconds since 1970 */
                issued: number;
                /** milliseconds since 1970 */
                expires: number;
                boot: number;
            };
            /** TPM name of the attestation key, hex: credentials are made for it */
            attestationName: string;
            endorsement: {
                kind: string;
                name: string;
                maker: {
                    manufacturer: string;
                    model: string;
                    version: string;
                    issuer: string;
                    /** milliseconds since 1970 */
                    expires: number;
                } | null;
                /** whether a trusted maker vouches for it, in words */
                trust: string;
            };
            /** key changes so far */
            links: number;
            revocations: number;
            owner: string | null;
            /** whether the running image has signed PCR policies */
            signedPolicy: boolean;
            /** milliseconds since 1970 */
            created: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/revoke", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * After the TPM was cleared or replaced: go on in the new one, by the owner's root key
 */
export function postApiIdentityReEnrol(body: {
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            state: "whole" | "cleared" | "replaced";
            /** in plain words, where it is not whole */
            message: string;
            /** principal: SHA-256 of the node key, hex */
            node: string;
            /** kind of each key */
            keys: {
                node: string;
                attestation: string;
                encryption: string;
            };
            peerId: string;
            /** where the libp2p key is */
            peer: "sealed" | "tpm";
            /** whether it opens in signed images alone */
            peerBound: boolean;
            certificate: {
                serial: string;
                /** milliseconds since 1970 */
                issued: number;
                /** milliseconds since 1970 */
                expires: number;
                boot: number;
            };
            /** TPM name of the attestation key, hex: credentials are made for it */
            attestationName: string;
            endorsement: {
                kind: string;
                name: string;
                maker: {
                    manufacturer: string;
                    model: string;
                    version: string;
                    issuer: string;
                    /** milliseconds since 1970 */
                    expires: number;
                } | null;
                /** whether a trusted maker vouches for it, in words */
                trust: string;
            };
            /** key changes so far */
            links: number;
            revocations: number;
            owner: string | null;
            /** whether the running image has signed PCR policies */
            signedPolicy: boolean;
            /** milliseconds since 1970 */
            created: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/identity/re-enrol", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Friends' boxes, what each keeps for the other, and how safe everything is
 */
export function getApiFriends(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            me: {
                id: string;
                name: string;
                peer: string;
                addresses: string[];
                /** whether the box knows an address at which others reach it */
                reachable: boolean;
            };
            /** whether friends keep another or a newer tree than this box has: bring it back before anything else */
            behind: boolean;
            friends: {
                /** principal of the owner's root key, hex */
                id: string;
                /** principal of the box, hex */
                node: string;
                /** libp2p peer id */
                peer: string;
                name: string;
                phase: "pending" | "active" | "leaving" | "lost" | "expelled";
                online: boolean;
                /** milliseconds */
                roundTrip: number | null;
                /** reached through another friend's box */
                relayed: boolean;
                /** milliseconds since 1970 */
                joined: number;
                /** milliseconds since 1970 */
                seen: number;
                addresses: string[];
                household: string;
                city: string;
                attested: {
                    /** milliseconds since 1970 */
                    at: number;
                    accepted: boolean;
                    version: string;
                    reason: string;
                } | null;
                /** share of the time, 0 to 1 */
                availability: number;
                /** share of audits that passed, 0 to 1 */
                score: number;
                audits: {
                    passed: number;
                    lost: number;
                    lying: number;
                    late: number;
                };
                /** fragments that it lost and that are sent again */
                mending: number;
                /** bytes */
                keepsForMe: number;
                /** bytes */
                keptForThem: number;
                /** bytes */
                offer: number;
                /** bytes */
                wish: number;
                asks: {
                    /** for a gigabyte (10^9 bytes) and 30 days, in millionths of the currency; 0 among friends */
                    price: number;
                    currency: string;
                    /** how long a contract is good; it is renewed in time */
                    days: number;
                    /** bytes a second that the provider gives at least; 0: as much as is free */
                    bandwidth: number;
                };
                pays: {
                    /** for a gigabyte (10^9 bytes) and 30 days, in millionths of the currency; 0 among friends */
                    price: number;
                    currency: string;
                };
                /** why there is no new contract; empty where all is well */
                trouble: string;
                mine: {
                    id: string;
                    version: number;
                    /** bytes */
                    space: number;
                    /** for a gigabyte (10^9 bytes) and 30 days, in millionths of the currency; 0 among friends */
                    price: number;
                    currency: string;
                    /** bytes a second that the provider gives at least; 0: as much as is free */
                    bandwidth: number;
                    /** milliseconds since 1970 */
                    "from": number;
                    /** milliseconds since 1970 */
                    until: number;
                } | null;
                theirs: {
                    id: string;
                    version: number;
                    /** bytes */
                    space: number;
                    /** for a gigabyte (10^9 bytes) and 30 days, in millionths of the currency; 0 among friends */
                    price: number;
                    currency: string;
                    /** bytes a second that the provider gives at least; 0: as much as is free */
                    bandwidth: number;
                    /** milliseconds since 1970 */
                    "from": number;
                    /** milliseconds since 1970 */
                    until: number;
                } | null;
            }[];
            invitations: {
                id: string;
                name: string;
                /** milliseconds since 1970 */
                expires: number;
            }[];
            findings: {
                friend: string;
                name: string;
                kind: "unreachable" | "late" | "lost" | "lying";
                /** milliseconds since 1970 */
                at: number;
                evidence: string;
                ours: boolean;
            }[];
            protection: {
                path: string;
                /** how many boxes may be lost, this one included; 0: only on this box */
                losses: number;
                /** boxes that can be lost now, this one included; -1: something is lost; null: nothing is in it */
                survives: number | null;
                /** bytes */
                bytes: number;
                /** bytes that are not yet as promised */
                waiting: number;
            }[];
            progress: {
                /** whether all was looked through since something changed */
                current: boolean;
                done: number;
                /** segments of the present pass */
                total: number;
                /** bytes */
                sent: number;
                /** seconds until the present pass is done */
                left: number | null;
            };
            limits: {
                /** bytes a second; 0 for as much as there is */
                upload: number;
                /** bytes a second; 0 for as much as there is */
                download: number;
                /** other limits from one hour of the day to before another, on the household's clock */
                quiet: {
                    "from": number;
                    to: number;
                    /** bytes a second; 0 for as much as there is */
                    upload: number;
                    /** bytes a second; 0 for as much as there is */
                    download: number;
                } | null;
            };
            apart: "household" | "city";
            line: {
                /** bytes */
                sent: number;
                /** bytes */
                asked: number;
                /** of the limit, that the line leaves at present */
                share: number;
            };
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/friends", {
        ...opts
    }));
}
/**
 * Invite one friend; the words and the text are told this once
 */
export function postApiFriendsInvitations(body: {
    name: string;
    offer: number;
    wish: number;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            /** for the telephone; none where no address is known */
            words: string | null;
            /** for a QR code, or to be sent */
            text: string;
            /** milliseconds since 1970 */
            expires: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/friends/invitations", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Take an invitation back
 */
export function deleteApiFriendsInvitationsById(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/friends/invitations/${encodeURIComponent(id)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Follow a friend's invitation, given as words or as text
 */
export function postApiFriendsJoin(body: {
    invitation: string;
    offer: number;
    wish: number;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/friends/join", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Change what is kept for whom, where a friend lives; let a friend leave, or declare the box lost
 */
export function patchApiFriendsById(id: string, body: {
    name?: string;
    offer?: number;
    wish?: number;
    household?: string;
    city?: string;
    asks?: {
        /** for a gigabyte (10^9 bytes) and 30 days, in millionths of the currency; 0 among friends */
        price: number;
        currency: string;
        /** how long a contract is good; it is renewed in time */
        days: number;
        /** bytes a second that the provider gives at least; 0: as much as is free */
        bandwidth: number;
    };
    pays?: {
        /** for a gigabyte (10^9 bytes) and 30 days, in millionths of the currency; 0 among friends */
        price: number;
        currency: string;
    };
    phase?: "active" | "leaving" | "lost";
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/friends/${encodeURIComponent(id)}`, oazapfts.json({
        ...opts,
        method: "PATCH",
        body
    })));
}
/**
 * Forget a friend whose box keeps nothing any more
 */
export function deleteApiFriendsById(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/friends/${encodeURIComponent(id)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Ask a friend's box now for pieces of what it keeps
 */
export function postApiFriendsByIdAudit(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            leaves: number;
            passed: number;
            verdicts: {
                outcome: string;
                evidence: string;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/friends/${encodeURIComponent(id)}/audit`, {
        ...opts,
        method: "POST"
    }));
}
/**
 * The contracts with a friend, as COSE_Sign (RFC 9052) in base64
 */
export function getApiFriendsByIdContracts(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            mine: string | null;
            theirs: string | null;
            ended: {
                contract: string;
                ending: string | null;
                /** milliseconds since 1970 */
                at: number;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/friends/${encodeURIComponent(id)}/contracts`, {
        ...opts
    }));
}
/**
 * Set how friends see this box, and what they may have of the line
 */
export function putApiFriendsSettings(body: {
    name: string;
    limits: {
        /** bytes a second; 0 for as much as there is */
        upload: number;
        /** bytes a second; 0 for as much as there is */
        download: number;
        /** other limits from one hour of the day to before another, on the household's clock */
        quiet: {
            "from": number;
            to: number;
            /** bytes a second; 0 for as much as there is */
            upload: number;
            /** bytes a second; 0 for as much as there is */
            download: number;
        } | null;
    };
    apart: "household" | "city";
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/friends/settings", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Promise that a folder survives the loss of so many boxes
 */
export function putApiFriendsProtection(body: {
    path: string;
    losses: number | null;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/friends/protection", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * On a new box with the old root key: bring the files back, from one friend's address
 */
export function postApiFriendsRecover(body: {
    address: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            friends: {
                name: string;
                fragments: number;
                commits: number;
            }[];
            files: number;
            /** bytes */
            bytes: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/friends/recover", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * A folder and what is in it, in the byte order of the names
 */
export function getApiFiles({ path, after, limit }: {
    path?: string;
    after?: string;
    limit?: number;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            folder: {
                entry: {
                    /** 32 hexadecimal digits */
                    id: string;
                    name: string;
                    kind: "file" | "directory" | "link";
                    /** bytes */
                    size: number;
                    /** milliseconds since 1970 */
                    modified: number;
                    /** milliseconds since 1970 */
                    changed: number;
                    version: number;
                    /** POSIX permission bits */
                    mode: number;
                    uid: number;
                    gid: number;
                    /** somebody wrote over a version that he did not know */
                    conflict: boolean;
                    shared: boolean;
                };
                path: string;
                layout?: string;
                /** of a symbolic link */
                target?: string;
                lock?: {
                    token: number;
                    holder: string;
                    /** milliseconds since 1970 */
                    expires: number;
                };
                /** extended attributes, values in base64 */
                attributes: {
                    [key: string]: string;
                };
                /** fragments of each segment */
                fragments: number;
                /** how many of them restore it */
                needed: number;
                /** segments outside the block itself; of a random layout, of its pages */
                segments: number;
            };
            entries: {
                /** 32 hexadecimal digits */
                id: string;
                name: string;
                kind: "file" | "directory" | "link";
                /** bytes */
                size: number;
                /** milliseconds since 1970 */
                modified: number;
                /** milliseconds since 1970 */
                changed: number;
                version: number;
                /** POSIX permission bits */
                mode: number;
                uid: number;
                gid: number;
                /** somebody wrote over a version that he did not know */
                conflict: boolean;
                shared: boolean;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/files${QS.query(QS.explode({
        path,
        after,
        limit
    }))}`, {
        ...opts
    }));
}
/**
 * A file or a folder, and how it is kept
 */
export function getApiFilesEntry(path: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            entry: {
                /** 32 hexadecimal digits */
                id: string;
                name: string;
                kind: "file" | "directory" | "link";
                /** bytes */
                size: number;
                /** milliseconds since 1970 */
                modified: number;
                /** milliseconds since 1970 */
                changed: number;
                version: number;
                /** POSIX permission bits */
                mode: number;
                uid: number;
                gid: number;
                /** somebody wrote over a version that he did not know */
                conflict: boolean;
                shared: boolean;
            };
            path: string;
            layout?: string;
            /** of a symbolic link */
            target?: string;
            lock?: {
                token: number;
                holder: string;
                /** milliseconds since 1970 */
                expires: number;
            };
            /** extended attributes, values in base64 */
            attributes: {
                [key: string]: string;
            };
            /** fragments of each segment */
            fragments: number;
            /** how many of them restore it */
            needed: number;
            /** segments outside the block itself; of a random layout, of its pages */
            segments: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/files/entry${QS.query(QS.explode({
        path
    }))}`, {
        ...opts
    }));
}
/**
 * Download a file, a version of it, or (Range) a piece
 */
export function getApiFilesContent(path: string, { version, show }: {
    version?: number;
    show?: boolean;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/files/content${QS.query(QS.explode({
        path,
        version,
        show
    }))}`, {
        ...opts
    }));
}
/**
 * Upload a file; an older version stays in its history when the new one is safe
 */
export function putApiFilesContent(path: string, { layout, modified, base, strict, token }: {
    layout?: "sequential" | "random";
    modified?: number;
    base?: number;
    strict?: boolean;
    token?: number;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** 32 hexadecimal digits */
            id: string;
            name: string;
            kind: "file" | "directory" | "link";
            /** bytes */
            size: number;
            /** milliseconds since 1970 */
            modified: number;
            /** milliseconds since 1970 */
            changed: number;
            version: number;
            /** POSIX permission bits */
            mode: number;
            uid: number;
            gid: number;
            /** somebody wrote over a version that he did not know */
            conflict: boolean;
            shared: boolean;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/files/content${QS.query(QS.explode({
        path,
        layout,
        modified,
        base,
        strict,
        token
    }))}`, {
        ...opts,
        method: "PUT"
    }));
}
/**
 * Make a folder; move, copy, remove, restore, purge; snapshot; change attributes
 */
export function postApiFilesAct(body: {
    act: "directory";
    parent: string;
    name: string;
    mode?: number;
    uid?: number;
    gid?: number;
    modified?: number;
} | {
    act: "file";
    parent: string;
    name: string;
    mode?: number;
    uid?: number;
    gid?: number;
    modified?: number;
    layout?: "sequential" | "random";
} | {
    act: "link";
    parent: string;
    name: string;
    mode?: number;
    uid?: number;
    gid?: number;
    modified?: number;
    target: string;
} | {
    act: "move";
    at: string;
    parent: string;
    name: string;
    replace?: boolean;
    token?: number;
} | {
    act: "copy";
    at: string;
    parent: string;
    name: string;
} | {
    act: "remove";
    at: string;
    token?: number;
} | {
    act: "discard";
    at: string;
    token?: number;
} | {
    act: "restore";
    id: string;
} | {
    act: "purge";
    id: string;
} | {
    act: "attributes";
    at: string;
    mode?: number;
    uid?: number;
    gid?: number;
    modified?: number;
    /** values in base64 */
    attributes?: {
        [key: string]: string;
    };
    token?: number;
} | {
    act: "restore-version";
    at: string;
    version: number;
} | {
    act: "settle";
    at: string;
} | {
    act: "snapshot";
    at: string;
    name: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** 32 hexadecimal digits */
            id: string;
            name: string;
            kind: "file" | "directory" | "link";
            /** bytes */
            size: number;
            /** milliseconds since 1970 */
            modified: number;
            /** milliseconds since 1970 */
            changed: number;
            version: number;
            /** POSIX permission bits */
            mode: number;
            uid: number;
            gid: number;
            /** somebody wrote over a version that he did not know */
            conflict: boolean;
            shared: boolean;
        } | null;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/files/act", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * The versions of a file, the newest first
 */
export function getApiFilesHistory(path: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            version: number;
            size: number;
            modified: number;
            written: number;
            /** principal of who wrote it, hex; of the node where one signed for the owner */
            writer: string;
            /** the version that its writer did not know; 0 for none */
            conflict: number;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/files/history${QS.query(QS.explode({
        path
    }))}`, {
        ...opts
    }));
}
/**
 * What was removed and can be restored
 */
export function getApiFilesBin(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            entry: {
                /** 32 hexadecimal digits */
                id: string;
                name: string;
                kind: "file" | "directory" | "link";
                /** bytes */
                size: number;
                /** milliseconds since 1970 */
                modified: number;
                /** milliseconds since 1970 */
                changed: number;
                version: number;
                /** POSIX permission bits */
                mode: number;
                uid: number;
                gid: number;
                /** somebody wrote over a version that he did not know */
                conflict: boolean;
                shared: boolean;
            };
            /** where it was */
            origin: string;
            /** milliseconds since 1970 */
            removed: number;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/files/bin", {
        ...opts
    }));
}
/**
 * Files and folders by words in their names
 */
export function getApiFilesSearch(words: string, { limit }: {
    limit?: number;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            entries: {
                path: string;
                entry: {
                    /** 32 hexadecimal digits */
                    id: string;
                    name: string;
                    kind: "file" | "directory" | "link";
                    /** bytes */
                    size: number;
                    /** milliseconds since 1970 */
                    modified: number;
                    /** milliseconds since 1970 */
                    changed: number;
                    version: number;
                    /** POSIX permission bits */
                    mode: number;
                    uid: number;
                    gid: number;
                    /** somebody wrote over a version that he did not know */
                    conflict: boolean;
                    shared: boolean;
                };
            }[];
            /** whether all was looked through, and all is told */
            complete: boolean;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/files/search${QS.query(QS.explode({
        words,
        limit
    }))}`, {
        ...opts
    }));
}
/**
 * The snapshots, which are folders under /.snapshots
 */
export function getApiFilesSnapshots(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** 32 hexadecimal digits */
            id: string;
            name: string;
            kind: "file" | "directory" | "link";
            /** bytes */
            size: number;
            /** milliseconds since 1970 */
            modified: number;
            /** milliseconds since 1970 */
            changed: number;
            version: number;
            /** POSIX permission bits */
            mode: number;
            uid: number;
            gid: number;
            /** somebody wrote over a version that he did not know */
            conflict: boolean;
            shared: boolean;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/files/snapshots", {
        ...opts
    }));
}
/**
 * What happens in a folder, as server-sent events
 */
export function getApiFilesWatch(path: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/files/watch${QS.query(QS.explode({
        path
    }))}`, {
        ...opts
    }));
}
/**
 * Check every signature, chain of caps and content beneath a path; answers with lines of JSON
 */
export function getApiFilesVerify(path: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/files/verify${QS.query(QS.explode({
        path
    }))}`, {
        ...opts
    }));
}
/**
 * What is shared with whom, those that ended too
 */
export function getApiShares(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            shares: {
                id: string;
                /** for whom it is */
                name: string;
                path: string;
                rights: ("read" | "write" | "list" | "delegate")[];
                /** milliseconds since 1970 */
                created: number;
                /** milliseconds since 1970 */
                expires: number;
                /** whom the caps name, hex */
                principal: string;
                state: "active" | "ended" | "revoked";
                /** the name of whoever passed it on */
                through?: string;
            }[];
            requests: {
                share: {
                    id: string;
                    /** for whom it is */
                    name: string;
                    path: string;
                    rights: ("read" | "write" | "list" | "delegate")[];
                    /** milliseconds since 1970 */
                    created: number;
                    /** milliseconds since 1970 */
                    expires: number;
                    /** whom the caps name, hex */
                    principal: string;
                    state: "active" | "ended" | "revoked";
                    /** the name of whoever passed it on */
                    through?: string;
                };
                words: string;
                /** milliseconds since 1970 */
                at: number;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shares", {
        ...opts
    }));
}
/**
 * Share a file or a folder; the secret is told this once
 */
export function postApiShares(body: {
    path: string;
    name: string;
    /** may add, change and delete */
    write: boolean;
    /** may pass on what they have, or less */
    delegate?: boolean;
    /** milliseconds since 1970 */
    expires: number;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            share: {
                id: string;
                /** for whom it is */
                name: string;
                path: string;
                rights: ("read" | "write" | "list" | "delegate")[];
                /** milliseconds since 1970 */
                created: number;
                /** milliseconds since 1970 */
                expires: number;
                /** whom the caps name, hex */
                principal: string;
                state: "active" | "ended" | "revoked";
                /** the name of whoever passed it on */
                through?: string;
            };
            secret: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shares", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Take a share back
 */
export function deleteApiSharesById(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/shares/${encodeURIComponent(id)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Draw a new link for a share; the old one is void
 */
export function postApiSharesByIdRenew(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            share: {
                id: string;
                /** for whom it is */
                name: string;
                path: string;
                rights: ("read" | "write" | "list" | "delegate")[];
                /** milliseconds since 1970 */
                created: number;
                /** milliseconds since 1970 */
                expires: number;
                /** whom the caps name, hex */
                principal: string;
                state: "active" | "ended" | "revoked";
                /** the name of whoever passed it on */
                through?: string;
            };
            secret: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/shares/${encodeURIComponent(id)}/renew`, {
        ...opts,
        method: "POST"
    }));
}
/**
 * Which boxes sign in the owner's name
 */
export function getApiBoxes(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            principal: string;
            /** milliseconds since 1970 */
            created: number;
            /** whether it is this one */
            own: boolean;
            /** whether what it signs now is refused */
            revoked: boolean;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/boxes", {
        ...opts
    }));
}
/**
 * Refuse what a lost box signs from now on
 */
export function deleteApiBoxesByPrincipal(principal: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/boxes/${encodeURIComponent(principal)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Let somebody write who asked for it, or not
 */
export function postApiSharesByIdAnswer(id: string, body: {
    allow: boolean;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/shares/${encodeURIComponent(id)}/answer`, oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Come in with the secret of a link
 */
export function postApiSharedSession(body: {
    secret: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            /** for whom it is */
            name: string;
            path: string;
            rights: ("read" | "write" | "list" | "delegate")[];
            /** milliseconds since 1970 */
            created: number;
            /** milliseconds since 1970 */
            expires: number;
            /** whom the caps name, hex */
            principal: string;
            state: "active" | "ended" | "revoked";
            /** the name of whoever passed it on */
            through?: string;
            /** whether it is a network folder too, under /dav */
            webdav: boolean;
            /** the name by which its holder signs in; null where he has none */
            account: string | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shared/session", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Sign out
 */
export function deleteApiSharedSession(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shared/session", {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * What the link gives
 */
export function getApiShared(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            /** for whom it is */
            name: string;
            path: string;
            rights: ("read" | "write" | "list" | "delegate")[];
            /** milliseconds since 1970 */
            created: number;
            /** milliseconds since 1970 */
            expires: number;
            /** whom the caps name, hex */
            principal: string;
            state: "active" | "ended" | "revoked";
            /** the name of whoever passed it on */
            through?: string;
            /** whether it is a network folder too, under /dav */
            webdav: boolean;
            /** the name by which its holder signs in; null where he has none */
            account: string | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shared", {
        ...opts
    }));
}
/**
 * A shared folder, or a shared file alone
 */
export function getApiSharedFiles(path: string, { after }: {
    after?: string;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            folder: {
                entry: {
                    /** 32 hexadecimal digits */
                    id: string;
                    name: string;
                    kind: "file" | "directory" | "link";
                    /** bytes */
                    size: number;
                    /** milliseconds since 1970 */
                    modified: number;
                    /** milliseconds since 1970 */
                    changed: number;
                    version: number;
                    /** POSIX permission bits */
                    mode: number;
                    uid: number;
                    gid: number;
                    /** somebody wrote over a version that he did not know */
                    conflict: boolean;
                    shared: boolean;
                };
                path: string;
                layout?: string;
                /** of a symbolic link */
                target?: string;
                lock?: {
                    token: number;
                    holder: string;
                    /** milliseconds since 1970 */
                    expires: number;
                };
                /** extended attributes, values in base64 */
                attributes: {
                    [key: string]: string;
                };
                /** fragments of each segment */
                fragments: number;
                /** how many of them restore it */
                needed: number;
                /** segments outside the block itself; of a random layout, of its pages */
                segments: number;
            };
            entries: {
                /** 32 hexadecimal digits */
                id: string;
                name: string;
                kind: "file" | "directory" | "link";
                /** bytes */
                size: number;
                /** milliseconds since 1970 */
                modified: number;
                /** milliseconds since 1970 */
                changed: number;
                version: number;
                /** POSIX permission bits */
                mode: number;
                uid: number;
                gid: number;
                /** somebody wrote over a version that he did not know */
                conflict: boolean;
                shared: boolean;
            }[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/shared/files${QS.query(QS.explode({
        path,
        after
    }))}`, {
        ...opts
    }));
}
/**
 * Download a shared file, or (Range) a piece of it
 */
export function getApiSharedContent(path: string, { show }: {
    show?: boolean;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/shared/content${QS.query(QS.explode({
        path,
        show
    }))}`, {
        ...opts
    }));
}
/**
 * Upload a file into a shared folder
 */
export function putApiSharedContent(path: string, { modified }: {
    modified?: number;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** 32 hexadecimal digits */
            id: string;
            name: string;
            kind: "file" | "directory" | "link";
            /** bytes */
            size: number;
            /** milliseconds since 1970 */
            modified: number;
            /** milliseconds since 1970 */
            changed: number;
            version: number;
            /** POSIX permission bits */
            mode: number;
            uid: number;
            gid: number;
            /** somebody wrote over a version that he did not know */
            conflict: boolean;
            shared: boolean;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/shared/content${QS.query(QS.explode({
        path,
        modified
    }))}`, {
        ...opts,
        method: "PUT"
    }));
}
/**
 * Throw something shared into the owner's bin
 */
export function postApiSharedRemove(body: {
    path: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shared/remove", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Pass on what one has, or less; the secret is told this once
 */
export function postApiSharedPassOn(body: {
    path: string;
    name: string;
    /** may add, change and delete */
    write: boolean;
    /** may pass on what they have, or less */
    delegate?: boolean;
    /** milliseconds since 1970 */
    expires: number;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            share: {
                id: string;
                /** for whom it is */
                name: string;
                path: string;
                rights: ("read" | "write" | "list" | "delegate")[];
                /** milliseconds since 1970 */
                created: number;
                /** milliseconds since 1970 */
                expires: number;
                /** whom the caps name, hex */
                principal: string;
                state: "active" | "ended" | "revoked";
                /** the name of whoever passed it on */
                through?: string;
            };
            secret: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shared/pass-on", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Ask the owner for the right to add and change
 */
export function postApiSharedRequest(body: {
    words: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shared/request", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Who signs in beside the owner
 */
export function getApiPeople(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            name: string;
            share: string;
            /** milliseconds since 1970 */
            made: number;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/people", {
        ...opts
    }));
}
/**
 * Take somebody out: his name, his password, and what was shared with him
 */
export function deleteApiPeopleById(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            name: string;
            share: string;
            /** milliseconds since 1970 */
            made: number;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/people/${encodeURIComponent(id)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Take a name and a password, to come back without the link that one came with
 */
export function postApiSharedAccount(body: {
    name: string;
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            name: string;
            share: string;
            /** milliseconds since 1970 */
            made: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shared/account", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Change one's own password
 */
export function putApiSharedAccountPassword(body: {
    name: string;
    password: string;
    fresh: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/shared/account/password", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Data disks, what is on them, scrub and mending
 */
export function getApiStore(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            disks: {
                uuid: string;
                /** draining: its fragments move to the other disks */
                state: "ok" | "draining" | "failed" | "missing";
                /** what is wrong, and what to do */
                failure?: string;
                /** bytes of fragments that were on it when that began */
                draining?: number;
                /** bytes */
                total: number;
                /** bytes that fragments may still take */
                free: number;
                /** bytes of fragments */
                stored: number;
                packs: number;
                /** fragments that were made anew on it so far */
                mended: number;
                /** reads that the disk refused since the start */
                readErrors: number;
            }[];
            usage: {
                /** hex; zeros are the owner's files */
                account: string;
                kind: "files" | "objects" | "peer";
                /** bytes of fragments */
                bytes: number;
                fragments: number;
                quota: number | null;
            }[];
            scrub: {
                settings: {
                    /** days in which everything is read once */
                    periodDays: number;
                    /** bytes a second at most */
                    rate: number;
                    /** milliseconds since 1970; 0 for not at all */
                    pausedUntil: number;
                };
                progress?: {
                    /** bytes that were read and compared */
                    verified: number;
                    /** fragments that did not match their name, or were not there */
                    damaged: number;
                    /** fragments that were made anew */
                    mended: number;
                    /** sound fragments that were written elsewhere: from a disk that is to be emptied, or with a damaged record */
                    moved: number;
                    /** segments that could not be restored */
                    lost: {
                        account: string;
                        block: string;
                        segment: number;
                    }[];
                    /** milliseconds since 1970 */
                    started: number;
                    /** bytes to be read */
                    total: number;
                    /** UUID of the disk that is being read */
                    disk?: string;
                };
                last?: {
                    /** bytes that were read and compared */
                    verified: number;
                    /** fragments that did not match their name, or were not there */
                    damaged: number;
                    /** fragments that were made anew */
                    mended: number;
                    /** sound fragments that were written elsewhere: from a disk that is to be emptied, or with a damaged record */
                    moved: number;
                    /** segments that could not be restored */
                    lost: {
                        account: string;
                        block: string;
                        segment: number;
                    }[];
                    /** milliseconds since 1970 */
                    ended: number;
                };
            };
            days: {
                /** days since 1970 */
                day: number;
                /** bytes that were read and compared */
                verified: number;
                mended: number;
                lost: number;
            }[];
            /** the newest first */
            mendings: {
                /** milliseconds since 1970 */
                at: number;
                account: string;
                block: string;
                segment: number;
                index: number;
                /** lost: the segment could not be restored */
                cause: "rotten" | "missing" | "lost";
            }[];
            /** the machine's disks, with their health */
            machine: {
                name: string;
                model: string;
                serial: string;
                /** bytes */
                size: number;
                used: number | null;
                available: number | null;
                role: "system" | "data" | "unused";
                health: "good" | "failing" | "unknown";
                /** of a data disk that is open */
                uuid: string | null;
                temperature: number | null;
                hours: number | null;
                /** what it reports that foretells a failure */
                warnings: string[];
            }[];
            /** a disk that is being added */
            work: {
                name: string;
                step: string;
                done: number;
                "of": number;
                /** set when the disk is ready */
                uuid?: string;
                failure?: string;
            } | null;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/store", {
        ...opts
    }));
}
/**
 * Set period, rate and pause of the scrub, and quotas
 */
export function putApiStoreSettings(body: {
    scrub: {
        /** days in which everything is read once */
        periodDays: number;
        /** bytes a second at most */
        rate: number;
        /** milliseconds since 1970; 0 for not at all */
        pausedUntil: number;
    };
    quotas: {
        account: string;
        bytes: number;
    }[];
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/store/settings", oazapfts.json({
        ...opts,
        method: "PUT",
        body
    })));
}
/**
 * Read and mend everything now
 */
export function postApiStoreScrub(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/store/scrub", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Make the index anew from what is on the disks
 */
export function postApiStoreReindex(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/store/reindex", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Look for disks that came back, and open failed ones again
 */
export function postApiStoreRescan(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/store/rescan", {
        ...opts,
        method: "POST"
    }));
}
/**
 * Disks that could become data disks
 */
export function getApiStoreCandidates(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            /** stays the same across reboots */
            id: string;
            /** what the owner types to erase it */
            name: string;
            model: string;
            serial: string;
            /** bytes */
            size: number;
            /** what is on it now; empty for an empty disk */
            contents: string[];
            /** of a data disk of this box that is open */
            uuid: string | null;
        }[];
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/store/candidates", {
        ...opts
    }));
}
/**
 * Erase a disk and make it a data disk
 */
export function postApiStoreDisks(body: {
    id: string;
    /** the disk's name, typed by the owner */
    name: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/store/disks", oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Dismiss the last disk that was added
 */
export function deleteApiStoreWork(opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>("/api/store/work", {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Draw a new recovery key for a data disk; the old one is void
 */
export function postApiStoreDisksByUuidRecoveryKey(uuid: string, body: {
    password: string;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            recoveryKey: string;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/store/disks/${encodeURIComponent(uuid)}/recovery-key`, oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Move everything from a disk to the others, or stop that
 */
export function postApiStoreDisksByUuidDrain(uuid: string, body: {
    drain: boolean;
}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/store/disks/${encodeURIComponent(uuid)}/drain`, oazapfts.json({
        ...opts,
        method: "POST",
        body
    })));
}
/**
 * Do without a disk that is empty or gone
 */
export function deleteApiStoreDisksByUuid(uuid: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/store/disks/${encodeURIComponent(uuid)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * Store an object under a new id
 */
export function postApiObjects(k: number, m: number, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            /** bytes */
            size: number;
            /** milliseconds since 1970 */
            created: number;
            /** fragments that restore a segment */
            k: number;
            /** fragments that may be lost */
            m: number;
            segments: number;
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/objects${QS.query(QS.explode({
        k,
        m
    }))}`, {
        ...opts,
        method: "POST"
    }));
}
/**
 * An object, or its bytes from start to before end
 */
export function getApiObjectsById(id: string, { start, end }: {
    start?: number;
    end?: number;
} = {}, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/objects/${encodeURIComponent(id)}${QS.query(QS.explode({
        start,
        end
    }))}`, {
        ...opts
    }));
}
/**
 * Remove an object
 */
export function deleteApiObjectsById(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/objects/${encodeURIComponent(id)}`, {
        ...opts,
        method: "DELETE"
    }));
}
/**
 * How an object is kept
 */
export function getApiObjectsByIdInfo(id: string, opts?: Oazapfts.RequestOpts) {
    return oazapfts.ok(oazapfts.fetchJson<{
        status: 200;
        data: {
            id: string;
            /** bytes */
            size: number;
            /** milliseconds since 1970 */
            created: number;
            /** fragments that restore a segment */
            k: number;
            /** fragments that may be lost */
            m: number;
            segments: number;
            /** bytes of fragments on the disks */
            stored: number;
            /** how many there should be */
            fragments: number;
            /** how many of them are missing or known to be rotten */
            missing: number;
            /** segments that cannot be restored */
            lost: number[];
        };
    } | {
        status: number;
        data: {
            /** a URI reference that names the kind of problem */
            "type": string;
            title: string;
            status: number;
            detail: string;
            /** seconds */
            retryAfter?: number;
        };
    }>(`/api/objects/${encodeURIComponent(id)}/info`, {
        ...opts
    }));
}

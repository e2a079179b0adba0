import {
  type Configuration,
  type ConfigurationTrial,
  freeRange,
  type HostClient,
  movedTo,
  type Network,
  type NetworkNow,
  type Trial,
  type Wifi,
  type WifiNetwork,
} from "../host/client.ts";
import type { NodeClient } from "../node/client.ts";
import { ConflictError } from "../shared/errors.ts";
import type { Claim } from "./claim.ts";
import { networkNow } from "./network-now.ts";

/** The line as the wizard shows it. */
export interface SetupNetwork {
  now: NetworkNow;
  document: Network;
  /** The network at home elsewhere, where it clashes with the provider's; null where it may stay. */
  moved: Network | null;
}

const who = "the setup";
const seconds = 90;

/** What the setup does about the network, as long as the box has no owner. */
export class SetupLine {
  readonly #claim: Claim;
  readonly #host: HostClient;
  readonly #node: NodeClient;

  constructor(claim: Claim, host: HostClient, node: NodeClient) {
    this.#claim = claim;
    this.#host = host;
    this.#node = node;
  }

  async look(): Promise<SetupNetwork> {
    const [now, { document }] = await Promise.all([
      networkNow(this.#host, this.#node),
      this.#host.network(),
    ]);
    const clashes = now.troubles.some(({ kind }) => kind === "address-clash");
    return { now, document, moved: clashes ? moved(document, now) : null };
  }

  /** Sets how the line is used. The network at home stays, so nobody is cut off and nothing needs to be confirmed. @throws ConflictError, NetworkDocumentError, CommandError */
  async set(line: Pick<Network["wan"], "ipv4" | "vlan">): Promise<void> {
    await this.#change((document) => ({
      ...document,
      wan: { ...document.wan, ...line },
    }));
  }

  /** Puts the household on the air by every adapter there is; no one is cut off, for there was no Wi-Fi, or it is whoever changes it. @throws ConflictError: no-adapter, already-claimed; NetworkDocumentError, CommandError */
  async setWifi({
    ssid,
    password,
    country,
  }: Pick<Wifi, "country"> &
    Pick<WifiNetwork, "ssid" | "password">): Promise<void> {
    const { adapters } = await this.#host.networkNow();
    if (adapters.length === 0)
      throw new ConflictError(
        "This box has no adapter that can be an access point. Plug one in, or go on without Wi-Fi.",
        "no-adapter",
      );
    await this.#change((document) => ({
      ...document,
      wifi: {
        country,
        radios: adapters.map(({ proposed }) => proposed),
        networks: [{ ssid, password, security: "wpa2-wpa3", lan: "home" }],
      },
    }));
  }

  /** Tries a range at home that is not the provider's; who reaches the box there keeps it by the token. @throws ConflictError */
  async move(): Promise<Trial> {
    this.#refuseIfClaimed();
    const { moved: document } = await this.look();
    if (!document)
      throw new ConflictError(
        "The household's addresses do not clash with the provider's. Go on with the setup.",
        "no-clash",
      );
    return await this.#host.tryNetwork({ document, who, seconds });
  }

  /** Gives this box the settings of another one. @returns what confirms its network, by whoever reaches the box there. @throws ConflictError, NetworkDocumentError, CommandError */
  async take(configuration: Configuration): Promise<ConfigurationTrial> {
    this.#refuseIfClaimed();
    return await this.#host.takeConfiguration({ configuration, who, seconds });
  }

  async #change(change: (document: Network) => Network): Promise<void> {
    this.#refuseIfClaimed();
    const { document } = await this.#host.network();
    const { token } = await this.#host.tryNetwork({
      document: change(document),
      who,
      seconds,
    });
    await this.#host.confirmNetwork(token);
  }

  #refuseIfClaimed(): void {
    if (this.#claim.claimed)
      throw new ConflictError(
        "This box has an owner already. Sign in, and change the network there.",
        "already-claimed",
      );
  }
}

function moved(document: Network, { wan }: NetworkNow): Network {
  const taken = [
    ...wan.addresses.filter((address) => !address.includes(":")),
    ...document.lans.map(({ address }) => address),
  ];
  return movedTo(document, freeRange(taken));
}

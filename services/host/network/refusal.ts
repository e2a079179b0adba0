import ipaddr from "ipaddr.js";
import { CoppiceError } from "../../shared/errors.ts";
import { addressOf } from "./document.ts";
import { numberOf, type Range, rangeOf } from "./ranges.ts";

/** A network document that cannot work; the message names the field. */
export class NetworkDocumentError extends CoppiceError {
  override name = "NetworkDocumentError";
  /** JSON pointer (RFC 6901). */
  readonly field: string;
  constructor(field: string, message: string) {
    super(422, "bad-network", `${message} (${field})`);
    this.field = field;
  }
}

/** Addresses that belong to households: RFC 1918. */
const household: readonly Range[] = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
].map(rangeOf);

/** An address that a machine can have: neither the network's own nor its broadcast. @throws NetworkDocumentError */
export function checkHost(cidr: string, field: string): void {
  const number = numberOf(addressOf({ address: cidr }));
  const [first, last] = rangeOf(cidr);
  if (number === first || number === last)
    throw new NetworkDocumentError(
      field,
      "The first and the last address of a network are no machine's.",
    );
}

/** Refuses addresses that are not a household's. @throws NetworkDocumentError */
export function checkHousehold(cidr: string, field: string): void {
  const [first, last] = rangeOf(cidr);
  if (!household.some((one) => one[0] <= first && last <= one[1]))
    throw new NetworkDocumentError(
      field,
      "A household's addresses are in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; others belong to somebody on the Internet.",
    );
}

/** Refuses what is no address of a name server. @throws NetworkDocumentError */
export function checkServer(address: string, field: string): void {
  if (!ipaddr.isValid(address))
    throw new NetworkDocumentError(field, "This is not an IP address.");
  if (
    !["unicast", "private", "uniqueLocal"].includes(
      ipaddr.parse(address).range(),
    )
  )
    throw new NetworkDocumentError(
      field,
      "No name server can have this address.",
    );
}

/** Refuses the first value that is there twice, by its field. @throws NetworkDocumentError */
export function unique(
  values: readonly string[],
  field: (index: number) => string,
  words: string,
): void {
  const seen = new Set<string>();
  values.forEach((value, index) => {
    if (seen.has(value))
      throw new NetworkDocumentError(field(index), `${words}: ${value}.`);
    seen.add(value);
  });
}

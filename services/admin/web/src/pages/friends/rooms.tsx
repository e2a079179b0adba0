import { useState } from "preact/hooks";
import { NumberField } from "../../ui.tsx";

const gigabyte = 1e9;
const most = 1_000_000;

/** What each keeps for the other, typed in gigabytes. @param offered and wished: bytes to begin with @returns the fields, and the terms as typed, in bytes */
export function useRooms(offered = 20 * gigabyte, wished = 20 * gigabyte) {
  const [offer, setOffer] = useState(String(offered / gigabyte));
  const [wish, setWish] = useState(String(wished / gigabyte));
  const fields = (
    <>
      <NumberField
        label="My box keeps for them, GB"
        max={most}
        fine
        value={offer}
        change={setOffer}
      />
      <NumberField
        label="Their box keeps for me, GB"
        max={most}
        fine
        value={wish}
        change={setWish}
      />
    </>
  );
  const terms = {
    offer: Math.round(Number(offer) * gigabyte),
    wish: Math.round(Number(wish) * gigabyte),
  };
  return { fields, terms };
}

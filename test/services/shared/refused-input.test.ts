/** What of an input does not fit is said in words, and by its field. */
import test from "ava";
import { pino } from "pino";
import { Type } from "typebox";
import {
  defaultNetwork,
  Network,
} from "../../../services/host/network/document.ts";
import { createServer } from "../../../services/shared/server.ts";

async function detailOf(
  damage: (network: Network) => unknown,
): Promise<string> {
  const app = createServer(pino({ level: "silent" }));
  app.post(
    "/network",
    { schema: { body: Type.Object({ document: Network }) } },
    async () => ({}),
  );
  const document = structuredClone(defaultNetwork);
  damage(document);
  const answer = await app.inject({
    method: "POST",
    url: "/network",
    payload: { document },
  });
  await app.close();
  return answer.statusCode === 200 ? "" : answer.json().detail;
}

test("the deepest field is named, with what the schema says of it and no pattern", async (t) => {
  t.is(await detailOf(() => {}), "");
  t.is(
    await detailOf(({ lans }) =>
      Object.assign(lans[0] as object, { address: "here" }),
    ),
    "/document/lans/0/address does not fit: IPv4 address with the length of its network's prefix.",
  );
  t.regex(
    await detailOf(({ wan }) => Object.assign(wan, { upload: 3 })),
    /^\/document\/wan\/upload does not fit: kbit\/s .*\(must be >= 64\)\.$/,
  );
  t.is(
    await detailOf(({ wan }) =>
      Object.assign(wan, {
        ipv4: {
          kind: "static",
          address: "93.184.0.9/24",
          gateway: "there",
          dns: ["9.9.9.9"],
        },
      }),
    ),
    "/document/wan/ipv4/gateway does not fit: IPv4 address.",
    "of alternatives, that which comes nearest",
  );
});

test("where the schema says nothing, the validator's own words stay", async (t) => {
  t.regex(
    await detailOf((document) => Object.assign(document, { dns: undefined })),
    /must have required properties dns/,
  );
});

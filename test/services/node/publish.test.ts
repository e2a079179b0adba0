/** Messages for a broker, with a real one at the other end. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import { DeliveryError } from "../../../services/node/line/deliver.ts";
import { publish } from "../../../services/node/line/publish.ts";
import { type Heard, startBroker } from "../../broker.ts";
import { inside, Namespaces } from "../../namespaces.ts";
import { until } from "../../network/until.ts";

const { signal } = new AbortController();

test("messages come in order, each once, the long ones whole; a broker that says nothing is not waited for", async (t) => {
  await using stand = await startBroker();
  const broker = {
    ...{ host: "127.0.0.1", port: stand.port, tls: false },
    ...{ user: "ada", password: stand.password },
  };
  const heard = await stand.listen();
  const texts = ["short", "é".repeat(30_000), ""];
  await publish(
    {
      broker,
      messages: texts.map((text) => ({ topic: "a/b", text, kept: false })),
    },
    signal,
  );
  const came = (): Heard[] => heard.filter(({ topic }) => topic === "a/b");
  await until("all are heard", async () => came().length >= texts.length);
  t.deepEqual(
    came().map(({ payload }) => payload),
    texts,
  );
  const stopped = new AbortController();
  const going = publish({ broker, messages: [] }, stopped.signal);
  stopped.abort();
  await t.throwsAsync(going, { name: "AbortError" });
  await using mute = createServer(() => {}).listen(0, "127.0.0.1");
  await once(mute, "listening");
  const { port } = mute.address() as AddressInfo;
  const leaving = new AbortController();
  mute.once("connection", () => leaving.abort());
  await t.throwsAsync(
    publish(
      { broker: { ...broker, port, tls: true }, messages: [] },
      leaving.signal,
    ),
    { name: "AbortError" },
  );
  await t.throwsAsync(
    publish({ broker: { ...broker, port: 1 }, messages: [] }, signal),
    { instanceOf: DeliveryError, message: /cannot be reached/ },
  );
});

test("a password goes to no address outside the home unless it is encrypted", async (t) => {
  const prefix = `cpa-${randomBytes(3).toString("hex")}`;
  await using namespaces = new Namespaces(prefix);
  const namespace = await namespaces.add();
  const away = "203.0.113.9";
  await inside(namespace, "ip", "address", "add", `${away}/32`, "dev", "lo");
  const ask = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse(
      await inside(
        namespace,
        process.execPath,
        "--disable-warning=ExperimentalWarning",
        join(import.meta.dirname, "publish-away.ts"),
        ...args,
      ),
    );
  t.deepEqual(await ask(away, "a password"), { heard: false, type: "unsafe" });
  const refused = { heard: true, type: "not-delivered" };
  t.deepEqual(await ask("127.0.0.1", "a password"), refused);
  t.deepEqual(await ask(away), refused, "there is nothing to be read");
});

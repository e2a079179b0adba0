/** What Prometheus is told. */
import test from "ava";
import { metricsOf } from "../../../services/admin/api/metrics.ts";
import { BoxClient } from "../../box-client.ts";
import { startServices } from "../../services.ts";

/** A line of the text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
const sample =
  /^[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? -?\d+(\.\d+)?(e[+-]\d+)?$/;

test("each metric is said what it is, once, and whatever somebody calls himself stays within its quotes", (t) => {
  const text = metricsOf({
    status: { time: 0, host: null, storage: null, tpm: null },
    notices: [],
    friends: {
      friends: [
        {
          id: "1",
          name: 'Bob "the\\ builder"\n# HELP x y',
          online: true,
          roundTrip: 12.5,
          keepsForMe: 1e21,
        },
      ],
    } as never,
  });
  t.deepEqual(text.split("\n"), [
    "# HELP coppice_service_up Whether a service of the box answers.",
    "# TYPE coppice_service_up gauge",
    'coppice_service_up{service="host"} 0',
    'coppice_service_up{service="node"} 0',
    'coppice_service_up{service="identity"} 0',
    "# HELP coppice_friend_online Whether a friend's box is reached.",
    "# TYPE coppice_friend_online gauge",
    'coppice_friend_online{friend="Bob \\"the\\\\ builder\\"\\n# HELP x y",id="1"} 1',
    "# HELP coppice_friend_round_trip_seconds To a friend's box and back.",
    "# TYPE coppice_friend_round_trip_seconds gauge",
    'coppice_friend_round_trip_seconds{friend="Bob \\"the\\\\ builder\\"\\n# HELP x y",id="1"} 0.0125',
    "# HELP coppice_friend_kept_bytes What a friend's box keeps for this one.",
    "# TYPE coppice_friend_kept_bytes gauge",
    'coppice_friend_kept_bytes{friend="Bob \\"the\\\\ builder\\"\\n# HELP x y",id="1"} 1e+21',
    "",
  ]);
});

test("a script with a token reads how the box is, and nobody else does", async (t) => {
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", {
    name: "Ada",
    password: "correct horse battery staple",
  });
  await using script = new BoxClient(services.url);
  t.is((await script.call("GET", "/api/metrics")).status, 401);
  const { secret } = await client.ok("POST", "/api/tokens", { name: "prom" });
  const { status, headers, bytes } = await script.call(
    "GET",
    "/api/metrics",
    undefined,
    { authorization: `Bearer ${secret}` },
  );
  t.is(status, 200);
  t.is(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const lines = bytes.toString().trimEnd().split("\n");
  for (const line of lines.filter((one) => !one.startsWith("#")))
    t.regex(line, sample);
  const names = lines.filter((line) => line.startsWith("# TYPE"));
  t.is(new Set(names).size, names.length);
  for (const pattern of [
    /^coppice_info\{version="[^"]+",slot="[^"]*",hostname="[^"]+"\} 1$/,
    /^coppice_service_up\{service="node"\} 1$/,
    /^coppice_memory_used_bytes [1-9]\d+$/,
    /^coppice_port_received_bytes_total\{port="wan"\} \d+$/,
    /^coppice_disk_size_bytes\{disk="[^"]+",role="[a-z]+"\} [1-9]\d+$/,
    /^coppice_files \d+$/,
  ])
    t.true(
      lines.some((line) => pattern.test(line)),
      `${pattern} in ${lines.join("\n")}`,
    );
});

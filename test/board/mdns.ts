/** Asks the network by multicast DNS for an address, as a phone does: `node mdns.ts NAME INTERFACE-ADDRESS`. */
import multicastDns from "multicast-dns";

const [, , name = "", address = ""] = process.argv;
const client = multicastDns({ interface: address, bind: "0.0.0.0" });
const ask = setInterval(
  () => client.query({ questions: [{ name, type: "A" }] }),
  500,
);
client.on("response", ({ answers }) => {
  const answer = answers?.find((one) => one.name === name && one.type === "A");
  if (answer?.type !== "A") return;
  console.log(answer.data);
  clearInterval(ask);
  client.destroy();
});

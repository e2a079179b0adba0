/** Wakes a computer from the namespace in which it is started: node wake.ts MAC NETWORK. */
import { wake } from "../../services/node/line/wake.ts";

const [mac = "", ...networks] = process.argv.slice(2);
await wake({ mac, networks });

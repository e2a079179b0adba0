/** The security floor on swtpm, looked at by tpm2-tools too. */
import test from "ava";
import {
  raiseSecurityFloor,
  securityFloor,
} from "../../../services/identity/security-floor.ts";
import { TpmStand } from "./tpm-stand.ts";

test("a floor rises and never falls; stock tools see its bits", async (t) => {
  await using stand = await TpmStand.start();
  {
    await using tpm = await stand.openTpm();
    t.is(await securityFloor(tpm), 0);
    t.is(await raiseSecurityFloor(tpm, 2), 2);
    t.is(await securityFloor(tpm), 2);
    t.is(await raiseSecurityFloor(tpm, 1), 2);
    t.is(await securityFloor(tpm), 2);
    t.is(await raiseSecurityFloor(tpm, 48), 48);
  }
  const about = await stand.tool("tpm2_nvreadpublic", "0x0180c0bb");
  t.regex(about, /value: 0x22060022/);
  {
    await using tpm = await stand.openTpm();
    t.is(await securityFloor(tpm), 48, "after a restart");
  }
});

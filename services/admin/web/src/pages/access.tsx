import { Activity } from "./access/activity.tsx";
import { Passkeys } from "./access/passkeys.tsx";
import { Password } from "./access/password.tsx";
import { People } from "./access/people.tsx";
import { SecondFactor } from "./access/second-factor.tsx";
import { SignedIn } from "./access/signed-in.tsx";
import { Tokens } from "./access/tokens.tsx";

/** Who comes in and how, who is in, and who did what. */
export function Access() {
  return (
    <>
      <div class="page-head">
        <h1>Access</h1>
      </div>
      <div class="grid pair">
        <Password />
        <SecondFactor />
        <Passkeys />
        <People />
        <SignedIn />
        <Tokens />
      </div>
      <Activity />
    </>
  );
}

/** People who sign in beside the owner. */
import test from "ava";
import { BoxClient } from "../../box-client.ts";
import { startServices } from "../../services.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
const bob = { name: "Bob", password: "seven green bottles" };

test("whoever came with a link takes a name and a password, comes back by them, has what is his and nothing else, and is taken out", async (t) => {
  await using box = await startServices({}, t);
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  for (const name of ["Bob", "Hers"])
    await client.ok("POST", "/api/files/act", {
      act: "directory",
      parent: "/",
      name,
    });
  const { secret } = await client.ok("POST", "/api/shares", {
    ...{ path: "/Bob", name: "Bob", write: true, delegate: true },
    expires: Date.now() + 86_400_000,
  });
  await using guest = new BoxClient(services.url);
  const take = async (name: string, password = bob.password) =>
    await guest.call("POST", "/api/shared/account", { name, password });
  t.is((await take("Bob")).json.type, "link-needed");
  await guest.ok("POST", "/api/shared/session", { secret });
  t.is((await guest.ok("GET", "/api/shared")).account, null);
  t.is((await take(" aDA ")).json.type, "name-taken");
  t.is((await take("Bob", "short")).status, 400);
  t.like((await take("Bob")).json, { name: "Bob" });
  t.is((await take("Robert")).json.type, "account-there");

  await using his = new BoxClient(services.url);
  t.deepEqual(await his.ok("POST", "/api/session", { ...bob, name: "bob" }), {
    page: "/shared",
  });
  t.like(await his.ok("GET", "/api/shared"), { path: "/Bob", account: "Bob" });
  await his.ok(
    "PUT",
    "/api/shared/content?path=/Bob/note",
    Buffer.from("of his own"),
  );
  for (const path of ["/Hers", "/"])
    t.true(
      (await his.call("GET", `/api/shared/files?path=${path}`)).status >= 400,
      path,
    );
  for (const path of ["/api/files", "/api/status", "/api/people"])
    t.is((await his.call("GET", path)).status, 401, path);
  t.is((await his.ok("GET", "/api/session")).access, "none");

  const fresh = "eight white horses";
  t.is(
    (
      await his.call("PUT", "/api/shared/account/password", {
        ...{ name: "Bob", password: "not his", fresh },
      })
    ).json.type,
    "wrong-password",
  );
  await his.ok("PUT", "/api/shared/account/password", { ...bob, fresh });
  await his.ok("DELETE", "/api/shared/session");
  t.is((await his.call("GET", "/api/shared")).status, 401);
  const enter = async (password: string) =>
    await his.call("POST", "/api/session", { name: "Bob", password });
  t.is((await enter(bob.password)).status, 401);
  t.is((await enter(fresh)).status, 200);
  t.is(
    (
      await client.call("GET", "/api/files/content?path=/Bob/note")
    ).bytes.toString(),
    "of his own",
  );

  // A restart forgets who is in, and nobody's name.
  await services.stopService("admin");
  services.startService("admin");
  await services.ready();
  t.is((await his.call("GET", "/api/shared")).status, 401);
  t.is((await enter(fresh)).status, 200);

  await client.ok("POST", "/api/session", owner);
  const [person] = await client.ok("GET", "/api/people");
  t.like(person, { name: "Bob" });
  t.deepEqual(await client.ok("DELETE", `/api/people/${person.id}`), []);
  t.is((await his.call("GET", "/api/shared")).status, 401);
  t.is((await enter(fresh)).status, 401);
  t.is(
    (await guest.call("POST", "/api/shared/session", { secret })).status,
    403,
    "his link is void too",
  );
  for (;;) {
    const { status } = await enter("a guess that is wrong");
    if (status === 429) break;
    t.is(status, 401);
  }
  const { acts } = await client.ok("GET", "/api/activity");
  const noted = (acts as { who: string | null; act: string; about?: string }[])
    .filter(({ who }) => who !== null)
    .map(({ who, act, about }) => [who, act, about ?? ""].join(" ").trim());
  for (const act of [
    "Bob took a name and a password",
    "Bob signed in",
    "Bob changed the password",
    "Ada took somebody out who could sign in Bob",
  ])
    t.true(noted.includes(act), act);
});

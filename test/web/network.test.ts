/** The Network page: settings are changed together, tried, kept, and gone back to. */
import test from "ava";
import { drawKey } from "../../services/host/network/wireguard.ts";
import { startServices } from "../services.ts";
import {
  inSpiteOfTheWarning,
  openPage,
  openPhone,
  signIn,
  startBrowser,
} from "./browser.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };

test("guests, a port and names: tried with a countdown, kept, and gone back from", async (t) => {
  t.timeout(10 * 60_000);
  await using box = await startServices();
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  await using browser = await startBrowser();
  const { page, errors, seen, press } = await openPhone(
    browser,
    services.url,
    (message, fits) => t.true(fits, message),
  );
  await signIn(page, owner);
  await page.getByRole("link", { name: "Network", exact: true }).click();
  await page.getByText("Nothing is connected to the WAN port").waitFor();
  await page.getByText("as it was on a new box").waitFor();
  await seen("network");

  await press("Add a network for guests");
  await page.getByText("Nothing is in force yet").waitFor();
  await press("Change Guests");
  await page.getByLabel("VLAN tag").fill("30");
  await press("Forward a port");
  await page.getByLabel("What for?").fill("Game");
  await page.getByLabel("Port", { exact: true }).fill("25565");
  await page.getByLabel("Address of the device").fill("192.168.99.9");
  await press("Add");
  await page.getByLabel("Names at home").fill("nas 192.168.77.9");
  await press("Add a list");
  await page
    .getByLabel("Which?")
    .selectOption({ label: "OISD small (advertising)" });
  await seen("network-list");
  await page
    .getByRole("dialog")
    .getByRole("button", { name: "Add", exact: true })
    .click();
  await page.getByText("is fetched as soon as it is kept").waitFor();
  await page.getByLabel("Allowed names").fill("good.example");
  await press("Try these changes");
  await page
    .getByText("No network of the household has this address for a device")
    .waitFor();
  await seen("network-changed");
  t.deepEqual((await client.ok("GET", "/api/network")).trial, null);

  await press("Close Game");
  await press("Forward a port");
  await page.getByLabel("What for?").fill("Game");
  await page.getByLabel("Port", { exact: true }).fill("25565");
  await page.getByLabel("Address of the device").fill("192.168.77.9");
  await press("Add");
  await press("Switch it on");
  await page
    .getByLabel("Name or address of this box on the Internet")
    .fill("home.example");
  await press("Add a phone");
  await page.getByLabel("Whose is it?").fill("Ada's phone");
  await press("Draw its key");
  await page.getByLabel("The phone's configuration as a QR code").waitFor();
  await seen("network-phone");
  await press("Done");
  await press("Join a friend's household");
  await page.getByLabel("Whose household is it?").fill("Zoe");
  await page.getByText("192.168.77.1/24 home.example:51820").waitFor();
  await page.getByLabel("The friend's line").fill("too short");
  await press("Join");
  await page
    .getByLabel("The friend's line")
    .fill(`${drawKey().publicKey} 192.168.200.1/24 zoe.example:51820`);
  await seen("network-household");
  await press("Join");
  await page.getByText("192.168.200.1/24 zoe.example:51820").waitFor();
  await page
    .getByLabel("A name that follows this box's address")
    .selectOption("duckdns");
  await page.getByLabel("The name", { exact: true }).fill("ada.duckdns.org");
  await page.getByLabel("Token").fill("a token");
  await page.getByLabel("Devices may open ports for themselves").check();
  await page.getByLabel("Token").scrollIntoViewIfNeeded();
  await seen("network-elsewhere");
  await press("Try these changes");
  await page.getByRole("timer").waitFor();
  await page.getByText("A change by Ada is in force").scrollIntoViewIfNeeded();
  await seen("network-trial");
  await press("Keep it");
  await page.getByText("Guests: new network").waitFor();
  await page
    .getByText("Guests: the Internet, addresses and names, and nothing else")
    .waitFor();
  const { document, history } = await client.ok("GET", "/api/network");
  t.like(document, {
    lans: [{ id: "home" }, { id: "guest1", vlan: 30, guest: true }],
    vpn: {
      endpoint: "home.example",
      phones: [{ name: "Ada's phone", address: "10.77.0.2" }],
      sites: [{ name: "Zoe", networks: ["192.168.200.1/24"] }],
    },
    upnp: true,
    dynamicName: { service: "duckdns", name: "ada.duckdns.org" },
    forwards: [{ name: "Game", port: 25565, toPort: 25565 }],
    dns: {
      names: [{ name: "nas", address: "192.168.77.9" }],
      lists: [{ url: "https://small.oisd.nl/domainswild2" }],
      allowed: ["good.example"],
    },
  });
  t.like(history, [
    {
      id: 1,
      who: "Ada",
      what: [
        "Guests: new network",
        "Local names",
        "Blocked names",
        "Port forwards",
        "The way home from elsewhere",
        "Ports that devices open for themselves",
        "Name on the Internet",
      ],
    },
  ]);

  await page.getByLabel("Name or address", { exact: true }).fill("127.0.0.1");
  await press("Look");
  await page.getByText("5 of 5").waitFor();
  await page.getByText("5 of 5").scrollIntoViewIfNeeded();
  await seen("network-look");

  await press("Go back to a new box's network");
  await press("Try these changes");
  await press("Take it back now");
  await page.getByRole("timer").waitFor({ state: "detached" });
  t.is((await client.ok("GET", "/api/network")).current, 1);
  await press("Go back to a new box's network");
  await press("Try these changes");
  await press("Keep it");
  await page.getByText("Guests: network removed").waitFor();
  await page.getByText("Guests: network removed").scrollIntoViewIfNeeded();
  await seen("network-history");
  t.deepEqual(errors, []);

  t.log("Wi-Fi by an adapter that is not there any more");
  const air = (await client.ok("GET", "/api/network")).document;
  air.wifi = {
    country: "DE",
    radios: [
      {
        name: "wlan7",
        address: "b8:27:eb:12:34:56",
        band: "5",
        channel: null,
        generation: 6,
      },
    ],
    networks: [
      {
        ssid: "Birch; street",
        password: "three words apart",
        security: "wpa2-wpa3",
        lan: "home",
      },
    ],
  };
  const aired = await client.ok("POST", "/api/network/trial", {
    document: air,
  });
  await client.ok("POST", "/api/network/confirm", { token: aired.token });
  await page.getByText("The Wi-Fi adapter for 5 GHz is not there").waitFor();
  await press("Show Birch; street as a QR code");
  await page.getByLabel("The Wi-Fi as a QR code").waitFor();
  await seen("network-wifi-code");
  await press("Done");
  await page.getByLabel("Wi-Fi password").fill("short");
  await page.getByLabel("Wi-Fi name").scrollIntoViewIfNeeded();
  await press("Try these changes");
  await page
    .getByText(
      /wifi\/networks\/0\/password does not fit: 8 to 63 characters of printable ASCII/,
    )
    .waitFor();
  await page.getByLabel("Wi-Fi name").scrollIntoViewIfNeeded();
  await seen("network-wifi");
  await press("Switch Wi-Fi off");
  await press("Try these changes");
  await press("Keep it");
  await page.getByRole("timer").waitFor({ state: "detached" });

  t.log("at the box's new address, without being signed in there");
  const { document: now } = await client.ok("GET", "/api/network");
  now.dns.names.push({ name: "tv", address: "192.168.77.8" });
  for (const [last, mac] of [
    "b8:27:eb:12:34:56",
    "02:11:22:33:44:55",
  ].entries())
    now.lans[0].reservations.push({
      mac,
      address: `192.168.77.${last + 5}`,
      name: `thing-${last}`,
    });
  const { token } = await client.ok("POST", "/api/network/trial", {
    document: now,
  });
  const stranger = await openPage(
    await browser.newContext(inSpiteOfTheWarning),
    `${services.url}/network#keep=${"x".repeat(32)}`,
  );
  await stranger.page.getByText("No change waits for this").waitFor();
  const arrived = await openPage(
    await browser.newContext(inSpiteOfTheWarning),
    `${services.url}/network#keep=${token}`,
  );
  await arrived.page
    .getByText("The box has this address from now on")
    .waitFor();
  await page.getByText("Raspberry Pi").waitFor();
  await page.getByText("an address it drew").scrollIntoViewIfNeeded();
  await seen("network-devices");
  t.is((await client.ok("GET", "/api/network")).current, 5);
  t.is((await client.ok("GET", "/api/network")).trial, null);
});

/** The household's clock, and what goes by it. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { Clock, NoZoneError, ownTime } from "../../../services/host/clock.ts";
import {
  isWithin,
  WallClock,
  zoneFile,
} from "../../../services/shared/zone.ts";
import { temporaryFolder } from "../../folder.ts";

test("the wall shows the zone's time, in summer and in winter", async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "zone");
  const shown = async (zone: string, time: string): Promise<string> => {
    await writeFile(file, `${zone}\n`);
    const minute = new WallClock(file).minute(new Date(time));
    return `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;
  };
  t.is(await shown("UTC", "2026-01-15T23:59:59Z"), "23:59");
  t.is(await shown("Europe/Berlin", "2026-01-15T23:30:00Z"), "0:30");
  t.is(await shown("Europe/Berlin", "2026-07-15T23:30:00Z"), "1:30");
  t.is(await shown("Europe/Berlin", "2026-03-29T00:59:00Z"), "1:59");
  t.is(await shown("Europe/Berlin", "2026-03-29T01:00:00Z"), "3:00");
  t.is(await shown("Asia/Kolkata", "2026-01-15T20:00:00Z"), "1:30");
  t.is(await shown("America/New_York", "2026-07-15T02:00:00Z"), "22:00");
  t.is(await shown("Nowhere/Land", "2026-07-15T02:00:00Z"), "2:00");

  const unset = new WallClock(join(folder.path, "none"));
  t.is(unset.minute(new Date("2026-07-15T02:01:00Z")), 121);
  t.is(unset.minute(new Date("2026-07-15T02:02:59Z")), 122);
});

test("a span of the day may go over midnight", (t) => {
  t.true(isWithin({ from: 120, to: 300 }, 120));
  t.false(isWithin({ from: 120, to: 300 }, 300));
  t.true(isWithin({ from: 1380, to: 60 }, 1439));
  t.true(isWithin({ from: 1380, to: 60 }, 0));
  t.false(isWithin({ from: 1380, to: 60 }, 60));
  t.false(isWithin({ from: 60, to: 60 }, 60));
});

test("a zone that is none is refused, and the one before stays; what was set is there after a restart, and others may read it", async (t) => {
  await using folder = await temporaryFolder();
  const told = zoneFile(folder.path);
  const open = async (): Promise<Clock> =>
    await Clock.open(folder.path, told, ownTime, (error) => {
      throw error;
    });
  const clock = await open();
  t.is(clock.settings.zone, "UTC");
  const settings = { zone: "Europe/Berlin", servers: ["time.example"] };
  await clock.set(settings);
  await t.throwsAsync(clock.set({ zone: "Europe/Atlantis", servers: [] }), {
    instanceOf: NoZoneError,
  });
  t.deepEqual(clock.settings, settings);
  t.is(await readFile(told, "utf8"), "Europe/Berlin\n");
  t.is((await stat(told)).mode & 0o777, 0o644);
  await writeFile(told, "UTC\n");
  const { settings: again, time } = await (await open()).state();
  t.deepEqual(again, settings);
  t.true(Math.abs(time - Date.now()) < 60_000);
  t.is(await readFile(told, "utf8"), "Europe/Berlin\n");
});

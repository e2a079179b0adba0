import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Drivers of sensors in processors (hwmon), for machines whose kernel makes no thermal zone of them. */
const processors = ["coretemp", "k10temp"];

/** How warm the machine is, by the kernel's own files: these wait for nothing, and take no process. */
export class Thermometer {
  readonly #sensors: string[];

  /** @param root folder with /sys */
  constructor(root = "/") {
    const zones = join(root, "sys/class/thermal");
    const monitors = join(root, "sys/class/hwmon");
    this.#sensors = [
      ...list(zones)
        .filter((name) => name.startsWith("thermal_zone"))
        .map((name) => join(zones, name, "temp")),
      ...list(monitors)
        .map((name) => join(monitors, name))
        .filter((folder) =>
          processors.includes(text(join(folder, "name")).trim()),
        )
        .flatMap((folder) =>
          list(folder)
            .filter((name) => /^temp\d+_input$/.test(name))
            .map((name) => join(folder, name)),
        ),
    ];
  }

  /** Degrees Celsius at the warmest place; NaN where nothing says so. */
  read(): number {
    const degrees = this.#sensors
      .map((file) => Number.parseInt(text(file), 10) / 1000)
      .filter((one) => one > 0);
    return degrees.length > 0 ? Math.max(...degrees) : Number.NaN;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

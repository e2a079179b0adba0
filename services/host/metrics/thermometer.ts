import { join } from "node:path";
import { namesIn, textOf } from "./kernel-files.ts";

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
      ...namesIn(zones)
        .filter((name) => name.startsWith("thermal_zone"))
        .map((name) => join(zones, name, "temp")),
      ...namesIn(monitors)
        .map((name) => join(monitors, name))
        .filter((folder) =>
          processors.includes(textOf(join(folder, "name")).trim()),
        )
        .flatMap((folder) =>
          namesIn(folder)
            .filter((name) => /^temp\d+_input$/.test(name))
            .map((name) => join(folder, name)),
        ),
    ];
  }

  /** Degrees Celsius at the warmest place; NaN where nothing says so. */
  read(): number {
    const degrees = this.#sensors
      .map((file) => Number.parseInt(textOf(file), 10) / 1000)
      .filter((one) => one > 0);
    return degrees.length > 0 ? Math.max(...degrees) : Number.NaN;
  }
}

/** What is said of the machine's past between processes. */
import { type Static, Type } from "typebox";

/** What is measured, each once a second. */
export const metrics = [
  "cpu",
  "memory",
  "temperature",
  "received",
  "sent",
  "read",
  "written",
] as const;
export type Metric = (typeof metrics)[number];

const Time = Type.Number({
  minimum: 0,
  description: "milliseconds since 1970",
});

/** A part of the past. */
export const PastQuestion = Type.Object({
  from: Time,
  to: Time,
  points: Type.Optional(
    Type.Integer({
      minimum: 2,
      maximum: 3600,
      description: "at most, that are told",
    }),
  ),
});
export type PastQuestion = Static<typeof PastQuestion>;

const Values = Type.Array(Type.Union([Type.Number(), Type.Null()]), {
  description: "one for each point; null where nothing was measured",
});
const Curve = Type.Object({
  mean: Values,
  most: Values,
});

/** Curves of the machine: percent of all cores, bytes, degrees Celsius, and bytes a second of the line and of all disks. */
export const Past = Type.Object({
  from: Type.Number({ description: "of the first point" }),
  step: Type.Integer({ description: "milliseconds from point to point" }),
  curves: Type.Object({
    cpu: Curve,
    memory: Curve,
    temperature: Curve,
    received: Curve,
    sent: Curve,
    read: Curve,
    written: Curve,
  } satisfies Record<Metric, typeof Curve>),
});
export type Past = Static<typeof Past>;

import {
  pino,
  stdSerializers,
  stdTimeFunctions,
  type DestinationStream,
  type Logger as PinoLogger,
} from "pino";
import pretty from "pino-pretty";
import { redactSecrets } from "./redact-secrets.js";

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error";
  /** `json`: one JSON object a line, for collectors; `readable`: for a person at a terminal. */
  readonly format: "json" | "readable";
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

/** The fields of a line, of the objects in it, and of the objects in those. */
const REDACTED_LEVELS = 3;

/** Times are UTC in ISO 8601, so that lines of several nodes can be merged. */
export function createLogger({ level, format, destination }: LoggerOptions): Logger {
  const stream =
    format === "readable"
      ? pretty({
          sync: true,
          singleLine: true,
          ignore: "pid,hostname",
          translateTime: "SYS:HH:MM:ss",
          ...(destination === undefined ? {} : { destination, colorize: false }),
        })
      : destination;
  const options = {
    level,
    timestamp: stdTimeFunctions.isoTime,
    // Not by pino's own `redact`, which takes longer than all else that a line costs.
    formatters: { log: redactLine },
    serializers: { err: redactError },
  };
  return stream === undefined ? pino(options) : pino(options, stream);
}

/** Leaves `err` to its serializer, which needs the error itself. */
function redactLine(line: Record<string, unknown>): Record<string, unknown> {
  const redacted = redactSecrets(line, REDACTED_LEVELS);
  if (redacted === line) return line;
  return "err" in line ? { ...redacted, err: line["err"] } : { ...redacted };
}

function redactError(err: Error): object {
  return redactSecrets(stdSerializers.err(err), REDACTED_LEVELS - 1);
}

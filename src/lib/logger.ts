import {
  destination,
  pino,
  stdSerializers,
  type DestinationStream,
  type Logger as PinoLogger,
} from "pino";
import pretty from "pino-pretty";
import { systemClock, type Clock } from "./clock.js";
import { createLineBuffer } from "./line-buffer.js";
import { redactSecrets } from "./redact-secrets.js";

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error";
  /** `json`: one JSON object a line, for collectors; `readable`: for a person at a terminal. */
  readonly format: "json" | "readable";
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

const STANDARD_OUTPUT = 1;

/** The fields of a line, of the objects in it, and of the objects in those. */
const REDACTED_LEVELS = 3;

/** Times are UTC in ISO 8601, so that lines of several nodes can be merged. */
export function createLogger({ level, format, destination: given }: LoggerOptions): Logger {
  const stream =
    format === "readable"
      ? pretty({
          sync: true,
          singleLine: true,
          ignore: "pid,hostname",
          translateTime: "SYS:HH:MM:ss",
          ...(given === undefined ? {} : { destination: given, colorize: false }),
        })
      : (given ?? createLineBuffer(destination({ fd: STANDARD_OUTPUT, sync: true })));
  const options = {
    level,
    timestamp: createTimestamp(systemClock),
    // Not by pino's own `redact`, which takes longer than all else that a line costs.
    formatters: { log: redactLine },
    serializers: { err: redactError },
  };
  return pino(options, stream);
}

/** Many lines are of one millisecond, and a date is written once for all of them. */
function createTimestamp(clock: Clock): () => string {
  let writtenMs = Number.NaN;
  let written = "";
  return () => {
    const nowMs = clock.nowMs();
    if (nowMs !== writtenMs) {
      writtenMs = nowMs;
      written = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return written;
  };
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

import type { Logger, LogLevel, LogMetadata } from '@temporalio/worker';
import { pino, stdTimeFunctions } from 'pino';
import { withoutSecrets } from '../contract/withoutSecrets.ts';
import type { Configuration } from './configuration.ts';

const pinoLevels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * Logs JSON lines to standard output. Temporal's loggers add workflow, run and activity IDs; ARM requests add the
 * correlation ID. Nothing here logs headers or bodies; what others log is {@link shown} without secrets.
 */
export function createLogger(
  { logLevel }: Pick<Configuration, 'logLevel'>,
  write: (line: string) => void = (line) => process.stdout.write(line),
): Logger {
  const logger = pino(
    {
      level: logLevel,
      base: { service: 'aks-isolation-worker' },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: (error) => error },
    },
    { write },
  );
  const log = (level: LogLevel, message: string, meta: LogMetadata = {}): void => {
    const { error, ...rest } = meta;
    // Temporal has two words for it.
    const { workflowRunId, ...line } = rest;
    const runId = workflowRunId === undefined ? {} : { runId: workflowRunId };
    const err = error === undefined ? {} : { err: shown(error) };
    logger[pinoLevels[level]]({ ...(shown({ ...line, ...runId }) as object), ...err }, legible(message));
  };
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

/** Names of credentials, and of properties that hold what was sent. A task token lets anybody who may reach the server end an activity. */
const secretKey =
  /token|authorization|headers?$|^api_?key$|secret|password|^(?:body|request|response|payloads?|details|failure)$/i;
/** As deep as anything that is worth reading. */
const mostDepth = 5;

/** The address of an operation is signed in its query. */
const legible = (text: string): string =>
  withoutSecrets(text).replace(/(https?:\/\/[^\s?"'<>]{1,2000})\?[^\s"'<>]*/g, '$1?[redacted]');

/** A value as it may be logged: errors by their own words alone, for those of the Azure SDK carry request and answer. */
function shown(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return legible(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= mostDepth) return '…';
  if (value instanceof Error) return shownError(value, depth);
  if (Array.isArray(value)) return value.map((each) => shown(each, depth + 1));
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (secretKey.test(key) ? [] : [[key, shown(each, depth + 1)]])),
  );
}

function shownError(error: Error, depth: number): unknown {
  const { name, message, stack, cause } = error;
  const { type, code }: { type?: unknown; code?: unknown } = error as object;
  return {
    name,
    ...(typeof type === 'string' && { type }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    message: legible(message),
    ...(stack && { stack: legible(stack) }),
    ...(cause !== undefined && { cause: shown(cause, depth + 1) }),
  };
}

import type { Logger, LogLevel, LogMetadata } from '@temporalio/worker';
import { pino } from 'pino';
import type { Configuration } from './configuration.ts';

const pinoLevels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * Logs JSON lines to standard output. Temporal's loggers add workflow, run and activity IDs; ARM requests add the
 * correlation ID. Properties that could hold a secret are redacted, although nothing here logs headers or bodies.
 */
export function createLogger({ logLevel }: Pick<Configuration, 'logLevel'>): Logger {
  const logger = pino({
    level: logLevel,
    base: { service: 'aks-isolation-worker' },
    redact: { paths: ['*.authorization', '*.headers', '*.token', '*.apiKey', '*.secret'], censor: '[redacted]' },
  });
  const log = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    const { error, ...rest } = meta ?? {};
    logger[pinoLevels[level]]({ ...rest, ...(error === undefined ? {} : { err: error }) }, message);
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

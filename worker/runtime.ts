import { type Logger, makeTelemetryFilterString, Runtime, type TelemetryOptions } from '@temporalio/worker';
import { metrics } from '../contract/metrics.ts';
import type { Problem } from '../contract/problem.ts';
import type { Configuration } from './configuration.ts';
import { cannotListen } from './socketAddress.ts';

/** A request takes a fraction of a second; the client gives up after 90. */
const requestSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 90];
/** From the check of a name to three days, in which people answer. */
const runSeconds = [1, 5, 15, 60, 300, 600, 1200, 1800, 3600, 7200, 21_600, 86_400, 259_200];

const bucketsOf = (name: string): number[] => (name === metrics.armRequestDuration.name ? requestSeconds : runSeconds);

/** Temporal's metrics and our own leave by one endpoint, in Prometheus' own units: seconds, and `_total` for counters. */
const prometheus = (bindAddress: string): NonNullable<TelemetryOptions['metrics']> => ({
  prometheus: {
    bindAddress,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
    histogramBucketOverrides: Object.fromEntries(
      Object.values(metrics).flatMap(({ kind, name }) => (kind === 'histogram' ? [[name, bucketsOf(name)]] : [])),
    ),
  },
});

/** Gives Temporal's runtime, which is one for the whole process, its logger and its metrics. */
export function installRuntime(
  { metricsAddress }: Pick<Configuration, 'metricsAddress'>,
  logger: Logger,
): Problem | undefined {
  try {
    Runtime.install({
      logger,
      telemetryOptions: {
        logging: { filter: makeTelemetryFilterString({ core: 'WARN' }), forward: {} },
        ...(metricsAddress !== undefined && { metrics: prometheus(metricsAddress) }),
      },
    });
    return undefined;
  } catch (error) {
    return cannotListen('METRICS_ADDRESS', metricsAddress, error);
  }
}

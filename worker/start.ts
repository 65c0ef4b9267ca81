import type { Worker } from '@temporalio/worker';
import { workerConverterOf } from '../codec/payloadEncryption.ts';
import { withVaultKeys } from '../codec/vault.ts';
import { type Problem, problemsText, problemText } from '../contract/problem.ts';
import { startTracing } from '../telemetry/tracing.ts';
import { azureConnection, checkAzure } from './azure.ts';
import { findBundle } from './bundle.ts';
import { readConfiguration } from './configuration.ts';
import { serveHealth } from './health.ts';
import { createLogger } from './logger.ts';
import { startGauges } from './metrics.ts';
import { installRuntime } from './runtime.ts';
import { registerSearchAttributes } from './searchAttributes.ts';
import { connectToTemporal } from './temporal.ts';
import { checkWebhook } from './webhook.ts';
import { createWorker } from './worker.ts';

const env = await withVaultKeys(process.env);
if (Array.isArray(env)) giveUp(env);
const configuration = readConfiguration(env);
const tracing = startTracing(process.env, 'aks-isolation-worker', (message) => logger.warn(message));
if (Array.isArray(configuration) || Array.isArray(tracing))
  giveUp([configuration, tracing].flatMap((each) => (Array.isArray(each) ? each : [])));

const logger = createLogger(configuration);
const runtimeProblem = installRuntime(configuration, logger);
let worker: Worker | undefined;
const health = await serveHealth(configuration.healthAddress, () => worker?.getStatus());
if (runtimeProblem || 'problem' in health)
  giveUp([runtimeProblem, health].flatMap((each) => (each && 'problem' in each ? [each] : [])));

const azure = azureConnection(configuration);
const [temporal, azureProblems] = await Promise.all([connectToTemporal(process.env), checkAzure(azure)]);
if (Array.isArray(temporal)) giveUp([...temporal, ...azureProblems]);
const found = await registerSearchAttributes(temporal);
const problems = [...azureProblems, ...found.problems];
if (problems.length > 0) giveUp(problems);
for (const warning of found.warnings) logger.warn(problemText(warning));

const { bundleFolder, deployment, taskQueue: queue, readOnly, metricsAddress, webhook } = configuration;
if (webhook) void checkWebhook(webhook, logger);
const converter = workerConverterOf(configuration.payloadKeys);
worker = await createWorker({
  ...temporal,
  azure,
  queue,
  ...converter,
  workflowBundle: await findBundle(bundleFolder, converter),
  ...(deployment && { deployment }),
  ...(webhook && { webhook }),
});
logger.info('Worker is ready', {
  namespace: temporal.namespace,
  taskQueue: queue,
  readOnly,
  azure: configuration.endpoint,
  ...(metricsAddress !== undefined && { metrics: `http://${metricsAddress}/metrics` }),
});
const stopGauges = metricsAddress === undefined ? undefined : startGauges(temporal, queue, logger);
await worker.run();
stopGauges?.();
await Promise.all([tracing?.stop(), temporal.connection.close(), health.close()]);

function giveUp(problems: readonly Problem[]): never {
  process.stderr.write(`The worker cannot start:\n${problemsText(problems)}\n`);
  process.exit(1);
}

import { dataConverterOf } from '../codec/payloadEncryption.ts';
import { type Problem, problemsText } from '../contract/problem.ts';
import { startTracing } from '../telemetry/tracing.ts';
import { azureConnection, checkAzure } from './azure.ts';
import { readConfiguration } from './configuration.ts';
import { createLogger } from './logger.ts';
import { startGauges } from './metrics.ts';
import { installRuntime } from './runtime.ts';
import { registerSearchAttributes } from './searchAttributes.ts';
import { connectToTemporal } from './temporal.ts';
import { checkWebhook } from './webhook.ts';
import { bundleWorkflows, createWorker } from './worker.ts';

const configuration = readConfiguration(process.env);
if (Array.isArray(configuration)) giveUp(configuration);

const logger = createLogger(configuration);
const runtimeProblem = installRuntime(configuration, logger);
if (runtimeProblem) giveUp([runtimeProblem]);

const tracing = startTracing(process.env, 'aks-isolation-worker', (message) => logger.warn(message));
if (Array.isArray(tracing)) giveUp(tracing);

const azure = azureConnection(configuration);
const [temporal, azureProblems] = await Promise.all([connectToTemporal(), checkAzure(azure)]);
if ('problem' in temporal) giveUp([temporal, ...azureProblems]);
const problems = [...azureProblems, ...(await registerSearchAttributes(temporal))];
if (problems.length > 0) giveUp(problems);

const { deployment, taskQueue: queue, readOnly, metricsAddress, webhook } = configuration;
if (webhook) void checkWebhook(webhook, logger);
const converter = dataConverterOf(configuration.payloadKeys);
const worker = await createWorker({
  ...temporal,
  azure,
  queue,
  ...converter,
  workflowBundle: await bundleWorkflows(converter),
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
await tracing?.stop();
await temporal.connection.close();

function giveUp(problems: readonly Problem[]): never {
  process.stderr.write(`The worker cannot start:\n${problemsText(problems)}\n`);
  process.exit(1);
}

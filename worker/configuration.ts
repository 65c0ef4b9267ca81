import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import { z } from 'zod';
import type { Webhook } from '../activities/webhook.ts';
import { type KeyRing, readKeyRing } from '../codec/keyRing.ts';
import { crossCheck } from '../contract/inputs/checks.ts';
import { readOnlyTaskQueue, taskQueue } from '../contract/names.ts';
import { ownVariables, parse } from '../contract/parse.ts';
import type { Problem } from '../contract/problem.ts';
import type { WorkerPolicy } from '../resources/workerPolicy.ts';
import { certificatesIn } from '../temporal/certificates.ts';
import { bundleFile } from './bundle.ts';
import { readPolicy } from './policyFile.ts';
import { socketAddress } from './socketAddress.ts';
import { readWebhook } from './webhook.ts';

/** The worker's own environment variables, beside Temporal's and those of `DefaultAzureCredential`. */
export interface Configuration {
  /** Address of Azure Resource Manager. Default: `https://management.azure.com`. */
  endpoint: string;
  /** PEM of a further certificate authority to trust, for an endpoint that is not Azure's own. */
  certificateAuthority?: string;
  logLevel: LogLevel;
  /** Whether the worker only looks, for audits and dry runs. */
  readOnly: boolean;
  taskQueue: string;
  /** Where Prometheus finds the metrics. Default: nowhere, and nothing is measured. */
  metricsAddress?: string;
  /** Worker Deployment Version. Scenarios are then pinned to the build that began them. Default: unversioned. */
  deployment?: WorkerDeploymentVersion;
  /** Default: payloads are not encrypted. */
  payloadKeys?: KeyRing;
  /** Default: everything that Azure allows the worker's identity. */
  policy?: WorkerPolicy;
  /** Default: nobody is told what runs come to. */
  webhook?: Webhook;
  /** Where probes are answered. Default: nowhere. */
  healthAddress?: string;
  /** Folder of bundles that were made ahead of time. Default: the workflows are bundled at the start. */
  bundleFolder?: string;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
type LogLevel = (typeof logLevels)[number];

// Temporal's Worker Controller for Kubernetes sets variables of these names.
const deploymentVersion = z.object({
  TEMPORAL_DEPLOYMENT_NAME: z.string().optional(),
  TEMPORAL_WORKER_BUILD_ID: z.string().optional(),
});

const modeAndQueue = z.object({
  WORKER_MODE: z.enum(['read-write', 'read-only']).default('read-write'),
  TASK_QUEUE: z.string().max(1000, 'too long. Use at most 1000 characters.').optional(),
});

const environment = z
  .object({
    AZURE_RESOURCE_MANAGER_ENDPOINT: z
      .url({
        protocol: /^https$/,
        error:
          'not an https address. Use for example https://management.azure.com: the Azure SDK sends no token over http.',
      })
      .default('https://management.azure.com')
      .transform((url) => url.replace(/\/+$/, '')),
    AZURE_RESOURCE_MANAGER_CA_FILE: z
      .string()
      .transform((file, context) => {
        let problem = `${file} holds no certificate in PEM`;
        try {
          const pem = readFileSync(file, 'utf8');
          if (certificatesIn(pem)) return pem;
        } catch {
          problem = `cannot read ${file}`;
        }
        context.addIssue({ code: 'custom', message: `${problem}. Give the path of a PEM file.` });
        return z.NEVER;
      })
      .optional(),
    DOCUMENTATION_URL: z
      .url({
        protocol: /^https?$/,
        error:
          'no address. Give that of the folder docs, for example https://github.com/contoso/aks-isolation/blob/v0.1.0/docs.',
      })
      .optional(),
    LOG_LEVEL: z.enum(logLevels).default('info'),
    POLICY_FILE: z.string().optional(),
    METRICS_ADDRESS: socketAddress.optional(),
    HEALTH_ADDRESS: socketAddress.optional(),
    WORKFLOW_BUNDLE: z
      .string()
      .refine(
        (folder) => existsSync(join(folder, bundleFile({}))),
        'holds no bundle. Give the folder that `node scripts/bundle.ts <folder>` has filled, or leave it out.',
      )
      .optional(),
    ...modeAndQueue.shape,
    ...deploymentVersion.shape,
  })
  .check(
    crossCheck(deploymentVersion, ({ TEMPORAL_DEPLOYMENT_NAME: name, TEMPORAL_WORKER_BUILD_ID: buildId }, report) => {
      if ((name === undefined) === (buildId === undefined)) return;
      const [missing, other] =
        name === undefined
          ? (['TEMPORAL_DEPLOYMENT_NAME', 'TEMPORAL_WORKER_BUILD_ID'] as const)
          : (['TEMPORAL_WORKER_BUILD_ID', 'TEMPORAL_DEPLOYMENT_NAME'] as const);
      report([missing], `missing beside ${other}. Set both, or neither.`);
    }),
    crossCheck(modeAndQueue, ({ WORKER_MODE: mode, TASK_QUEUE: queue }, report) => {
      if (mode !== 'read-only' || queue !== taskQueue) return;
      report(
        ['TASK_QUEUE'],
        `the queue of workers that write. Use another one, or leave it out: ${readOnlyTaskQueue}.`,
      );
    }),
  );

/** Reads the configuration, or lists every problem with it. Empty variables count as not set. */
export function readConfiguration(env: NodeJS.ProcessEnv): Configuration | Problem[] {
  const parsed = parse(environment, ownVariables(environment.shape, env));
  const payloadKeys = readKeyRing(env);
  const policy = env.POLICY_FILE ? readPolicy(env.POLICY_FILE) : undefined;
  const webhook = readWebhook(env);
  const problems = [parsed.ok ? [] : parsed.problems, payloadKeys, policy, webhook].flatMap((each) =>
    Array.isArray(each) ? each : [],
  );
  if (!parsed.ok || Array.isArray(payloadKeys) || Array.isArray(policy) || Array.isArray(webhook)) return problems;
  const { AZURE_RESOURCE_MANAGER_ENDPOINT, AZURE_RESOURCE_MANAGER_CA_FILE, LOG_LEVEL } = parsed.value;
  const { HEALTH_ADDRESS, METRICS_ADDRESS, WORKFLOW_BUNDLE } = parsed.value;
  const readOnly = parsed.value.WORKER_MODE === 'read-only';
  const { TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId } = parsed.value;
  return {
    endpoint: AZURE_RESOURCE_MANAGER_ENDPOINT,
    logLevel: LOG_LEVEL,
    readOnly,
    taskQueue: parsed.value.TASK_QUEUE ?? (readOnly ? readOnlyTaskQueue : taskQueue),
    ...(METRICS_ADDRESS !== undefined && { metricsAddress: METRICS_ADDRESS }),
    ...(AZURE_RESOURCE_MANAGER_CA_FILE === undefined ? {} : { certificateAuthority: AZURE_RESOURCE_MANAGER_CA_FILE }),
    ...(deploymentName !== undefined && buildId !== undefined && { deployment: { deploymentName, buildId } }),
    ...(payloadKeys && { payloadKeys }),
    ...(policy && { policy }),
    ...(webhook && { webhook }),
    ...(HEALTH_ADDRESS !== undefined && { healthAddress: HEALTH_ADDRESS }),
    ...(WORKFLOW_BUNDLE !== undefined && { bundleFolder: WORKFLOW_BUNDLE }),
  };
}

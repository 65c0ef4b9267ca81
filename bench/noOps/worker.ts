import { ResourceManagementClient } from '@azure/arm-resources';
import { Worker } from '@temporalio/worker';
import { resourceReference } from '../../resources/ids.ts';
import { simulatedIdentity } from '../../scripts/local/simulatorClient.ts';
import { type BenchWorker, runWorker, startWorkerProcess } from '../workerProcess.ts';

interface NoOpsPlan {
  /** `host:port` of the Temporal server. */
  temporal: string;
  queue: string;
  endpoint: string;
  ca: string;
  tokenEndpoint: string;
}

/** Starts a worker for `noOps` as a process of its own. */
export const startNoOpsWorker = (plan: NoOpsPlan): Promise<BenchWorker> =>
  startWorkerProcess(import.meta.filename, plan);

const clusterVersion = '2026-06-01';

/** Asks for a cluster by Azure's own client, so many times at once: nobody could ask as often in less time. */
function asking({ endpoint, ca, tokenEndpoint }: NoOpsPlan) {
  const options = { endpoint, credentials: { scopes: [`${endpoint}/.default`] }, tlsOptions: { ca } };
  let client: ResourceManagementClient | undefined;
  return async (id: string, requests: number): Promise<void> => {
    client ??= new ResourceManagementClient(
      simulatedIdentity(tokenEndpoint),
      resourceReference(id).subscriptionId,
      options,
    );
    const { resources } = client;
    await Promise.all(Array.from({ length: requests }, () => resources.getById(id, clusterVersion)));
  };
}

if (import.meta.main)
  await runWorker<NoOpsPlan>((plan, connection) =>
    Worker.create({
      connection,
      taskQueue: plan.queue,
      workflowsPath: new URL('workflows.ts', import.meta.url).pathname,
      activities: { nothing: async () => undefined, ask: asking(plan) },
    }),
  );

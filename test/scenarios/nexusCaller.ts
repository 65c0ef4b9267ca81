import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';

/** Starts a worker of another team, whose workflow calls one operation of an endpoint. */
export async function startCaller({ workflow }: Client, taskQueue: string, endpoint: string) {
  const connection = await NativeConnection.connect({ address: process.env.TEST_TEMPORAL_ADDRESS ?? '' });
  const workflowsPath = fileURLToPath(new URL('nexusCallerWorkflow.ts', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  const worker = await Worker.create({ connection, taskQueue, workflowBundle });
  const running = worker.run();
  return {
    run: <T>(operation: string, given: object): Promise<T> =>
      workflow.execute('call', { taskQueue, workflowId: crypto.randomUUID(), args: [endpoint, operation, given] }),
    async stop() {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

/** Everything that a failure says, its causes included. */
export async function messageOf(failing: Promise<unknown>): Promise<string> {
  const error: unknown = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const messages: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) messages.push(each.message);
  return messages.join('\n');
}

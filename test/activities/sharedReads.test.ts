import { createHttpHeaders, createPipelineRequest, type PipelineRequest } from '@azure/core-rest-pipeline';
import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { asOneLook, shareReads } from '../../activities/arm/sharedReads.ts';

const base = 'https://azure.test/subscriptions/s';
const machines = `${base}/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/p/virtualMachines`;
const operation = `${base}/providers/Microsoft.ContainerService/locations/l/operations/o`;
const command = `${base}/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c/commandResults/r`;

/** Reads addresses, each in an activity of its own. @returns how often Azure was asked for the first. */
async function asked(urls: readonly string[]): Promise<number> {
  const sent: string[] = [];
  const policy = shareReads(({ method }) => method === 'GET');
  const next = async (request: PipelineRequest) => {
    sent.push(request.url);
    return { request, status: 200, headers: createHttpHeaders() };
  };
  for (const [index, url] of urls.entries()) {
    const environment = new MockActivityEnvironment({ activityType: `look${index}` });
    await environment.run(() => asOneLook(() => policy.sendRequest(createPipelineRequest({ url }), next)));
  }
  return sent.filter((url) => url === urls[0]).length;
}

it('what one look has seen, the next does not ask again', async () => {
  expect(await asked([machines, machines])).toBe(1);
  expect(await asked([machines, command, machines])).toBe(1);
});

it('what was read while an operation ran is asked again: the operation may have changed it', async () => {
  expect(await asked([machines, operation, machines])).toBe(2);
});

describe('what no run changes', () => {
  const versions = `${base}/providers/Microsoft.ContainerService/locations/l/kubernetesVersions`;

  /** Reads the versions of a region in a run, with a priority. */
  function reader() {
    let sent = 0;
    const policy = shareReads(({ method }) => method === 'GET');
    const read = (runId: string, priorityKey: number, answer: () => Promise<void> = async () => undefined) =>
      new MockActivityEnvironment({ workflowExecution: { workflowId: runId, runId }, priority: { priorityKey } }).run(
        () =>
          asOneLook(() =>
            policy.sendRequest(createPipelineRequest({ url: versions }), async (request) => {
              sent += 1;
              await answer();
              return { request, status: 200, headers: createHttpHeaders() };
            }),
          ),
      );
    return { read, sent: () => sent };
  }

  it('is asked once for the runs of a rollout, and by each run that somebody waits for', async () => {
    const { read, sent } = reader();
    for (const run of ['a', 'b', 'c']) await read(run, 4);
    expect(sent()).toBe(1);
    await read('d', 2);
    await read('e', 2);
    expect(sent()).toBe(3);
    // Who looks again, asks again.
    await read('a', 4);
    expect(sent()).toBe(4);
  });

  it('is asked again by a run whose forerunner was cancelled over it', async () => {
    const { read, sent } = reader();
    const [first, second] = await Promise.allSettled([
      read('a', 4, () => Promise.reject(Object.assign(new Error('cancelled'), { name: 'AbortError' }))),
      read('b', 4),
    ]);
    expect(first.status).toBe('rejected');
    expect(second.status).toBe('fulfilled');
    expect(sent()).toBe(2);
  });
});

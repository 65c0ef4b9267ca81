import { createHttpHeaders, createPipelineRequest, type PipelineRequest } from '@azure/core-rest-pipeline';
import { expect, it } from '@jest/globals';
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

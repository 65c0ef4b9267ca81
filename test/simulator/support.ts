import { ContainerServiceClient, type ManagedCluster } from '@azure/arm-containerservice';
import { ResourceManagementClient } from '@azure/arm-resources';
import { expect } from '@jest/globals';
import { simulatedIdentity } from '../../scripts/local/simulatorClient.ts';
import { type Duration, type SimulatorOptions, startSimulator } from '../../simulator/index.ts';
import { armClient } from '../support/arm.ts';

export { type Answer, versioned } from '../support/arm.ts';

export const subscription = '11111111-1111-1111-1111-111111111111';
export const location = 'westeurope';
/** How often an SDK poller asks, in real milliseconds. */
export const polling = { updateIntervalInMs: 15 };

/** A started simulator, with the real SDK clients and plain requests for what the SDKs hide. */
export async function start(options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ speed: 'demand', ...options });
  const credential = simulatedIdentity(simulator.tokenEndpoint);
  const client = { endpoint: simulator.endpoint, tlsOptions: { ca: simulator.ca } };
  const { token = '' } = (await credential.getToken('https://management.azure.com/.default')) ?? {};
  return {
    simulator,
    credential,
    client,
    aks: new ContainerServiceClient(credential, subscription, client),
    resources: new ResourceManagementClient(credential, subscription, client),
    ...armClient(simulator, async () => token),
  };
}

export type Started = Awaited<ReturnType<typeof start>>;

export function group(name: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${name}`;
}

export const version = 'api-version=2026-06-01';

/** A private cluster with the managed registry and no egress, as the SDK sends it. */
export function isolatedCluster(overrides: Partial<ManagedCluster> = {}): ManagedCluster {
  return {
    location,
    identity: { type: 'SystemAssigned' },
    dnsPrefix: 'demo',
    agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }],
    networkProfile: { networkPlugin: 'azure', outboundType: 'none' },
    apiServerAccessProfile: { enablePrivateCluster: true },
    bootstrapProfile: { artifactSource: 'Cache' },
    ...overrides,
  };
}

/** A cluster with egress as it is on the wire; `properties` are merged in. */
export function wireCluster(properties: Record<string, unknown> = {}, top: Record<string, unknown> = {}) {
  return {
    location,
    identity: { type: 'SystemAssigned' },
    properties: {
      dnsPrefix: 'demo',
      agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }],
      networkProfile: { networkPlugin: 'azure', outboundType: 'loadBalancer' },
      ...properties,
    },
    ...top,
  };
}

/** A cluster with egress and images from Microsoft, with a system pool and a pool `work` of three nodes, as the SDK sends it. */
export function openCluster(overrides: Partial<ManagedCluster> = {}): ManagedCluster {
  return isolatedCluster({
    networkProfile: { networkPlugin: 'azure', outboundType: 'loadBalancer' },
    bootstrapProfile: { artifactSource: 'Direct' },
    agentPoolProfiles: [
      { name: 'system', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' },
      { name: 'work', mode: 'User', count: 3, vmSize: 'Standard_D4ds_v5' },
    ],
    ...overrides,
  });
}

/** Runs a command inside of a cluster. */
export async function runInCluster(
  { aks }: Started,
  resourceGroup: string,
  name: string,
  command: string,
): Promise<{ exitCode: number | undefined; logs: string; state: string }> {
  const result = await aks.managedClusters.runCommand(resourceGroup, name, { command }, polling);
  const { exitCode, logs = '', provisioningState = '' } = result;
  return { exitCode, logs, state: provisioningState };
}

/** The answer to a refused request, but for its message. */
export const refused = (status: number, code: string) => ({
  status,
  body: { error: { code, message: expect.any(String) } },
});

/** Holds the operation that the next such request starts: it does not end before `release`. */
export async function hold({ send }: Started, method: string, path: string): Promise<void> {
  await send('POST', '/simulator/faults', { method, path, operation: { held: true } });
}

export async function release({ send }: Started): Promise<void> {
  await send('DELETE', '/simulator/faults');
}

/** Simulated seconds of the last such write: those until its answer, and those of its operation. */
export async function secondsOf({ send }: Started, operation: string, id: string): Promise<[number, number]> {
  const writes = (await send('GET', '/simulator/durations')).body as Duration[];
  const last = writes.findLast((write) => write.operation === operation && write.resourceId === id);
  if (!last) throw new Error(`${operation} ${id} was not seen`);
  return [last.requestSeconds, last.operationSeconds];
}

/** All items of an SDK's list. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

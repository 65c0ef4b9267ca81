import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerServiceClient } from '@azure/arm-containerservice';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { ResourceManagementClient } from '@azure/arm-resources';
import type { AzureConnection } from '../../activities/arm/connection.ts';
import type { CreateClusterInput } from '../../contract/index.ts';
import { controlApi, simulatedIdentity } from '../../scripts/local/simulatorClient.ts';
import {
  type RecordedRequest,
  type ResetRequest,
  type Simulator,
  type Speed,
  startSimulator,
} from '../../simulator/index.ts';
import { type ArmClient, armClient } from './arm.ts';
import { waitFor } from './waitFor.ts';

export const subscriptionId = '11111111-1111-1111-1111-111111111111';

export interface AzureOptions {
  /** Default: by demand. */
  speed?: Speed;
  edition?: 'current' | '2024-preview';
  /** Default: the product's. */
  requestTimeoutMs?: number;
}

export interface SimulatedAzure extends ArmClient {
  simulator: Simulator;
  connection: AzureConnection;
  reset(seed?: ResetRequest): Promise<void>;
  /** Everything that was asked of Azure, oldest first; writes only, if asked. */
  recorded(fromByte?: number): Promise<RecordedRequest[]>;
  /** Where the recording ends now. */
  recordedBytes(): Promise<number>;
  writes(path?: RegExp): Promise<string[]>;
  /** Writes to a cluster or its resource group. */
  writesTo(given: CreateClusterInput): Promise<string[]>;
  /** Waits until a request like `PUT /subscriptions/…` has taken effect; the first one after this byte of the recording. */
  untilRequested(request: string, fromByte?: number): Promise<void>;
  /** Somebody else's doings in Azure. */
  createGroup(name: string): Promise<void>;
  createIdentity(group: string, name: string): Promise<string>;
  createForeignCluster(given: CreateClusterInput): Promise<void>;
  close(): Promise<void>;
}

export async function startSimulatedAzure({
  speed = 'demand',
  edition = 'current',
  requestTimeoutMs,
}: AzureOptions = {}): Promise<SimulatedAzure> {
  const folder = await mkdtemp(join(tmpdir(), 'aks-isolation-recording-'));
  const recordFile = join(folder, 'requests.jsonl');
  const simulator = await startSimulator({ speed, edition, recordFile });
  const { clock } = simulator;
  const begun = clock.now();
  const connection: AzureConnection = {
    // DefaultAzureCredential keeps the first address that it finds for the life of the process; the end-to-end tests use it.
    credential: simulatedIdentity(simulator.tokenEndpoint),
    endpoint: simulator.endpoint,
    tlsOptions: { ca: [simulator.ca] },
    ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
    // Its times begin anywhere, as those of the machine's clock do: nobody may take them for times of day.
    ...(speed !== 0 && {
      clock: { ...clock, now: () => clock.now() - begun, at: (machineMs: number) => clock.at(machineMs) - begun },
    }),
  };
  const lines = recordingOf(recordFile);
  const writes = async (path = /./): Promise<string[]> => {
    // A command that only looks is no write.
    const isWrite = ({ request: { method, url } }: Line) =>
      method !== 'GET' && !url.includes('/runCommand') && path.test(url);
    return lines(0)
      .filter(isWrite)
      .map(({ text }) => text);
  };
  const options = { endpoint: simulator.endpoint, tlsOptions: { ca: simulator.ca } };
  const { credential } = connection;
  const groups = new ResourceManagementClient(credential, subscriptionId, options).resourceGroups;
  const createGroup = async (name: string): Promise<void> => {
    await groups.createOrUpdate(name, { location: 'westeurope' });
  };
  return {
    ...armClient(simulator, async () => (await credential.getToken(simulator.endpoint))?.token ?? ''),
    simulator,
    connection,
    createGroup,
    async createIdentity(group, name) {
      if (!(await groups.checkExistence(group)).body) await createGroup(group);
      const { userAssignedIdentities } = new ManagedServiceIdentityClient(credential, subscriptionId, options);
      const { id } = await userAssignedIdentities.createOrUpdate(group, name, { location: 'westeurope' });
      return id ?? '';
    },
    async createForeignCluster({ cluster, location }) {
      const { managedClusters } = new ContainerServiceClient(credential, subscriptionId, options);
      await managedClusters.createOrUpdate(
        cluster.resourceGroup,
        cluster.name,
        {
          location,
          dnsPrefix: 'foreign',
          identity: { type: 'SystemAssigned' },
          agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }],
        },
        { updateIntervalInMs: 50 },
      );
    },
    untilRequested: (request, fromByte = 0) =>
      waitFor(() => lines(fromByte).some(({ text }) => text.startsWith(request)), `${request} was not seen`),
    writes,
    writesTo: ({ cluster }) => writes(new RegExp(`/resourcegroups/${cluster.resourceGroup}([/?]|$)`, 'i')),
    reset: (seed = {}) => controlApi(simulator, 'reset', 'POST', seed),
    recorded: async (fromByte = 0) => lines(fromByte).map(({ request }) => request),
    recordedBytes: async () => (await stat(recordFile)).size,
    async close() {
      await simulator.close();
      await rm(folder, { recursive: true });
    },
  };
}

interface Line {
  at: number;
  request: RecordedRequest;
  /** As `PUT /subscriptions/… 201`. Thousands of lines are looked at again at each look. */
  text: string;
}

/** Reads a recording that grows, each line once. */
function recordingOf(file: string): (fromByte: number) => Line[] {
  const lines: Line[] = [];
  let end = 0;
  // Without a pause in between: tests beside each other read it at the same time.
  return (fromByte) => {
    const { size } = statSync(file);
    if (size > end) {
      const buffer = Buffer.alloc(size - end);
      const opened = openSync(file, 'r');
      readSync(opened, buffer, 0, buffer.length, end);
      closeSync(opened);
      // The last line may still be written.
      for (let next = buffer.indexOf('\n'), from = 0; next >= 0; from = next + 1, next = buffer.indexOf('\n', from)) {
        const request: RecordedRequest = JSON.parse(buffer.subarray(from, next).toString());
        lines.push({ at: end, request, text: textOf(request) });
        end += next + 1 - from;
      }
    }
    return fromByte === 0 ? lines : lines.filter(({ at }) => at >= fromByte);
  };
}

const textOf = ({ method, url, status }: RecordedRequest): string => `${method} ${new URL(url).pathname} ${status}`;

/** Paths as the SDK spells them. */
export const groupPath = ({ cluster }: CreateClusterInput): string =>
  `/subscriptions/${subscriptionId}/resourcegroups/${cluster.resourceGroup}`;
export const clusterPath = ({ cluster }: CreateClusterInput): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${cluster.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${cluster.name}`;

/** The smallest valid input for a cluster of this name. */
export function input(name: string, more: Partial<CreateClusterInput> = {}): CreateClusterInput {
  return {
    cluster: { subscriptionId, resourceGroup: `rg-${name}`, name },
    location: 'westeurope',
    registry: { mode: 'managed' },
    apiServerAccess: 'privateLink',
    ...more,
  };
}

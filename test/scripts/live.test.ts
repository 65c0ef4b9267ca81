import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { controlApi } from '../../scripts/local/simulatorClient.ts';
import {
  type AzureSwitches,
  azureSwitches,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../simulator/index.ts';
import { subscriptionId } from '../support/azure.ts';
import { sampled } from '../support/sampled.ts';
import { scratchFolder } from './support.ts';

const defaults = Object.fromEntries(Object.entries(azureSwitches).map(([name, { values }]) => [name, values[0]]));

interface Written {
  assumption: string;
  verdict: string;
  position?: string;
  because: string;
  shownBy: unknown[];
}

/** Starts the live run as a process, against a simulator. */
function live(simulator: Simulator, folder: string, ...options: string[]) {
  const place = ['--subscription', subscriptionId, '--location', 'westeurope', '--folder', folder];
  const env = {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    AZURE_RESOURCE_MANAGER_ENDPOINT: simulator.endpoint,
    AZURE_RESOURCE_MANAGER_CA_FILE: simulator.caFile,
    IDENTITY_ENDPOINT: simulator.tokenEndpoint,
    IDENTITY_HEADER: 'any',
  };
  return execa(process.execPath, ['scripts/live/main.ts', ...place, ...options], {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
}

async function verdictsIn(folder: string): Promise<Written[]> {
  const { runId } = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8'));
  return JSON.parse(await readFile(join(folder, `${runId}-verdicts.json`), 'utf8'));
}

interface Case {
  name: string;
  simulator: SimulatorOptions & { azure: Partial<AzureSwitches> };
  options: string[];
  /** Of these switches alone. */
  told: readonly (keyof AzureSwitches)[];
  reset?: object;
}

const byDemand = ['--speed', 'demand'];
/** What a run by demand tells about an Azure of today. */
const most = Object.keys(azureSwitches).filter(
  (name) => !['retryAfter', 'mirrorAddress'].includes(name),
) as (keyof AzureSwitches)[];

const demand = (name: string, azure: Partial<AzureSwitches>, told = most): Case => ({
  name,
  simulator: { speed: 'demand', azure },
  options: byDemand,
  told,
});
/** Durations cannot be told by demand, but at a speed. */
const retryAfter = (value: AzureSwitches['retryAfter']): Case => ({
  name: `retryAfter=${value}`,
  simulator: { speed: 1000, azure: { retryAfter: value } },
  options: ['--speed', '1000', '--checks', 'cluster'],
  told: ['retryAfter'],
});
/** Rules without a prefix are those of the preview. */
const mirror = (value: AzureSwitches['mirrorAddress']): Case => ({
  name: `mirrorAddress=${value}`,
  simulator: { speed: 'demand', edition: '2024-preview', azure: { mirrorAddress: value } },
  reset: { features: { 'Microsoft.ContainerService/NetworkIsolatedClusterPreview': 'Registered' } },
  options: [...byDemand, '--checks', 'reimage'],
  told: ['mirrorAddress'],
});

/** Each position of each switch is in one of them. */
const cases: readonly Case[] = [
  demand(
    'all moved',
    {
      ...{ reimageOnNewestImage: 'ignored', isolationReimages: 'never', retryAfter: 'none', operationAddresses: '403' },
      ...{ commandStart: 'cold', commandFailure: 'KubernetesOperationError', commandsAtOnce: 'one' },
      ...{ commandTools: 'withoutCurl', attachedOutput: 'lost', managedRegistryOnDelete: 'stays' },
      ...{ managedRegistryOnChange: 'stays', networkRelease: 'late', permissionPages: 'many' },
      ...{ registryLocation: 'displayName', gatewayErrors: 'text' },
    },
    [...most, 'retryAfter'],
  ),
  demand('defaults', { operationAddresses: '400' }),
  retryAfter('30'),
  mirror('withoutSlash'),
  demand('AKS reimages by itself', {
    ...{ reimageOnNewestImage: '304', isolationReimages: 'always', operationAddresses: '404' },
    ...{ commandFailure: 'KubernetesOperationError' },
  }),
  demand('all nodes are reimaged', { reimageOnNewestImage: 'reimages', operationAddresses: '401' }),
  demand('addresses last', { commandStart: 'cold' }),
  retryAfter('5'),
  retryAfter('120'),
  mirror('withSlash'),
];

// The first row tells most positions that are no defaults.
describe.each([...new Set([...cases.slice(0, 1), ...sampled(cases, 4, 3)])])(
  '$name',
  ({ simulator: settings, options, told, reset }) => {
    test('is named right, and nothing is left', async () => {
      const simulator = await startSimulator(settings);
      try {
        if (reset) await controlApi(simulator, 'reset', 'POST', reset);
        const folder = await scratchFolder();
        const { exitCode, stderr } = await live(simulator, folder, '--yes', ...options);
        expect([exitCode, stderr]).toEqual([0, '']);
        const verdicts = await verdictsIn(folder);
        const seen = verdicts.filter(({ assumption }) => told.some((name) => name === assumption));
        const set: Record<string, string> = { ...defaults, ...settings.azure };
        expect(Object.fromEntries(seen.map(({ assumption, position }) => [assumption, position]))).toEqual(
          Object.fromEntries(told.map((name) => [name, set[name]])),
        );
        expect(seen.filter(({ shownBy }) => shownBy.length === 0)).toEqual([]);
        // Nothing is said about what was not seen.
        expect(verdicts.filter((one) => one.verdict !== 'unknown' && one.position !== set[one.assumption])).toEqual([]);
        expect(await groupsIn(simulator)).toEqual([]);
      } finally {
        await simulator.close();
      }
    });
  },
);

async function groupsIn(simulator: Simulator): Promise<string[]> {
  const resources = await controlApi<{ id: string; type: string }[]>(simulator, 'resources');
  return resources.filter(({ type }) => type.endsWith('/resourceGroups')).map(({ id }) => id);
}

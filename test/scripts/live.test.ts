import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { type Ending, endingOf, exitCodes, hold } from '../../scripts/live/endings.ts';
import { program } from '../../scripts/live/options.ts';
import { sessionOn } from '../../scripts/live/session.ts';
import { controlApi, simulatedIdentity } from '../../scripts/local/simulatorClient.ts';
import {
  type AzureSwitches,
  azureSwitches,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../simulator/index.ts';
import { subscriptionId } from '../support/azure.ts';
import { sampled } from '../support/sampled.ts';
import { waitFor } from '../support/waitFor.ts';
import { scratchFolder } from './support.ts';

const defaults = Object.fromEntries(Object.entries(azureSwitches).map(([name, { values }]) => [name, values[0]]));

interface Written {
  assumption: string;
  verdict: string;
  position?: string;
  because: string;
  shownBy: unknown[];
}

interface Started {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

/** A start of the live run in this process, against a simulator. @param answer What somebody says at a terminal; default: there is none */
async function live(
  simulator: Simulator,
  words: readonly string[],
  { answer }: { answer?: 'no' } = {},
): Promise<Started> {
  const written: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
  const say = (text: string) => void written.stdout.push(text);
  const note = (text: string) => void written.stderr.push(text);
  const confirm = async (question: string) => {
    say(question);
    return answer !== 'no';
  };
  const terminal = { say, note, canAsk: answer !== undefined, confirm };
  const { endpoint, tokenEndpoint, ca } = simulator;
  const connection = { endpoint, credential: simulatedIdentity(tokenEndpoint), tlsOptions: { ca: [ca] } };
  let ending: Ending | undefined;
  await program(
    async (options) => {
      ending = await endingOf(sessionOn(connection, options, terminal), options, note);
    },
    async (recording, options) => {
      ending = await hold(recording, options, say);
    },
  ).parseAsync(words, { from: 'user' });
  return {
    exitCode: ending && exitCodes[ending],
    stdout: written.stdout.join('\n'),
    stderr: written.stderr.join('\n'),
  };
}

/** The same as a process. */
const liveProcess = (simulator: Simulator, words: readonly string[]) =>
  execa(process.execPath, ['scripts/live/main.ts', ...words], { ...settingsFor(simulator), stdin: 'ignore' });

const wordsOf = (folder: string, ...options: string[]): string[] => [
  ...['--subscription', subscriptionId, '--location', 'westeurope', '--folder', folder],
  ...options,
];

const settingsFor = ({ endpoint, caFile, tokenEndpoint }: Simulator) => ({
  env: {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    AZURE_RESOURCE_MANAGER_ENDPOINT: endpoint,
    AZURE_RESOURCE_MANAGER_CA_FILE: caFile,
    IDENTITY_ENDPOINT: tokenEndpoint,
    IDENTITY_HEADER: 'any',
  },
  extendEnv: false,
  reject: false,
});

async function runIn(folder: string, name: string): Promise<[runId: string, file: string]> {
  const { runId } = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8'));
  return [runId, join(folder, `${runId}-${name}`)];
}

async function verdictsIn(folder: string): Promise<Written[]> {
  const [, file] = await runIn(folder, 'verdicts.json');
  return JSON.parse(await readFile(file, 'utf8'));
}

async function refutedIn(folder: string): Promise<string[]> {
  const [, file] = await runIn(folder, 'behaviours.json');
  const rows: { id: string; verdict: string }[] = JSON.parse(await readFile(file, 'utf8'));
  return rows.flatMap(({ id, verdict }) => (verdict === 'refuted' ? [id] : [])).sort();
}

interface Case {
  name: string;
  simulator: SimulatorOptions & { azure: Partial<AzureSwitches> };
  options: string[];
  /** Findings of these switches alone. */
  told: readonly (keyof AzureSwitches)[];
  reset?: object;
  /** Rows of the simulator's behaviours that are otherwise then. */
  refutes?: readonly string[];
}

const byDemand = ['--speed', 'demand'];
/** Verdicts of a run by demand on an Azure of today. */
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
  {
    refutes: [
      ...['aks-busy', 'aks-command-pod', 'aks-managed-registry-goes', 'aks-pool-changed', 'aks-reimage-by-itself'],
      ...['aks-reimage-nothing', 'aks-throttling', 'retry-after'],
    ],
    ...demand(
      'all moved',
      {
        ...{
          reimageOnNewestImage: 'ignored',
          isolationReimages: 'never',
          retryAfter: 'none',
          operationAddresses: '403',
        },
        ...{ commandStart: 'cold', commandFailure: 'KubernetesOperationError', commandsAtOnce: 'one' },
        ...{
          commandTools: 'withoutCurl',
          longCommands: 'fail',
          attachedOutput: 'lost',
          managedRegistryOnDelete: 'stays',
        },
        ...{ managedRegistryOnChange: 'stays', networkRelease: 'late', permissionPages: 'many' },
        ...{ registryLocation: 'displayName', gatewayErrors: 'text' },
        ...{ poolSettingReimages: 'never', localDNSLeftOut: 'stays', poolsAtOnce: 'one' },
        ...{ commandToken: 'required', managedRegistryRole: 'kubelet' },
      },
      [...most, 'retryAfter'],
    ),
  },
  { refutes: [], ...demand('defaults', { operationAddresses: '400' }) },
  retryAfter('30'),
  mirror('withoutSlash'),
  demand('AKS reimages by itself', {
    ...{ reimageOnNewestImage: '304', isolationReimages: 'always', operationAddresses: '404' },
    ...{ commandFailure: 'KubernetesOperationError' },
  }),
  demand('all nodes are reimaged', { reimageOnNewestImage: 'reimages', operationAddresses: '401' }),
  demand('addresses last', { commandStart: 'cold', reimageOnNewestImage: 'refused' }),
  retryAfter('5'),
  retryAfter('120'),
  mirror('withSlash'),
];

// The first row tells most positions that are no defaults.
describe.each(sampled(cases, cases.length))('$name', ({ simulator: settings, options, told, reset, refutes }) => {
  test('is named right, and nothing is left', async () => {
    const simulator = await startSimulator(settings);
    try {
      if (reset) await controlApi(simulator, 'reset', 'POST', reset);
      const folder = await scratchFolder();
      const { exitCode, stderr } = await live(simulator, wordsOf(folder, '--yes', ...options));
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
      if (refutes) expect(await refutedIn(folder)).toEqual(refutes);
      if (refutes) await expectReplay(simulator, folder, verdicts);
    } finally {
      await simulator.close();
    }
  });
});

/** The recording holds nothing of the run's own, and a simulator that is set as the verdicts say answers as recorded. */
async function expectReplay(simulator: Simulator, folder: string, verdicts: readonly Written[]): Promise<void> {
  const [runId, file] = await runIn(folder, 'exchanges.jsonl');
  expect(await readFile(file, 'utf8')).not.toMatch(new RegExp(`${runId}|127\\.0\\.0\\.1|Bearer|eyJ[-\\w]+\\.`));
  const moves = verdicts.flatMap(({ assumption, position }) => (position ? [`${assumption}=${position}`] : []));
  const { stdout, exitCode } = await live(simulator, ['replay', file, '--azure', moves.join()]);
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^The simulator answers all \d+ requests as recorded/)]);
}

async function groupsIn(simulator: Simulator): Promise<string[]> {
  const resources = await controlApi<{ id: string; type: string }[]>(simulator, 'resources');
  return resources.filter(({ type }) => type.endsWith('/resourceGroups')).map(({ id }) => id);
}

/** Runs against a simulator of its own, by demand unless its settings say otherwise. */
async function against<T>(
  reset: object,
  what: (simulator: Simulator, folder: string) => Promise<T>,
  settings: SimulatorOptions = { speed: 'demand' },
): Promise<T> {
  const simulator = await startSimulator(settings);
  try {
    await controlApi(simulator, 'reset', 'POST', reset);
    return await what(simulator, await scratchFolder());
  } finally {
    await simulator.close();
  }
}

/** A registry of somebody's that has the name that a run will want, which an earlier start has begun and made nothing of. */
async function takenName(simulator: Simulator, folder: string): Promise<void> {
  const state = { runId: 'r1a2b3c4d', subscriptionId, location: 'westeurope', expiresOn: '2026-11-25' };
  await writeFile(
    join(folder, 'state.json'),
    JSON.stringify({ ...state, checks: {}, replacements: {}, removed: true, finished: false }),
  );
  const group = `/subscriptions/${subscriptionId}/resourceGroups/somebodys`;
  const path = `${group}/providers/Microsoft.ContainerRegistry/registries/aksisolationlive${state.runId}`;
  const body = { location: 'westeurope', sku: { name: 'Basic' } };
  const does = [
    { method: 'PUT', path: group, body: { location: 'westeurope' } },
    { method: 'PUT', path, body },
  ];
  await controlApi(simulator, 'requests', 'POST', { does });
}

/** Nothing is made, and words say why. */
const refusals: [what: string, options: string[], said: RegExp, reset?: object][] = [
  [
    'without any right',
    ['--yes'],
    /--subscription: its resource groups may not be read .*does not have authorization.*Give the identity the role Contributor/,
    { callerPermissions: [] },
  ],
  [
    'without a terminal to ask about the costs',
    [],
    /may cost \d\.\d\d USD, and there is no terminal.*--yes.*Nothing was made/,
  ],
  ['of a size that is not offered', ['--yes', '--vm-size', 'Standard_X1'], /--vm-size: Standard_X1 is not offered/],
  ['in no region', ['--yes', '--location', 'nowhere'], /--location: nowhere is not a region/],
  ['in no subscription', ['--yes', '--subscription', randomUUID()], /--subscription: .* was not found/],
];

describe('nothing is made', () => {
  test('where something is wrong, all of which is said at once', () => {
    const scope = `/subscriptions/${subscriptionId}`;
    const seed = {
      providers: { 'Microsoft.ManagedIdentity': 'NotRegistered' },
      quotas: { cores: 4 },
      denyAssignments: [
        { name: randomUUID(), title: 'stack', scope, actions: ['Microsoft.Network/privateEndpoints/*'] },
      ],
      callerPermissions: [{ scope, actions: ['*'], notActions: ['Microsoft.Authorization/*/write'] }],
    };
    return against(seed, async (simulator, folder) => {
      const tags = { 'aks-isolation-live': 'r0', expiresOn: '2026-11-25' };
      const left = { method: 'PUT', path: `${scope}/resourceGroups/left`, body: { location: 'westeurope', tags } };
      // A policy has taken the tags of another one away.
      const untagged = {
        ...left,
        path: `${scope}/resourceGroups/aks-isolation-live-r0000000a`,
        body: { location: 'westeurope' },
      };
      const lock = {
        method: 'PUT',
        path: `${scope}/providers/Microsoft.Authorization/locks/keep`,
        body: { properties: { level: 'CanNotDelete' } },
      };
      await controlApi(simulator, 'requests', 'POST', { does: [left, untagged, lock] });
      await takenName(simulator, folder);
      const before = await groupsIn(simulator);
      const { exitCode, stderr } = await liveProcess(simulator, wordsOf(folder, '--yes', ...byDemand));
      expect([exitCode, await groupsIn(simulator)]).toEqual([1, before]);
      for (const said of [
        /r0000000a: an earlier live run has left it .*--clean-up r0000000a/,
        /left: an earlier live run has left it .*--clean-up r0\b/,
        /aksisolationliver1a2b3c4d: the name is taken .*another --folder: a new run has other names/,
        /Microsoft.ManagedIdentity: the resource provider is NotRegistered/,
        /roleAssignments\/write, which the check ownRegistry needs/,
        /locks\/keep: a lock \(CanNotDelete\) of the subscription would keep what the run makes from being removed/,
        /the deny assignment stack keeps the identity from Microsoft.Network\/privateEndpoints\/write/,
        /vCPUs are needed at once, and the quota of the region westeurope leaves 4 of 4/,
      ])
        expect(stderr).toMatch(said);
    });
  });

  test.each(refusals)('%s', (_what, options, said, reset = {}) =>
    against(reset, async (simulator, folder) => {
      const { exitCode, stderr } = await live(simulator, wordsOf(folder, ...byDemand, ...options));
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(said)]);
      expect(await groupsIn(simulator)).toEqual([]);
    }),
  );
});

test('nothing is made where the folder alone knows of a run in another subscription', () =>
  against({}, async (simulator, folder) => {
    await takenName(simulator, folder);
    const file = join(folder, 'state.json');
    const state = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...state, subscriptionId: randomUUID(), removed: false }));
    const kept = await readFile(file, 'utf8');
    for (const also of [[], ['--clean-up']]) {
      const { exitCode, stderr } = await live(simulator, wordsOf(folder, '--yes', ...byDemand, ...also));
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/--folder: its last run r1a2b3c4d .*--clean-up/)]);
    }
    expect(await readFile(file, 'utf8')).toBe(kept);
  }));

test('nothing is made where the answer about the costs is no', () =>
  against({}, async (simulator, folder) => {
    const words = wordsOf(folder, ...byDemand, '--checks', 'rights');
    const { exitCode, stdout, stderr } = await live(simulator, words, { answer: 'no' });
    expect([exitCode, stdout, stderr]).toEqual([
      1,
      expect.stringMatching(/may cost 0.00 USD. Go on\?/),
      'Nothing was made.',
    ]);
    expect(await groupsIn(simulator)).toEqual([]);
  }));

test('where a policy denies, its words are shown, the other checks are made, and nothing is left', () => {
  const deny = { name: 'no-networks', type: 'Microsoft.Network/virtualNetworks', does: { effect: 'deny' } };
  return against({ policies: [deny] }, async (simulator, folder) => {
    const { exitCode, stdout } = await live(
      simulator,
      wordsOf(folder, '--yes', '--checks', 'rights,deletion', ...byDemand),
    );
    expect([exitCode, await groupsIn(simulator)]).toEqual([2, []]);
    expect(stdout).toMatch(
      /could not be made: the network was refused \(403 RequestDisallowedByPolicy\)\s+Azure says: .*no-networks/,
    );
    expect(stdout).toMatch(/permissionPages +holds/);
    expect(stdout).toMatch(/networkRelease: unknown. the check deletion could not be made: it needs .* ownRegistry/);
  });
});

test('where a policy denies the group of the run, its words are shown, and nothing is made', () => {
  const deny = {
    name: 'no-groups',
    type: 'Microsoft.Resources/subscriptions/resourceGroups',
    does: { effect: 'deny' },
  };
  return against({ policies: [deny] }, async (simulator, folder) => {
    const { exitCode, stderr } = await live(simulator, wordsOf(folder, '--yes', '--checks', 'rights', ...byDemand));
    expect([exitCode, await groupsIn(simulator)]).toEqual([2, []]);
    expect(stderr).toMatch(/The resource group was refused: .*no-groups/);
  });
});

/** A run that is asked to stop removes what it has made; one that is killed leaves it, and the next start takes it as it is. */
const stops: [signal: 'SIGINT' | 'SIGHUP' | 'SIGKILL', exitCode: number | undefined, left: number, said: RegExp][] = [
  ['SIGINT', 2, 0, /goes on[\s\S]*1 of 1: a cluster[\s\S]*retryAfter +differs +5[\s\S]*operationAddresses +holds/],
  ['SIGHUP', 2, 0, /goes on[\s\S]*1 of 1: a cluster[\s\S]*retryAfter +differs +5[\s\S]*operationAddresses +holds/],
  ['SIGKILL', undefined, 2, /goes on[\s\S]*1 of 1: a cluster[\s\S]*operationAddresses: unknown, an earlier start/],
];

test.each(sampled(stops, 3))('after %s a later start goes on', (signal, exitCode, left, said) =>
  against(
    {},
    async (simulator, folder) => {
      const held = await controlApi<{ id: string }>(simulator, 'faults', 'POST', {
        ...{ method: 'PUT', path: '/managedClusters/open$', operation: { held: true } },
      });
      const words = wordsOf(folder, '--yes', '--checks', 'rights,cluster', '--speed', '1000');
      const first = liveProcess(simulator, words);
      await waitFor(async () => (await groupsIn(simulator)).length === 2, 'the cluster is not being made');
      const beside = await live(simulator, words);
      expect([beside.exitCode, beside.stderr]).toEqual([
        1,
        expect.stringMatching(/--folder: a live run works in .*Ctrl-C/),
      ]);
      // A closed terminal takes no words.
      if (signal === 'SIGHUP') for (const stream of [first.stdout, first.stderr]) stream.destroy();
      first.kill(signal);
      // npm hands on what the terminal has sent already.
      if (signal === 'SIGINT') first.kill(signal);
      expect([(await first).exitCode, (await groupsIn(simulator)).length]).toEqual([exitCode, left]);
      if (signal === 'SIGKILL') {
        const asked = words.filter((word) => word !== '--yes');
        const refused = await live(simulator, asked, { answer: 'no' });
        const [group = 'none'] = await groupsIn(simulator);
        expect([refused.exitCode, refused.stderr]).toEqual([3, expect.stringContaining(`costs money:\n  ${group}`)]);
      }
      await fetch(`http://127.0.0.1:${simulator.port}/simulator/faults/${held.id}`, { method: 'DELETE' });
      const second = await liveProcess(simulator, words);
      expect([second.exitCode, await groupsIn(simulator)]).toEqual([0, []]);
      expect(second.stdout).toMatch(said);
    },
    // Durations cannot be told by demand.
    { speed: 1000, azure: { retryAfter: '5' } },
  ),
);

/** A check that is killed between two of its steps. The next start makes it again, with what the first one has left. */
const brokenOff: [check: string, azure: Partial<AzureSwitches>, at: object, said: RegExp][] = [
  [
    'newest',
    {},
    { method: 'PUT', path: '/managedClusters/newest$', after: 2 },
    /isolationReimages: unknown. an earlier start of the run has changed the cluster/,
  ],
  [
    'poolSetting',
    { localDNSLeftOut: 'stays' },
    { method: 'PUT', path: '/agentPools/system$', after: 1 },
    /poolSettingReimages +holds[\s\S]*localDNSLeftOut +differs +stays/,
  ],
  [
    'deletion',
    { networkRelease: 'late' },
    { method: 'DELETE', path: '/subnets/api-server$' },
    /networkRelease: unknown. an earlier start of the run has deleted the cluster/,
  ],
];

test.each(sampled(brokenOff, 3))(
  'the check %s that was broken off says nothing wrong later',
  (check, azure, at, said) =>
    against(
      {},
      async (simulator, folder) => {
        const { id } = await controlApi<{ id: string }>(simulator, 'faults', 'POST', { ...at, held: true });
        const words = wordsOf(folder, '--yes', '--checks', check, ...byDemand);
        const first = liveProcess(simulator, words);
        const hits = async () => (await controlApi<{ hits: number }[]>(simulator, 'faults'))[0]?.hits;
        await waitFor(async () => (await hits()) === 1, 'the request is not sent');
        first.kill('SIGKILL');
        await first;
        await fetch(`http://127.0.0.1:${simulator.port}/simulator/faults/${id}`, { method: 'DELETE' });
        const second = await live(simulator, words);
        expect([second.exitCode, await groupsIn(simulator)]).toEqual([0, []]);
        expect(second.stdout).toMatch(said);
      },
      { speed: 'demand', azure },
    ),
);

/** A refusal that is about something else is no verdict. */
const besides: [check: string, azure: Partial<AzureSwitches>, fault: object, said: RegExp][] = [
  [
    'reimage',
    {},
    { method: 'POST', path: '/upgradeNodeImageVersion$', times: 9, answer: { status: 500, code: 'Odd', message: '' } },
    /reimageOnNewestImage: unknown. a request was answered POST .*500 Odd/,
  ],
  [
    'reimage',
    {},
    { method: 'GET', path: '/registries/[0-9a-f]{32}$', times: 9, answer: { status: 403, code: 'No', message: '' } },
    /managedRegistryOnChange: unknown. it could not be read: GET .*403 No/,
  ],
  [
    'commands',
    {},
    { method: 'POST', path: '/runCommand$', answer: { status: 429, code: 'TooManyRequests', message: '' } },
    /commandStart: unknown. the first command was answered POST .*429 TooManyRequests/,
  ],
  [
    'pools',
    {},
    { method: 'POST', path: '/upgradeNodeImageVersion$', answer: { status: 403, code: 'No', message: '' } },
    /poolsAtOnce: unknown. a pool was answered 403 No/,
  ],
  ['pools', { reimageOnNewestImage: '304', poolsAtOnce: 'one' }, { path: 'none$' }, /poolsAtOnce +differs +one/],
  [
    'poolSetting',
    { localDNSLeftOut: 'stays' },
    {
      ...{ method: 'GET', path: '/agentPools/system$', after: 3, times: 9 },
      answer: { status: 429, code: 'TooManyRequests', message: '' },
    },
    /localDNSLeftOut +differs +stays/,
  ],
  [
    'entra',
    { commandToken: 'ignored' },
    {
      ...{ method: 'POST', path: '/managedClusters/own/runCommand$', after: 1 },
      answer: { status: 429, code: 'TooManyRequests', message: '' },
    },
    /commandToken +holds/,
  ],
  [
    'deletion',
    {},
    {
      ...{ method: 'DELETE', path: '/subnets/nodes$' },
      operation: { status: 'Failed', code: 'InUseSubnetCannotBeDeleted', message: '', afterSeconds: 1 },
    },
    /networkRelease +differs +late/,
  ],
];

test.each(sampled(besides, 4))('what the check %s does not ask for is no verdict (%#)', (check, azure, fault, said) =>
  against(
    {},
    async (simulator, folder) => {
      await controlApi(simulator, 'faults', 'POST', { times: 1, delaySeconds: 0, ...fault });
      const run = await live(simulator, wordsOf(folder, '--yes', '--checks', check, ...byDemand));
      expect([run.exitCode, await groupsIn(simulator)]).toEqual([0, []]);
      expect(run.stdout).toMatch(said);
    },
    { speed: 'demand', azure },
  ),
);

test('a check whose cluster is refused was not made, and what it has found before counts', () =>
  against({}, async (simulator, folder) => {
    const answer = { status: 400, code: 'InvalidParameter', message: 'No.' };
    await controlApi(simulator, 'faults', 'POST', { method: 'PUT', path: '/managedClusters/own$', times: 100, answer });
    const words = wordsOf(folder, '--yes', '--checks', 'ownRegistry,deletion', ...byDemand);
    const { exitCode, stdout } = await live(simulator, words);
    expect([exitCode, await groupsIn(simulator)]).toEqual([2, []]);
    expect(stdout).toMatch(/registryLocation +holds/);
    expect(stdout).toMatch(/the check deletion could not be made: it needs what the check ownRegistry makes/);
  }));

test('what could not be removed is named, and removed by --clean-up', () =>
  against({}, async (simulator, folder) => {
    const answer = { status: 409, code: 'ScopeLocked', message: 'The scope is locked.' };
    await controlApi(simulator, 'faults', 'POST', { method: 'DELETE', path: '/resourceGroups/', answer });
    const run = await live(simulator, wordsOf(folder, '--yes', '--checks', 'rights', ...byDemand));
    const [group = 'none'] = await groupsIn(simulator);
    expect([run.exitCode, run.stderr]).toEqual([
      3,
      expect.stringContaining(`Still in Azure, and costing money:\n  ${group}`),
    ]);
    const cleaned = await live(simulator, wordsOf(folder, '--clean-up', ...byDemand));
    expect([cleaned.exitCode, await groupsIn(simulator)]).toEqual([0, []]);
  }));

/** The end of a run and its removal, where Azure does not answer well. */
const badEnds: [what: string, fault: object, exitCode: number][] = [
  ['a read that nobody answers', { method: 'GET', drop: 'before', times: 2 }, 0],
  ['a deletion that is refused for now', { method: 'DELETE', answer: { status: 503, code: 'Busy', message: '' } }, 0],
  ['a deletion that fails', { method: 'DELETE', operation: { status: 'Failed', code: 'Conflict', message: '' } }, 0],
  [
    'a read that is throttled',
    { method: 'GET', after: 1, answer: { status: 429, code: 'TooManyRequests', message: '' } },
    0,
  ],
  [
    'reads that do not find the group',
    { method: 'GET', answer: { status: 404, code: 'ResourceGroupNotFound', message: '' }, times: 1_000 },
    0,
  ],
  [
    'reads and deletions that do not find the group',
    { after: 2, answer: { status: 404, code: 'ResourceGroupNotFound', message: '' }, times: 1_000 },
    3,
  ],
  ['reads that nobody ever answers', { method: 'GET', drop: 'before', times: 1_000 }, 0],
  // A HEAD and a PUT come before them.
  ['requests about the group of which none is answered once it is made', { after: 2, drop: 'before', times: 1_000 }, 3],
];

test.each(badEnds)('%s ends the removal well, or what is left is named', (_what, fault, exitCode) =>
  against({}, async (simulator, folder) => {
    await controlApi(simulator, 'faults', 'POST', { path: '/resourceGroups/aks-isolation-live-r[0-9a-f]+$', ...fault });
    const run = await live(simulator, wordsOf(folder, '--yes', '--checks', 'rights', ...byDemand));
    const left = await groupsIn(simulator);
    expect([run.exitCode, left.length]).toEqual([exitCode, exitCode === 0 ? 0 : 1]);
    for (const group of left) expect(run.stderr).toContain(`Still in Azure, and costing money:\n  ${group}`);
    expect(run.stdout).toMatch(/permissionPages +holds/);
  }),
);

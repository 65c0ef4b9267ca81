import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lookedAtProviders } from '../../workflows/registrations/plan.ts';
import { input } from '../support/azure.ts';
import { pollsOf } from './leastRights.ts';
import { rareOperations } from './rareOperations.ts';
import { type Slot, type SweptScenario, successfulScenarios } from './scenarios.ts';
import { ended, fresh, startSlot } from './slot.ts';
import type { Usual } from './sweep.ts';

/** Azure's operations that worker identities need. */
export interface Needs {
  /** Those of a worker that writes. */
  all: string[];
  /** Those of a worker that only looks. */
  looks: string[];
  /** Those of {@link rareOperations} that are sent all the same. */
  notRare: string[];
}

/** Runs what the sweep does not: dry runs and registrations. */
export async function neededOperations(slots: readonly Slot[], usual: Usual): Promise<Needs> {
  const plans = Object.values<SweptScenario>(successfulScenarios).filter(({ looksOnly }) => !looksOnly);
  const looks = new Set(usual.get('audit')?.needs);
  const left = [...plans];
  await Promise.all(
    slots.map(async (slot) => {
      for (let plan = left.pop(); plan; plan = left.pop())
        for (const need of await needsOf(slot, plan, { dryRun: true })) looks.add(need);
    }),
  );
  const registrations = await registrationNeeds();
  const swept = [...usual.values()].flatMap(({ needs }) => [...needs]);
  const rare = Object.keys(rareOperations);
  const sent = [...swept, ...looks, ...registrations];
  const all = new Set([...sent, ...sent.flatMap(pollsOf)]);
  for (const each of registrations) if (/^Microsoft\.Features\/.*\/read$/.test(each)) looks.add(each);
  // A worker that only looks leaves out what another one may do.
  for (const each of ['permissions', 'denyAssignments']) looks.delete(`Microsoft.Authorization/${each}/read`);
  return {
    all: sorted([...all, ...rare]),
    looks: sorted([...looks, ...rare.filter((each) => each.endsWith('/read') && each !== ofReimages)]),
    notRare: rare.filter((each) => all.has(each) && each !== ofTheMoment),
  };
}

/** A run that looks while another one makes an endpoint reads its interface: only then it shows no names itself. */
const ofTheMoment = 'Microsoft.Network/networkInterfaces/read';

/** Only a reimage asks for it, which a worker that only looks does not begin. */
const ofReimages = 'Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles/read';

const sorted = (needs: Iterable<string>): string[] => [...new Set(needs)].sort();

async function needsOf(
  slot: Slot,
  scenario: SweptScenario,
  options: Parameters<SweptScenario['start']>[1],
): Promise<string[]> {
  await fresh(slot, scenario);
  const before = await slot.azure.recordedBytes();
  await ended((await scenario.start(slot, options)).result());
  return (await slot.azure.recorded(before)).flatMap(({ needs }) => needs);
}

/** In a subscription that nobody has used, as the guide of 2024 has it. */
async function registrationNeeds(): Promise<string[]> {
  const slot = await startSlot('registers', { edition: '2024-preview' });
  try {
    await slot.azure.reset({ providers: Object.fromEntries(lookedAtProviders.map((each) => [each, 'NotRegistered'])) });
    const before = await slot.azure.recordedBytes();
    const given = input(slot.name, { profile: 'preview', apiServerAccess: 'vnetIntegration' });
    await (await slot.client.createCluster(given)).result();
    return (await slot.azure.recorded(before)).flatMap(({ needs }) => needs);
  } finally {
    await slot.close({ replay: false });
  }
}

const folder = join(import.meta.dirname, '../../deploy/roles');

/** The actions of a custom role in `deploy/roles`. With `UPDATE_ROLES=1` it is written first. */
export function roleActions(file: string, needed: readonly string[]): string[] {
  const path = join(folder, file);
  const role = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  if (process.env.UPDATE_ROLES === '1')
    writeFileSync(path, `${JSON.stringify({ ...role, Actions: needed }, null, 2)}\n`);
  return JSON.parse(readFileSync(path, 'utf8')).Actions;
}

import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { clusterId } from '../../resources/ids.ts';
import { type Judgement, type SweepCase, wrong } from './cases.ts';
import { disturb } from './disturbances.ts';
import { judgeText, judgeThere, leftoversOf } from './judge.ts';
import { besideOf, clusterOf, type Slot, type SweptScenario } from './scenarios.ts';
import { type End, ended, endedInTime, fresh, truthOf } from './slot.ts';
import { resourceOf, stateChanges, stateOf } from './state.ts';

/** Runs two at the same time, one of which is disturbed, and says how they ended. */
export async function runTogether(slot: Slot, scenario: SweptScenario, given: SweepCase): Promise<Judgement> {
  await fresh(slot, scenario);
  const before = await stateOf(slot);
  const meanwhile = await disturb(slot, given);
  const [run, other] = await Promise.all([scenario.start(slot), scenario.beside?.(slot)]);
  if (!other) throw new Error(`${given.scenario} has no other run`);
  const results = [run.result(), other.result()];
  await meanwhile(run, ended(Promise.allSettled(results)));
  const ends = await Promise.all(results.map(endedInTime));
  await slot.azure.send('DELETE', '/simulator/faults');
  if (ends.includes('stuck')) {
    for (const { workflowId } of [run, other])
      await slot.temporal.workflow
        .getHandle(workflowId)
        .terminate('by the sweep')
        .catch(() => undefined);
    return wrong([
      'thirdState',
      `does not end: ${ends.map((end) => (end === 'stuck' ? end : textOf(end))).join('; ')}`,
    ]);
  }
  const after = await stateOf(slot, before);
  const places = [slot, { ...slot, name: besideOf(slot.name) }];
  const clusters = places.map((place) => clusterId({ ...clusterOf(slot), name: place.name }));
  const found: Judgement['found'][number][] = [];
  const left: string[] = [];
  for (const [index, end] of (ends as End[]).entries()) {
    const who = index === 0 ? 'the first' : 'the other';
    if (end === 'verified') {
      const truth = await truthOf(slot, clusters[index]);
      const because = truth?.isolated.because.join('; ') ?? 'the cluster is gone';
      if (truth?.isolated.ok !== true) found.push(['thirdState', `${who} is verified, and ${because}`]);
      continue;
    }
    const { failure } = end;
    // A terminated one leaves what it has made.
    if (failure === undefined) return finished(slot, scenario, found);
    const leftovers = leftoversOf(failure);
    left.push(...leftovers.flatMap(({ resourceId }) => after.resources.get(resourceId.toLowerCase()) ?? []));
    // Where neither is verified, the other one may have taken it back since.
    if (ends.includes('verified')) found.push(...judgeThere({ after }, leftovers));
    if (failure instanceof ApplicationFailure) found.push(...judgeText(failure, leftovers));
    else if (!(failure instanceof CancelledFailure)) found.push(['thirdState', `${who}: ${String(failure)}`]);
  }
  if (!ends.includes('verified')) {
    const changed = stateChanges(before, after).filter((text) => !isNamed(resourceOf(text.replace(/: .*/, '')), left));
    const texts = [...new Set(changed.map((text) => resourceOf(text.replace(/: .*/, ''))))];
    found.push(...texts.map((text) => ['leftovers', `neither is verified, and not named: ${text}`] as const));
  }
  if (found.length > 0) return wrong(...found, ['thirdState', (ends as End[]).map(textOf).join('\n')]);
  const verified = ends.filter((end) => end === 'verified').length;
  return { outcome: verified === 2 ? 'verified' : left.length > 0 ? 'told' : 'rolledBack', found };
}

const textOf = (end: End): string => (end === 'verified' ? end : String(end.failure));

const isNamed = (resource: string, left: readonly string[]): boolean =>
  left.some((key) => (key.includes('/providers/') ? `${resource}/`.startsWith(`${key}/`) : resource === key)) ||
  isOfEndpoint(resource, left);

/** An endpoint that stays keeps the interface that Azure made for it. */
const isOfEndpoint = (resource: string, left: readonly string[]): boolean =>
  left.some((key) => resource.startsWith(`${key.replace('/privateendpoints/', '/networkinterfaces/')}.nic.`));

/** The same inputs finish what was left half-way, one after the other. */
async function finished(slot: Slot, scenario: SweptScenario, found: Judgement['found']): Promise<Judgement> {
  const again = await endedInTime((await scenario.start(slot)).result());
  if (again === 'verified' && found.length === 0) return { outcome: 'continued', found };
  return wrong(...found, ['thirdState', `started again: ${again === 'stuck' ? again : textOf(again)}`]);
}

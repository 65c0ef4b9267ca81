import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import pWaitFor from 'p-wait-for';
import { clusterId } from '../../resources/ids.ts';
import type { Truth } from '../../simulator/index.ts';
import { type AzureOptions, startSimulatedAzure } from '../support/azure.ts';
import { startHarness } from '../support/harness.ts';
import { Boundaries } from './boundaries.ts';
import { retriesInSimulatedTime } from './retries.ts';
import { clusterOf, type Slot, type SweptScenario } from './scenarios.ts';

/** A run takes a second or two: what takes as long as this on a busy machine hangs. */
export const longestRunMs = 300_000;
/** So long a request that is never answered is waited for; every other one is answered sooner, also on a busy machine. */
const requestTimeoutMs = 10_000;

export async function startSlot(name: string, options: Pick<AzureOptions, 'edition'> = {}): Promise<Slot> {
  const boundaries = new Boundaries();
  const azure = await startSimulatedAzure({ requestTimeoutMs, ...options });
  const interceptors = { activity: [boundaries.interceptor, retriesInSimulatedTime(azure.simulator.clock)] };
  return { ...(await startHarness({ azure, interceptors })), name, boundaries };
}

export async function fresh(slot: Slot, scenario: Pick<SweptScenario, 'prepare' | 'failsOf'>): Promise<void> {
  // A cluster's PUT that is refused because a role is not known yet would use the fault up.
  await slot.azure.reset({ roleDelaySeconds: scenario.failsOf ? 0 : 30 });
  await scenario.prepare(slot);
  if (scenario.failsOf) await slot.azure.fault(scenario.failsOf);
}

/** How a run ended: `failure` is left out where it was terminated. */
export type End = 'verified' | { failure: unknown };

export async function ended(result: Promise<unknown>): Promise<End> {
  try {
    await result;
    return 'verified';
  } catch (error) {
    const { cause } = error instanceof WorkflowFailedError ? error : { cause: error };
    const isFailure = cause instanceof ApplicationFailure || cause instanceof CancelledFailure;
    return { failure: isFailure ? cause : undefined };
  }
}

export const endedInTime = (result: Promise<unknown>): Promise<End | 'stuck'> =>
  Promise.race([ended(result), delay(longestRunMs, 'stuck' as const, { ref: false })]);

/** Resolves once a fault has acted; by default the one that was added last. */
export async function untilHit({ azure }: Slot, id?: string): Promise<'hit'> {
  await pWaitFor(async () => {
    const { body } = await azure.send('GET', '/simulator/faults');
    const rules = body as { id: string; hits: number }[];
    const rule = id === undefined ? rules.at(-1) : rules.find((each) => each.id === id);
    return !rule || rule.hits > 0;
  });
  return 'hit';
}

/** Adds something that others do. */
export async function others({ azure }: Slot, rule: object): Promise<void> {
  const { status, body } = await azure.send('POST', '/simulator/others', rule);
  if (status !== 201) throw new Error(JSON.stringify(body));
}

/** The truth about a cluster, by default the slot's; `undefined` where it is gone. */
export async function truthOf(slot: Slot, cluster = clusterId(clusterOf(slot))): Promise<Truth | undefined> {
  const { status, body } = await slot.azure.send('GET', `/simulator/truth?cluster=${cluster}`);
  return status === 200 ? (body as Truth) : undefined;
}

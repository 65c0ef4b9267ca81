import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import type { Reply } from '../../arm/exchange.ts';
import type { Operation, OperationStyle } from '../../arm/operations.ts';
import { deletion, type Transition, type Transitions, transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';

export const zoneType = 'Microsoft.Network/privateDnsZones';

export const dnsTags = z.record(z.string(), z.string()).nullish();
export type DnsTags = z.infer<typeof dnsTags>;

const accepting = { answers: 202, requestSeconds: 1, seconds: 30 } as const;
/** 30 s are recorded. Until then a new zone or link is not found, and an existing one shows its state. */
export const dnsTransitions = (upsert: string, remove: string) =>
  ({
    put: { ...accepting, verb: 'PUT', during: 'Updating', ends: 'Succeeded', style: style(upsert) },
    delete: { ...deletion, ...accepting, style: style(remove) },
  }) as const satisfies Transitions;

/** Answers 202 with an empty body; the effect comes at the end. */
export function acceptedReply(world: World, id: string, transition: Transition, effect?: () => unknown): Reply {
  return transit(world, transition, {
    id,
    body: () => ({}),
    atEnd(status) {
      if (status === 'Succeeded') effect?.();
    },
  });
}

function style(name: string): OperationStyle {
  const path = (view: string) => (operation: { resourceId: string; id: string }) => {
    const group = operation.resourceId.split('/').slice(0, 5).join('/');
    const token = Buffer.from(`FrontEndAsyncOperation;${name};${operation.id}`).toString('base64url');
    return `${group}/providers/Microsoft.Network/${view}/${token}`;
  };
  return {
    headers: 'both',
    statusPath: path('privateDnsOperationStatuses'),
    resultPath: path('privateDnsOperationResults'),
    runningStatus: 202,
    repeatHeaders: 'while-running',
    result: () => ({ status: 200 }),
    retryAfter: () => 30,
  };
}

export const refuseWhileDnsBusy = (world: World, id: string): void => refuseBusy(world.operations.running(id));

export function refuseBusy(running: Operation | undefined): void {
  if (!running) return;
  throw new ArmError(409, 'Conflict', `Another operation (${running.verb}) on ${running.resourceId} is in progress.`);
}

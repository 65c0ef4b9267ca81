import type { FaultRule } from '../../simulator/index.ts';
import { type OthersKind, othersKinds, type PolicyKind, policyKinds } from './others.ts';

/** Everything that can go wrong with one request. */
export interface Effect {
  effect: Omit<FaultRule, 'method' | 'path'>;
  /** Default: every request. `resources`: what writes one; an action leaves nothing that could be unseen. `creations`: what was there before is seen as it was. */
  only?: 'writes' | 'resources' | 'creations' | 'operations';
}

const answer = (status: number, code: string, more: object = {}): Effect => ({
  effect: { answer: { status, code, message: `${code}, by the sweep`, ...more } },
});
const operation = (more: NonNullable<FaultRule['operation']>): Effect => ({
  effect: { operation: more },
  only: 'operations',
});
const ends = (status: 'Failed' | 'Canceled', code: string): Effect =>
  operation({ status, code, message: `${code}, by the sweep` });
const retryAfter = (as: 'seconds' | 'date') => ({ retryAfter: { seconds: 5, as } });

/** Faults of a request, one at a time. */
export const faultKinds = {
  refused: answer(400, 'InvalidParameter'),
  forbidden: answer(403, 'AuthorizationFailed'),
  policy: { ...answer(403, 'RequestDisallowedByPolicy'), only: 'writes' },
  busy: answer(409, 'AnotherOperationInProgress'),
  throttled: answer(429, 'SubscriptionRequestsThrottled', retryAfter('seconds')),
  'throttled-until': answer(429, 'TooManyRequests', retryAfter('date')),
  'error-500': answer(500, 'InternalServerError'),
  'error-502': answer(502, 'BadGateway'),
  'error-503': answer(503, 'ServiceUnavailable'),
  'error-504': answer(504, 'GatewayTimeout'),
  'token-refused': answer(401, 'InvalidAuthenticationToken'),
  'token-expired': answer(401, 'ExpiredAuthenticationToken'),
  'drop-before': { effect: { drop: 'before' } },
  'drop-after': { effect: { drop: 'after' } },
  'hang-before': { effect: { hang: 'before' } },
  'hang-after': { effect: { hang: 'after' } },
  slow: { effect: { delaySeconds: 600 } },
  'proxy-page': { effect: { proxy: { status: 200 } } },
  'proxy-lost-reply': { effect: { proxy: { status: 502, when: 'after' } } },
  unseen: { effect: { unseenSeconds: 120 }, only: 'resources' },
  /** For longer than anybody waits. */
  'unseen-long': { effect: { unseenSeconds: 3600 }, only: 'creations' },
  'unseen-lost': { effect: { unseenSeconds: 110, drop: 'after' }, only: 'creations' },
  'operation-failed': ends('Failed', 'InternalOperationError'),
  'operation-canceled': ends('Canceled', 'OperationCanceled'),
  'operation-preempted': ends('Canceled', 'AKSOperationPreempted'),
  'operation-stuck': operation({ stuckSeconds: 3600 }),
  'operation-odd-status': operation({ runningStatus: 'ProvisionNetworkResources' }),
} as const satisfies Record<string, Effect>;

export type FaultKind = keyof typeof faultKinds;

/** Everything that can happen in a case, by its dimension. */
const dimensions = {
  faults: Object.keys(faultKinds) as FaultKind[],
  /** Interruptions of the run while a request is under way. */
  interruptions: ['cancel', 'terminate'],
  others: Object.keys(othersKinds) as OthersKind[],
  policies: Object.keys(policyKinds) as PolicyKind[],
  /** A step fails, and the input or an operator says what to do, while something else goes wrong. */
  holds: ['hold-retry', 'hold-rollBack', 'hold-leave', 'leave'],
  /** Interruptions of the run between two activities. */
  boundaries: ['terminate-between', 'cancel-between', 'reset-between', 'reset-to-start'],
  /** Resets of a run that has ended. */
  resets: ['reset-ended'],
} as const satisfies Record<string, readonly string[]>;

export type Dimension = keyof typeof dimensions;
export type CaseKind = (typeof dimensions)[Dimension][number];
export const dimensionNames = Object.keys(dimensions) as Dimension[];
export const caseKinds: readonly CaseKind[] = Object.values(dimensions).flat();

export type HoldKind = (typeof dimensions)['holds'][number];
export type BoundaryKind = (typeof dimensions)['boundaries'][number];
export const isIn = <D extends Dimension>(dimension: D, kind: CaseKind): kind is (typeof dimensions)[D][number] =>
  (dimensions[dimension] as readonly CaseKind[]).includes(kind);

export const dimensionOf = (kind: CaseKind): Dimension | undefined =>
  dimensionNames.find((name) => (dimensions[name] as readonly CaseKind[]).includes(kind));

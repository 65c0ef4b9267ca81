import type { FaultRule, RecordedRequest } from '../../simulator/index.ts';

/** Everything that can go wrong with one request. */
export interface Effect {
  effect: Omit<FaultRule, 'method' | 'path'>;
  /** Default: every request. `resources`: what writes one; an action leaves nothing that could be unseen. */
  only?: 'writes' | 'resources' | 'operations';
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
  'operation-failed': ends('Failed', 'InternalOperationError'),
  'operation-canceled': ends('Canceled', 'OperationCanceled'),
  'operation-preempted': ends('Canceled', 'AKSOperationPreempted'),
  'operation-stuck': operation({ stuckSeconds: 3600 }),
  'operation-odd-status': operation({ runningStatus: 'ProvisionNetworkResources' }),
} as const satisfies Record<string, Effect>;

/** Interruptions of the run while a request is under way. */
const interruptions = ['cancel', 'terminate'] as const;

export type FaultKind = keyof typeof faultKinds;
export type CaseKind = FaultKind | (typeof interruptions)[number];
export const caseKinds = [...(Object.keys(faultKinds) as FaultKind[]), ...interruptions];

/** A request of a run: its method, its path with what is made up anew in each run left out, and how many such came before. */
export type RequestKey = string;

const madeUp = /swept\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24,32}|(?<=-)[0-9a-f]{8}(?!\w)/gi;
const fixed = '11111111-1111-1111-1111-111111111111';

/** A text without the names and IDs that differ from run to run. */
export const withoutMadeUp = (text: string): string => text.replace(madeUp, (id) => (id === fixed ? id : '*'));

export interface SweptRequest {
  key: RequestKey;
  kinds: CaseKind[];
}

/** Every request of an undisturbed run from one on, with what can happen to it. */
export function sweptRequests(
  recorded: readonly RecordedRequest[],
  operations: ReadonlySet<string>,
  from = 0,
): SweptRequest[] {
  const seen = new Map<string, number>();
  return recorded.flatMap(({ method, url, body }, position) => {
    const { pathname } = new URL(url);
    const place = `${method} ${withoutMadeUp(pathname)}`;
    const index = seen.get(place) ?? 0;
    seen.set(place, index + 1);
    // One poll is like the other: the first, and one in the middle.
    const isPoll = method === 'GET' && body === null && /operation|commandResults/i.test(pathname);
    if (position < from || (isPoll && index > 1)) return [];
    const applies = (kind: CaseKind): boolean => {
      const only = kind in faultKinds ? (faultKinds[kind as FaultKind] as Effect).only : undefined;
      switch (only) {
        case undefined:
          return true;
        case 'writes':
          return method !== 'GET';
        case 'resources':
          return method !== 'GET' && method !== 'POST';
        case 'operations':
          return method !== 'GET' && operations.has(`${method} ${pathname}`.toLowerCase());
      }
    };
    return [{ key: `${place}#${index}`, kinds: caseKinds.filter(applies) }];
  });
}

/** The rule that acts on one request of a run. */
export function ruleFor(key: RequestKey, effect: Effect['effect']): FaultRule {
  const [, method, path, index] = /^(\w+) (.*)#(\d+)$/.exec(key) ?? [];
  if (path === undefined) throw new Error(`Not a request: ${key}. Use for example "PUT /subscriptions/…#0".`);
  const pattern = path.replace(/[.*+?^${}()|[\]\\]/g, (special) => (special === '*' ? '[^/]+' : `\\${special}`));
  return { ...effect, method: method as FaultRule['method'] & string, path: `^${pattern}$`, after: Number(index) };
}

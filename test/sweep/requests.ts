import type { FaultRule, RecordedRequest } from '../../simulator/index.ts';
import { type CaseKind, caseKinds, type Effect, type FaultKind, faultKinds, isIn } from './kinds.ts';
import { bySomebodyElse, isSomebodyElses, makesChild } from './others.ts';

/** A request of a run: its method, its path with what is made up anew in each run left out, and how many such came before. */
export type RequestKey = string;

// A registry's default name ends in a hash of its cluster.
const madeUp =
  /(?<=OperationStatuses\/)[^/?#]+|swept\d+rgswept\d+[0-9a-z]{9}x|swept\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24,32}|(?<=-)[0-9a-f]{8}(?!\w)/gi;
const fixed = '11111111-1111-1111-1111-111111111111';

/** A text without the names and IDs that differ from run to run. */
export const withoutMadeUp = (text: string): string => text.replace(madeUp, (id) => (id === fixed ? id : '*'));

export interface SweptRequest {
  key: RequestKey;
  kinds: CaseKind[];
}

export interface RecordedRun {
  requests: readonly RecordedRequest[];
  /** Requests that began an operation. */
  operations: ReadonlySet<string>;
  /** Types of the resources that were there before, in lower case. */
  types: ReadonlySet<string>;
  /** How many requests came before the undo that is swept; 0 where none is. */
  undoFrom: number;
}

/** Every request of an undisturbed run, with what can happen to it. */
export function sweptRequests({ requests, operations, types, undoFrom }: RecordedRun): SweptRequest[] {
  const seen = new Map<string, number>();
  const there = new Set(types);
  return requests.flatMap(({ method, url, body, status }, position) => {
    const { pathname } = new URL(url);
    const place = `${method} ${withoutMadeUp(pathname)}`;
    const index = seen.get(place) ?? 0;
    seen.set(place, index + 1);
    const known = new Set(there);
    if (method === 'PUT') there.add(typeOf(pathname));
    // One poll is like the other: the first, and one in the middle.
    const isPoll = method === 'GET' && body === null && /operation|commandResults/i.test(pathname);
    if (isPoll && index > 1) return [];
    const isOperation = method !== 'GET' && operations.has(`${method} ${pathname}`.toLowerCase());
    const applies = (kind: CaseKind): boolean => {
      if (isIn('boundaries', kind) || isIn('resets', kind)) return false;
      if (kind === 'policy-strip-lost' && method !== 'PUT') return false;
      if (isSomebodyElses(kind)) {
        const of = bySomebodyElse[kind].needs.toLowerCase();
        // Azure deletes a resource with what somebody has made in it after the last look. No condition knows of that.
        return known.has(of) && !(method === 'DELETE' && typeOf(pathname) === of && makesChild(kind));
      }
      // A step fails by a request that writes; what reads alone is tried again until the plan is refused.
      if (isIn('holds', kind)) return undoFrom === 0 && method !== 'GET';
      return (
        position >= undoFrom && meets(kind, method, { isOperation, isCreation: method === 'PUT' && status === 201 })
      );
    };
    const kinds = caseKinds.filter(applies);
    return kinds.length === 0 ? [] : [{ key: `${place}#${index}`, kinds }];
  });
}

function meets(
  kind: CaseKind,
  method: string,
  { isOperation, isCreation }: { isOperation: boolean; isCreation: boolean },
): boolean {
  const only = kind in faultKinds ? (faultKinds[kind as FaultKind] as Effect).only : undefined;
  switch (only) {
    case undefined:
      return true;
    case 'writes':
      return method !== 'GET';
    case 'resources':
      return method !== 'GET' && method !== 'POST';
    case 'creations':
      return isCreation;
    case 'operations':
      return isOperation;
  }
}

/** The type of the resource that a path names, in lower case. */
function typeOf(path: string): string {
  const [, provider, rest] = /.*\/providers\/([^/]+)\/(.*)/.exec(path.toLowerCase()) ?? [];
  if (provider === undefined || rest === undefined) return 'microsoft.resources/subscriptions/resourcegroups';
  return [provider, ...rest.split('/').filter((_, position) => position % 2 === 0)].join('/');
}

/** The requests that are one request of a run. */
export function patternOf(key: RequestKey): Required<Pick<FaultRule, 'method' | 'path' | 'after'>> {
  const [, method, path, index] = /^(\w+) (.*)#(\d+)$/.exec(key) ?? [];
  if (path === undefined) throw new Error(`Not a request: ${key}. Use for example "PUT /subscriptions/…#0".`);
  const pattern = path.replace(/[.*+?^${}()|[\]\\]/g, (special) => (special === '*' ? '[^/]+' : `\\${special}`));
  return { method: method as FaultRule['method'] & string, path: `^${pattern}$`, after: Number(index) };
}

/** The rule that acts on one request of a run. */
export const ruleFor = (key: RequestKey, effect: Effect['effect']): FaultRule => ({ ...effect, ...patternOf(key) });

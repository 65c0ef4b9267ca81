import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { errorTypes, type FailureDetails, type Leftover } from '../../contract/index.ts';
import type { RecordedRequest, Truth } from '../../simulator/index.ts';
import { type Defect, type Judgement, type Outcome, wrong } from './cases.ts';
import type { Hold } from './holds.ts';
import { type CaseKind, dimensionOf, isIn } from './kinds.ts';
import type { SweptScenario } from './scenarios.ts';
import type { End } from './slot.ts';
import {
  acceptedWrites,
  type Delta,
  derived,
  isBelow,
  resourceOf,
  type State,
  writtenTwice,
  writtenTwiceInARow,
} from './state.ts';
import type { Undisturbed } from './undisturbed.ts';

/** Everything that is known about a case once its run has ended. */
export interface Seen {
  scenario: SweptScenario;
  kind: CaseKind;
  /** Left out unless the kind holds. */
  hold: Hold | undefined;
  usual: Undisturbed | undefined;
  end: End;
  before: State;
  after: State;
  /** Changes of others meanwhile. */
  delta: Delta;
  /** Keys of resources that others have made. */
  foreign: ReadonlySet<string>;
  /** Whether the run looked at what others had changed after they had. */
  lookedAfter: boolean;
  recorded: readonly RecordedRequest[];
  /** Left out where the cluster is gone. */
  truth: Truth | undefined;
}

type Found = [Defect, string][];

/** `again`: nothing was taken back, as the run says, and the same input has to finish it. */
export function judge(seen: Seen): Judgement | { again: string; found: Found } {
  const { scenario, end } = seen;
  if (end === 'verified') return concluded('verified', [...judgeVerified(seen), ...judgeRepeated(seen)]);
  const { failure } = end;
  if (failure === undefined) return { again: 'after it was terminated', found: judgeTouched(seen) };
  const what = failure instanceof ApplicationFailure ? `${failure.type}: ${failure.message}` : String(failure);
  const type = failure instanceof ApplicationFailure ? failure.type : undefined;
  if (type === errorTypes.preflightFailed) return concluded('rolledBack', judgeBefore(seen, [], what));
  // It was left as it is, for nothing was seen that is not as promised.
  if (type === errorTypes.unproven)
    return { again: `after ${what}`, found: [...judgeTouched(seen), ...judgeThere(seen, leftoversOf(failure))] };
  if (failure instanceof CancelledFailure && !scenario.forwardOnly)
    return concluded('rolledBack', [...judgeBefore(seen, [], what), ...judgeRepeated(seen)]);
  if (scenario.forwardOnly) return { again: `after ${what}`, found: judgeTouched(seen) };
  const isKnown = type === errorTypes.stepFailed || type === errorTypes.verificationFailed;
  if (!(failure instanceof ApplicationFailure) || (!isKnown && type !== errorTypes.rollbackIncomplete))
    return wrong(['thirdState', what]);
  const leftovers = leftoversOf(failure);
  const deleted = deletedBy(failure);
  // Undo tries twice what it cannot take back.
  const repeated = leftovers.length + deleted.length > 0 ? [] : judgeRepeated(seen);
  const found = [
    ...judgeBefore(seen, leftovers, what, deleted),
    ...judgeText(failure, [...leftovers, ...deleted]),
    ...repeated,
  ];
  // One thing that goes wrong with Azure is no reason to leave anything.
  if (type === errorTypes.rollbackIncomplete && !mayLeave(seen.kind)) return wrong(['thirdState', what], ...found);
  return concluded(leftovers.length + deleted.length === 0 ? 'rolledBack' : 'told', found);
}

const concluded = (outcome: Outcome, found: Found): Judgement => ({
  outcome: found.length === 0 ? outcome : 'wrong',
  found,
});

const mayLeave = (kind: CaseKind): boolean => {
  const dimension = dimensionOf(kind);
  return (dimension !== 'faults' && dimension !== 'interruptions') || kind === 'unseen-long';
};

const detailsOf = (failure: unknown): Partial<FailureDetails> =>
  (failure instanceof ApplicationFailure ? (failure.details?.[0] as FailureDetails | undefined) : undefined) ?? {};

export const leftoversOf = (failure: unknown): readonly Leftover[] => detailsOf(failure).leftovers ?? [];
const deletedBy = (failure: unknown): readonly Leftover[] => detailsOf(failure).deleted ?? [];

/** Resources that AKS has made for a cluster, and pods that run in it. */
const isInside = (resource: string): boolean =>
  resource.startsWith('kubernetes') || /\/resourcegroups\/mc_/.test(resource);

function judgeVerified(seen: Seen): Found {
  const { usual, scenario, after, delta, truth, lookedAfter } = seen;
  const isStill = delta.size === 0 || lookedAfter;
  const isOpen = scenario.isolates && isStill && truth?.isolated.ok !== true;
  const others = usual && !scenario.failsOf ? unlike(usual.after, after, seen, delta.size > 0) : [];
  return [
    ...judgeTouched(seen),
    ...(isOpen ? [thirdState(`verified, and ${truth?.isolated.because.join('; ') ?? 'the cluster is gone'}`)] : []),
    ...others.map((text) => thirdState(`not as an undisturbed run leaves it: ${text}`)),
  ];
}

const thirdState = (text: string): [Defect, string] => ['thirdState', text];

/** Everything is as before, with what others have changed, but for what is named. */
function judgeBefore(
  seen: Seen,
  leftovers: readonly Leftover[],
  what: string,
  deleted: readonly Leftover[] = [],
): Found {
  const { before, after, delta } = seen;
  const keyOf = ({ resourceId }: Leftover) =>
    after.resources.get(resourceId.toLowerCase()) ?? before.resources.get(resourceId.toLowerCase());
  const named = [...leftovers, ...deleted].flatMap((each) => keyOf(each) ?? []);
  // A resource that stays keeps what Azure made for it.
  const keepsNodes = named.some((key) => key.includes('/managedclusters/'));
  const keepsInterface = named.some((key) => key.includes('/privateendpoints/'));
  const isNamed = (resource: string): boolean =>
    named.some((key) => (key.includes('/providers/') ? isBelow(resource, key) : resource === key)) ||
    (keepsNodes && isInside(resource)) ||
    (keepsInterface && /\/(networkinterfaces|privateendpointconnections)\//.test(resource));
  const isLoose = delta.size > 0 || named.length > 0;
  const changed = unlike(before, after, seen, isLoose).filter((text) => !isNamed(resourceOf(text)));
  const all = unlike(before, after, seen, false);
  // States do not tell a pool's nodes from those that a reimage has made.
  const isPlain = (key: string): boolean => !delta.size && !key.includes('/agentpools/');
  const needless = named.filter((key) => isPlain(key) && !all.some((text) => isBelow(resourceOf(text), key)));
  return [
    ...judgeTouched(seen),
    ...changed.map((text): [Defect, string] => [
      leftovers.length > 0 ? 'leftovers' : 'thirdState',
      `${what}\nnot as before, and not named: ${text}`,
    ]),
    ...judgeThere(seen, leftovers),
    ...needless.map((key): [Defect, string] => ['leftovers', `named, and as before: ${key}`]),
  ];
}

/** Everything that is named is there. */
export const judgeThere = ({ after }: Pick<Seen, 'after'>, leftovers: readonly Leftover[]): Found =>
  leftovers
    // Some say themselves that nobody knows.
    .filter(({ resourceId, why }) => !after.resources.has(resourceId.toLowerCase()) && !why.startsWith('NotShown'))
    .map(({ resourceId, why }) => ['leftovers', `named, and not there: ${resourceId} (${why})`]);

/** Everything that is not as it was, apart from what others have changed: each property, and resources once. */
function unlike(
  before: State,
  after: State,
  { kind, hold, delta }: Pick<Seen, 'kind' | 'hold' | 'delta'>,
  isLoose: boolean,
): string[] {
  const ignoresTags = isIn('policies', kind) || (hold !== undefined && isIn('policies', hold.second));
  const [was, is] = [before, after].map(({ resources }) => new Set(resources.values())) as [Set<string>, Set<string>];
  const texts = [...new Set([...before.keys(), ...after.keys()])].flatMap((path) => {
    const resource = resourceOf(path);
    if (delta.has(path) || before.get(path) === after.get(path)) return [];
    if (isLoose && (derived.test(path) || isInside(resource))) return [];
    // The policies of a case change tags, of whatever is written.
    if (ignoresTags && / tags( |$)/.test(path)) return [];
    // Others have deleted it; a setting that the run had taken from it before is none of theirs.
    if (!is.has(resource)) return isDeleted(resource, delta) ? [] : [`${resource} gone`];
    if (!was.has(resource)) return [`${resource} made`];
    return [`${path}: ${before.get(path)} before, ${after.get(path)} after`];
  });
  return [...new Set(texts)];
}

/** Whether others have deleted a resource. */
function isDeleted(resource: string, delta: Delta): boolean {
  const written = [...delta].filter(([path]) => resourceOf(path) === resource);
  return written.length > 0 && written.every(([, value]) => value === undefined);
}

/** The connection as an endpoint and the service behind it show it. */
const shared = / properties (privateLinkServiceConnections|customDnsConfigs) /;

/** Every byte that others have written is still there. */
function judgeTouched({ scenario, before, after, delta, foreign }: Seen): Found {
  const there = new Set(after.resources.values());
  const was = new Set(before.resources.values());
  const texts = [...delta].flatMap(([path, written]) => {
    const resource = resourceOf(path);
    const now = after.get(path);
    if (now === written || derived.test(path) || shared.test(path) || isInside(resource)) return [];
    if (foreign.has(resource) && !there.has(resource)) return [`${resource}, which others made, is gone`];
    if (!there.has(resource)) {
      // It was the run's to delete; a setting of somebody's does not make it theirs. A record that leads elsewhere is.
      const isRuns = scenario.forwardOnly || (!was.has(resource) && !/ aRecords( |$)/.test(path));
      return isRuns ? [] : [`${path}: others wrote ${written}, and the resource is gone`];
    }
    // It was made again, or put back.
    if (
      written === undefined &&
      ![...delta].some(([each, value]) => value !== undefined && resourceOf(each) === resource)
    )
      return [];
    return [`${path}: others wrote ${written}, ${now} after`];
  });
  return [...new Set(texts)].map((text) => ['touched', text]);
}

/** A request whose operation has failed is rightly sent again, as is what others have deleted. */
const writesAgain: ReadonlySet<CaseKind> = new Set<CaseKind>([
  'operation-failed',
  'operation-canceled',
  'operation-preempted',
]);

/** No request is sent again that has taken effect. */
function judgeRepeated({ scenario, kind, hold, usual, end, recorded, foreign }: Seen): Found {
  const isUsual = end === 'verified' || scenario.failsOf !== undefined;
  const mayRepeat = [kind, hold?.fails, hold?.second].some(
    (each) => each && (writesAgain.has(each) || each.startsWith('others-delete-')),
  );
  if (!usual || !isUsual || mayRepeat) return [];
  if (scenario.failsOf && end === 'verified') return [];
  const accepted = acceptedWrites(recorded);
  const isMadeAnew = [...accepted.keys()].some((write) => /^PUT .*\/agentPools\/tmp/i.test(write));
  const ofOthers = [...accepted.keys()].filter((place) =>
    [...foreign].some((key) => isBelow(place.replace(/^\w+ /, '').toLowerCase(), key)),
  );
  for (const place of ofOthers) accepted.delete(place);
  return [
    ...writtenTwice(usual.accepted, accepted).filter(
      (text) => !(scenario.climbs && isMadeAnew && /\/agentPools\//i.test(text)),
    ),
    ...writtenTwiceInARow(recorded, foreign),
  ].map((text) => ['repeated', text]);
}

/** The text and the list of what is left say the same. */
export function judgeText({ message }: ApplicationFailure, leftovers: readonly Leftover[]): Found {
  const unsaid = leftovers.slice(0, 40).filter(({ resourceId }) => !message.includes(resourceId.slice(0, 400)));
  const contradicts =
    leftovers.length > 0
      ? message.includes('Everything that this run had changed was taken back')
      : /Not everything/.test(message);
  return [
    ...(contradicts ? [['leftovers', `text and list contradict: ${message}`] as Found[0]] : []),
    ...unsaid.map(({ resourceId }): Found[0] => ['leftovers', `not in the text: ${resourceId}`]),
  ];
}

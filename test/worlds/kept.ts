import type { Leftover, Plan } from '../../contract/index.ts';
import { withoutMadeUp } from '../sweep/requests.ts';
import { derived, resourceOf, type State } from '../sweep/state.ts';
import type { OthersDoing } from './shape.ts';

/** How the world was and is, and who else has changed it. */
export interface Kept {
  before: State;
  after: State;
  /** The cluster's node resource group, written as in paths of states; empty where there was none. */
  nodeGroup: string;
  cluster: string;
  /** Changes of others meanwhile, if they did something. */
  others: OthersDoing | undefined;
}

interface Change {
  resource: string;
  path: string;
  text: string;
  kind: 'made' | 'gone' | 'changed';
}

/** A profile of LocalDNS that is disabled does what none does. Microsoft documents no other way to take one away. */
const isNone = (path: string, before: unknown, after: unknown): boolean =>
  / localDNSProfile mode$/.test(path) && before === undefined && after === 'Disabled';

/** A node that was not heard of, and was made anew, is. */
const isHeardAgain = (path: string, after: unknown): boolean =>
  / kubernetes silentSince$/.test(path) && after === undefined;

/** Everything that is not as it was: each property of a resource that stays, and the others once. */
function changes({ before, after }: Kept): Change[] {
  const was = new Set([...before.keys()].map(resourceOf));
  const is = new Set([...after.keys()].map(resourceOf));
  const seen = new Set<string>();
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((path): Change[] => {
    const [earlier, now] = [before.get(path), after.get(path)];
    if (earlier === now || isNone(path, earlier, now) || isHeardAgain(path, now)) return [];
    const resource = resourceOf(path);
    if (was.has(resource) && is.has(resource)) {
      const text = `${path}: ${before.get(path)} before, ${after.get(path)} after`;
      return [{ resource, path, text, kind: 'changed' }];
    }
    if (seen.has(resource)) return [];
    seen.add(resource);
    const kind = is.has(resource) ? 'made' : 'gone';
    return [{ resource, path: resource, text: `${resource}: ${kind}`, kind }];
  });
}

const isBelow = (id: string, parent: string): boolean => id === parent || id.startsWith(`${parent}/`);
const isIn = (id: string, group: string): boolean => group !== '' && isBelow(id, group);

/** Somebody else's change is not the run's. */
function byOthers({ others, cluster, nodeGroup }: Kept, { resource, path }: Change): boolean {
  // A landing zone's policies write there, for whatever endpoint and network there is.
  if (/\/resourcegroups\/rg-dns\//.test(resource) || /\/privatednszonegroups\/deployedbypolicy$/.test(resource))
    return true;
  switch (others) {
    case undefined:
      return false;
    case 'addPool':
      return isBelow(resource, `${cluster}/agentpools/late`) || isIn(resource, nodeGroup);
    case 'publicService':
      return isIn(resource, nodeGroup) || resource.includes('/kubernetes');
    case 'openSubnet':
    case 'natGateway':
      return /\/subnets\/nodes$|\/natgateways\/late$/.test(resource) || / properties subnets /.test(path);
    case 'closeRegistry':
      return /\/registries\/[^/]+$/.test(resource);
  }
}

// States know role assignments by role and principal.
const pathsOf = (named: readonly Leftover[]): string[] =>
  named.map(({ resourceId }) =>
    withoutMadeUp(resourceId.toLowerCase()).replace(/\/roleassignments\/\*$/, '/roleassignments'),
  );

/** Everything is as before, but for what is named; what is named as left is there, and as deleted is not. */
export function asBefore(leftovers: readonly Leftover[], deleted: readonly Leftover[], kept: Kept): string[] {
  const left = pathsOf(leftovers);
  const gone = pathsOf(deleted);
  // A resource that stays keeps what Azure made for it: a cluster and its pools their group of nodes, an endpoint its network interface and
  // the registry's side of its connection.
  const keepsNodes = left.some((id) => id.includes('/managedclusters/') || isIn(id, kept.nodeGroup));
  const keepsInterface = left.some((id) => id.includes('/privateendpoints/'));
  const isNamed = (resource: string): boolean =>
    left.some((id) => (/\/providers\//.test(id) ? isBelow(resource, id) : resource === id)) ||
    (keepsNodes && /\/resourcegroups\/mc_/.test(resource)) ||
    (keepsInterface && /\/(networkinterfaces|privateendpointconnections)\//.test(resource));
  const changed = changes(kept).filter(
    (change) =>
      !isNamed(change.resource) &&
      !(change.kind === 'gone' && gone.some((id) => isBelow(change.resource, id))) &&
      !byOthers(kept, change) &&
      !(left.length > 0 && derived.test(change.path)),
  );
  const there = [...kept.after.keys()].map(resourceOf);
  const missing = left.filter((id) => !there.some((resource) => isBelow(resource, id)));
  return [
    ...changed.slice(0, 5).map(({ text }) => `not as before: ${text}`),
    ...missing.map((id) => `left, it says, and it is not there: ${id}`),
    ...gone.filter((id) => there.includes(id)).map((id) => `deleted, it says, and it is there: ${id}`),
  ];
}

/** Properties that a step changes on purpose, by the type of the resource that it is about. */
const onPurpose: readonly [type: RegExp, properties: RegExp][] = [
  [
    /\/managedclusters\/[^/]+$/,
    /properties (bootstrapProfile|networkProfile (outboundType|loadBalancerProfile|natGatewayProfile))| tags aks-isolation-egress-/,
  ],
  [/\/subnets\/[^/]+$/, /properties defaultOutboundAccess/],
  [/\/registries\/[^/]+$/, /properties (publicNetworkAccess|anonymousPullEnabled)/],
  [/\/a\/[^/]+$/, /properties (aRecords|metadata)/],
  [/\/microsoft\.features\/|\/providers\/microsoft\.\w+$/, /(registrationState|state)$/i],
];

/** Properties that are not as the owner had them, though the plan did not announce it. */
export function unannounced({ steps }: Plan, kept: Kept): string[] {
  const acts = steps
    .filter(({ action }) => action !== 'none' && action !== 'check')
    .map(({ id: step, resourceId, action, kind }) => ({
      id: withoutMadeUp(resourceId.toLowerCase()),
      action,
      kind,
      of: withoutMadeUp(step.slice(step.indexOf(':') + 1).toLowerCase()),
    }));
  const isAnnounced = ({ resource, path, kind }: Change): boolean => {
    // A resource that the plan is about takes along what Azure makes with it.
    const own = acts.filter(({ id }) => isBelow(resource, id));
    switch (kind) {
      case 'changed':
        return (
          own.some(({ id }) => id === resource) &&
          onPurpose.some(([type, what]) => type.test(resource) && what.test(path))
        );
      case 'made':
        return own.some(({ action }) => action === 'create') || isMadeAlong(resource, acts);
      case 'gone':
        return own.some(({ action }) => action === 'delete') || isGoneAlong(resource, acts);
    }
  };
  return changes(kept)
    .filter(
      (change) =>
        !isIn(change.resource, kept.nodeGroup) &&
        !/\/resourcegroups\/mc_/.test(change.resource) &&
        !change.resource.startsWith('kubernetes') &&
        !derived.test(change.path) &&
        !byOthers(kept, change) &&
        !isAnnounced(change),
    )
    .slice(0, 5)
    .map(({ text }) => `not announced: ${text}`);
}

/** A step that acts. `of`: what its ID names, such as the identity whose roles go. */
type Act = { id: string; action: string; kind: string; of: string };

/** Azure makes a network interface for an endpoint, and the registry's side of its connection, and names them so. */
const isPartOfEndpoint = (resource: string, { kind, id }: Act): boolean =>
  kind === 'privateEndpoint' &&
  (resource.startsWith(`${id.replace(/\/privateendpoints\/([^/]+)$/, '/networkinterfaces/$1.nic.')}`) ||
    resource.includes(`/privateendpointconnections/${id.split('/').at(-1)}.`));

const roleAt = (scope: string): string => `${scope}/providers/microsoft.authorization/roleassignments/`;

/** A part of an endpoint, or an assignment of a role at just that scope: assignments have names of their own. */
const isMadeAlong = (resource: string, acts: readonly Act[]): boolean =>
  acts.some(
    (act) =>
      act.action === 'create' &&
      (isPartOfEndpoint(resource, act) || (act.kind === 'role' && resource.startsWith(roleAt(act.id)))),
  );

/** A part of an endpoint, or a role of the identity that a step names, wherever it was held: by name, or by its whole ID. */
const isGoneAlong = (resource: string, acts: readonly Act[]): boolean => {
  const [, holder = ''] = /\/roleassignments\/[^@]+@(.+)$/.exec(resource) ?? [];
  return acts.some(
    (act) =>
      (act.action === 'delete' && isPartOfEndpoint(resource, act)) ||
      (act.kind === 'roles' && (holder === act.of || holder.endsWith(`/userassignedidentities/${act.of}`))),
  );
};

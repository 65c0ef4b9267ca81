import type { WayOut } from '../../contract/inputs/isolation.ts';
import type { Check } from '../../contract/result.ts';
import type { AuditFacts } from '../../resources/discovery.ts';
import { resourceReference } from '../../resources/ids.ts';
import { type ClusterFacts, hasOwnNetwork } from '../../resources/managedClusters.ts';
import type { Look } from '../../resources/nodes.ts';
import { accepted, check, unseen } from '../engine/check.ts';
import { gapOf } from '../nodes/checks.ts';
import { openWays } from './waysOut.ts';

const wayTitles: Readonly<Record<Exclude<WayOut, 'defaultOutboundAccess'>, string>> = {
  natGateway: "NAT gateways of the nodes' subnets",
  defaultRoute: "Default routes of the nodes' subnets",
  publicAddresses: 'Public IP addresses of the cluster',
  nodePublicAddresses: 'Node pools with public IP addresses',
};

/** Checks that there is no other way out, unless the input accepts it by name. */
export function wayChecks(cluster: ClusterFacts, facts: AuditFacts, accept: readonly WayOut[]): Check[] {
  const open = openWays(cluster, facts);
  const unlessAccepted = (way: WayOut, seen: Check): Check => (accept.includes(way) ? accepted(seen) : seen);
  const ways = Object.entries(wayTitles) as [keyof typeof wayTitles, string][];
  return [
    ...ways.map(([way, title]) => {
      const found = open.filter((each) => each.way === way && !each.isPossible);
      const what = found.map(({ what, resourceId }) => `${what} (${resourceId})`).join(', ');
      return unlessAccepted(way, check(way, title, found[0]?.resourceId ?? cluster.id, 'none', what || 'none'));
    }),
    ...open
      .filter(({ isPossible }) => isPossible)
      .map(({ way, resourceId, what }) =>
        unlessAccepted(
          way,
          unseen(
            check(
              `${byBgp}:${resourceReference(resourceId).name}`,
              'Routes by BGP',
              resourceId,
              'none that leads out',
              '',
            ),
            'notAsked',
            `${what} are not shown; a look from inside the cluster finds what they open`,
          ),
        ),
      ),
    // The subnets of a network that AKS manages are AKS's.
    ...(hasOwnNetwork(cluster) ? facts.subnets : []).map(({ id, name, defaultOutboundAccess }) =>
      unlessAccepted(
        'defaultOutboundAccess',
        check(
          `defaultOutboundAccess:${name}`,
          `Default outbound access of subnet ${name}`,
          id,
          false,
          defaultOutboundAccess ?? 'not said',
        ),
      ),
    ),
  ];
}

const byBgp = 'routesByBgp';

/** Whether it is about routes that Azure Resource Manager does not show. */
export const isRouteByBgp = ({ id }: Check): boolean => id.startsWith(byBgp);

/**
 * Routes that nobody sees lead nowhere where a look from inside the cluster finds egress closed. Where it did not even find a name,
 * it has sent nothing that they could lead out.
 */
export function provenByEgress(route: Check, egress: Check, look: Look<EgressLook>): Check {
  if (!isRouteByBgp(route) || route.verdict !== 'unproven' || route.accepted) return route;
  if (egress.verdict === 'unproven') return unseen(route, egress.because, `${route.unproven}; ${egress.unproven}`);
  if (egress.verdict === 'missed') return route;
  if ('seen' in look && look.seen.unresolved)
    return unseen(route, 'incomplete', `${route.unproven}; none was tried, for the name does not resolve there`);
  const evidence = 'egress from inside the cluster is closed';
  return { ...check(route.id, route.title, route.resourceId, route.expected, route.expected), evidence };
}

/** The result of a look at egress. `unresolved`: it found no address for the name. */
interface EgressLook {
  open: boolean;
  message: string;
  unresolved?: true;
}

/**
 * Checks that Microsoft's registry is out of reach from inside the cluster, unless a way out explains it that is open and that the
 * input accepts.
 */
export function egressCheck({ id }: ClusterFacts, look: Look<EgressLook>, acceptedAndOpen: readonly WayOut[]): Check {
  const closed = (seen: string) => check('egress', 'Egress from inside the cluster', id, 'closed', seen);
  if ('unseen' in look) return unseen(closed(''), gapOf(look.unseen.because), look.unseen.message);
  const { open, message } = look.seen;
  if (!open) return { ...closed('closed'), evidence: message };
  if (acceptedAndOpen.length === 0) return { ...closed('open'), evidence: message };
  return { ...accepted(closed('open')), evidence: `${message}; by ${acceptedAndOpen.join(', ')}` };
}

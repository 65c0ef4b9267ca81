import type { WayOut } from '../../contract/inputs/isolation.ts';
import { type Profile, profileSetting, registryAccess } from '../../contract/profiles.ts';
import type { Check } from '../../contract/result.ts';
import type { AuditFacts } from '../../resources/discovery.ts';
import { entryOf } from '../../resources/entries.ts';
import { agentPoolId, parentId, sameResourceId } from '../../resources/ids.ts';
import { type ClusterFacts, cutsEgress, hasManagedRegistry, hasOwnNetwork } from '../../resources/managedClusters.ts';
import type { Look } from '../../resources/nodes.ts';
import { addressesOfRecord } from '../../resources/privateEndpoints.ts';
import { isFinal } from '../../resources/provisioningState.ts';
import { type RegistryFacts, registryRecordNames } from '../../resources/registries.ts';
import { sufficientRoles } from '../../resources/roles.ts';
import { check } from '../engine/check.ts';
import { preconditions } from './preconditions.ts';
import { openWays } from './waysOut.ts';

/** Checks every requirement of network isolation that Azure Resource Manager shows. Source: AKS docs network-isolated.md. */
export function isolationChecks(
  cluster: ClusterFacts,
  facts: AuditFacts,
  subnetIds: readonly string[],
  { profile, accept }: { profile: Profile; accept: readonly WayOut[] },
): Check[] {
  return [
    ...preconditionChecks(cluster, facts),
    ...itselfChecks(cluster),
    ...auditedRegistryChecks(cluster, facts, profile),
    ...reachabilityChecks(facts, cluster, subnetIds),
    ...wayChecks(cluster, facts, accept),
  ];
}

function itselfChecks(cluster: ClusterFacts): Check[] {
  const { id, provisioningState, powerState, outboundType, artifactSource, agentPoolProfiles } = cluster;
  const outbound = cutsEgress(outboundType) ? outboundType : 'none';
  // A resource whose operation still runs has not drifted.
  const state = (checkId: string, title: string, resourceId: string, seen: string): Check => {
    const succeeded = check(checkId, title, resourceId, 'Succeeded', seen);
    return isFinal(seen) ? succeeded : { ...succeeded, ok: true };
  };
  return [
    state('cluster', 'Cluster', id, provisioningState),
    check('power', 'Power state', id, 'Running', powerState),
    check('outboundType', 'Outbound type', id, outbound, outboundType),
    check('artifactSource', 'Images come from', id, 'Cache', artifactSource),
    ...agentPoolProfiles.map((pool) =>
      state(`pool ${pool.name}`, `Node pool ${pool.name}`, agentPoolId(id, pool.name), pool.provisioningState),
    ),
  ];
}

function auditedRegistryChecks(
  cluster: ClusterFacts,
  { registry, kubeletRoles }: AuditFacts,
  profile: Profile,
): Check[] {
  const id = cluster.containerRegistryId ?? cluster.id;
  const rule = profileSetting(profile, 'cacheRule');
  const wanted = `${rule.sourceRepository} to ${rule.targetRepository}`;
  const rules = (registry?.cacheRules ?? []).map(({ name, sourceRepository, targetRepository }) => ({
    name,
    text: `${sourceRepository} to ${targetRepository}`,
  }));
  const found = rules.find(({ name, text }) => text === wanted && (rule.nameIsFree || name === rule.name));
  const all = rules.map(({ name, text }) => `${name}: ${text}`).join(', ');
  const checks = [
    check('registry', 'Registry', id, 'Succeeded', registry?.provisioningState),
    check('registrySku', 'SKU of the registry', id, 'Premium', registry?.sku),
    check('registryAccess', 'Public access to the registry', id, 'Disabled', registry?.publicNetworkAccess),
    check('registryCacheRule', 'Registry caches', id, wanted, found ? wanted : all),
  ];
  // AKS takes care of the rest of the registry that it manages.
  if (!registry || hasManagedRegistry(cluster)) return checks;
  const role = pullRole(registry);
  const holds = sufficientRoles(role).some((each) => kubeletRoles.includes(each));
  const { anonymousPullEnabled } = registryAccess(profile);
  return [
    ...checks,
    check('anonymousPull', 'Anonymous pull', id, anonymousPullEnabled, registry.anonymousPullEnabled),
    check('pullRole', 'Kubelet identity may pull', id, role, holds ? role : kubeletRoles.join(', ')),
  ];
}

const pullRole = ({ roleAssignmentMode }: RegistryFacts) =>
  roleAssignmentMode.startsWith('Abac') ? ('containerRegistryRepositoryReader' as const) : ('acrPull' as const);

/** Checks that the registry's names lead to it in the network of the nodes, by endpoint, zone, link and records. */
function reachabilityChecks(
  { registry, endpoints, zone }: AuditFacts,
  { id: clusterId }: ClusterFacts,
  [subnetId]: readonly string[],
): Check[] {
  const id = registry?.id ?? clusterId;
  const [endpoint] = endpoints;
  const status = endpoints.find((each) => each.status === 'Approved')?.status ?? endpoint?.status;
  const link =
    subnetId === undefined
      ? undefined
      : zone?.links.find(({ virtualNetworkId }) => sameResourceId(virtualNetworkId, parentId(subnetId)));
  const text = (addresses: readonly string[]) => [...addresses].sort().join(', ');
  const names = registry ? registryRecordNames(registry) : [];
  return [
    check(
      'registryEndpoint',
      'Private endpoint of the registry in the network',
      endpoint?.id ?? id,
      'Approved',
      status,
    ),
    check('zoneLink', 'Link of the zone to the network', link?.id ?? zone?.id ?? id, 'Completed', link?.linkState),
    ...names.map((name) => {
      const expected = text(endpoints.flatMap((each) => addressesOfRecord(each, name)));
      const record = entryOf(zone?.records, name);
      const title = `Record ${name} is the endpoint's address`;
      return check(
        `record:${name}`,
        title,
        record?.id ?? zone?.id ?? id,
        expected || 'an address',
        text(record?.addresses ?? []),
      );
    }),
  ];
}

/** Checks each precondition, whoever made the cluster. */
function preconditionChecks(cluster: ClusterFacts, facts: AuditFacts): Check[] {
  return preconditions.map(({ id, says, source, broken }) => {
    const problems = broken(cluster, facts);
    const seen = problems.map(({ pool, problem }) => (pool === undefined ? problem : `${pool}: ${problem}`)).join('; ');
    return { ...check(`precondition:${id}`, says, cluster.id, 'met', seen || 'met'), evidence: source };
  });
}

const wayTitles: Readonly<Record<Exclude<WayOut, 'defaultOutboundAccess'>, string>> = {
  natGateway: "NAT gateways of the nodes' subnets",
  defaultRoute: "Default routes of the nodes' subnets",
  publicAddresses: 'Public IP addresses of the cluster',
  nodePublicAddresses: 'Node pools with public IP addresses',
};

/** Checks that there is no other way out, unless the input accepts it by name. */
function wayChecks(cluster: ClusterFacts, facts: AuditFacts, accepted: readonly WayOut[]): Check[] {
  const open = openWays(cluster, facts);
  const unlessAccepted = (way: WayOut, seen: Check): Check =>
    !seen.ok && accepted.includes(way) ? { ...seen, ok: true, accepted: true } : seen;
  const ways = Object.entries(wayTitles) as [keyof typeof wayTitles, string][];
  return [
    ...ways.map(([way, title]) => {
      const found = open.filter((each) => each.way === way);
      const what = found.map(({ what, resourceId }) => `${what} (${resourceId})`).join(', ');
      return unlessAccepted(way, check(way, title, found[0]?.resourceId ?? cluster.id, 'none', what || 'none'));
    }),
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

/** Checks that Microsoft's registry is out of reach from inside the cluster, unless a way out is accepted. */
export function egressCheck(
  { id }: ClusterFacts,
  look: Look<{ open: boolean; message: string }>,
  accepted: readonly WayOut[],
): Check {
  const title = 'Egress from inside the cluster';
  if ('seen' in look) {
    const { open, message } = look.seen;
    const seen = { ...check('egress', title, id, 'closed', open ? 'open' : 'closed'), evidence: message };
    return open && accepted.length > 0 ? { ...seen, ok: true, accepted: true } : seen;
  }
  const { because, message } = look.unseen;
  const seen = check('egress', title, id, 'closed', because === 'failed' ? message : undefined);
  return because === 'notAllowed' ? { ...seen, unproven: message } : seen;
}

import type { PrivateDns } from '../../contract/inputs/infrastructure.ts';
import type { WayOut } from '../../contract/inputs/isolation.ts';
import { type Profile, profileSetting, registryAccess } from '../../contract/profiles.ts';
import type { Check } from '../../contract/result.ts';
import type { AuditFacts, AuditPart } from '../../resources/discovery.ts';
import { entryOf } from '../../resources/entries.ts';
import { agentPoolId, parentId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import { cutsEgress } from '../../resources/outboundTypes.ts';
import { addressesForRecord } from '../../resources/privateEndpoints.ts';
import { isFinal } from '../../resources/provisioningState.ts';
import { concernsRule, type RegistryFacts, registryRecordNames } from '../../resources/registries.ts';
import { type BuiltInRole, builtInRoles, sufficientRoles } from '../../resources/roles.ts';
import { unreadTexts } from '../../resources/unread.ts';
import { check, unseen } from '../engine/check.ts';
import { preconditions } from './preconditions.ts';
import { wayChecks } from './wayChecks.ts';

/** Checks every requirement of network isolation that Azure Resource Manager shows. Source: AKS docs network-isolated.md. */
export function isolationChecks(
  cluster: ClusterFacts,
  facts: AuditFacts,
  subnetIds: readonly string[],
  { profile, accept, privateDns }: { profile: Profile; accept: readonly WayOut[]; privateDns?: PrivateDns | undefined },
): Check[] {
  const found = withLostSubnets(facts, subnetIds);
  return [
    ...preconditionChecks(cluster, found),
    ...itselfChecks(cluster),
    ...whereRead(facts, ['registry', 'kubelet'], auditedRegistryChecks(cluster, facts, profile)),
    ...whereRead(found, ['registry', 'network', 'endpoints'], endpointChecks(facts, cluster)),
    // Where names are managed elsewhere there is no zone to look at: nodes show whether they resolve.
    ...(privateDns === 'managedElsewhere'
      ? []
      : whereRead(
          found,
          ['registry', 'network', 'endpoints', 'zone'],
          asTheyResolve(facts, nameChecks(facts, cluster, subnetIds)),
        )),
    ...whereRead(found, ['network', 'routes', 'nodeResourceGroup'], wayChecks(cluster, facts, accept)),
    ...stateChecks(facts, profile),
    ...whereRead(facts, ['natGateways'], natGatewayChecks(facts)),
  ];
}

/** A subnet of the cluster that its network does not show has ways out that nobody has seen. */
function withLostSubnets({ subnets, unread = {}, ...facts }: AuditFacts, subnetIds: readonly string[]): AuditFacts {
  const lost = subnetIds.filter((id) => !subnets.some((subnet) => sameResourceId(subnet.id, id)));
  if (lost.length === 0) return { ...facts, subnets, unread };
  return { ...facts, subnets, unread: { network: `${lost.join(', ')} is not found`, ...unread } };
}

/** Without these parts the checks would take what nobody has read for what is absent. */
function whereRead({ unread = {} }: AuditFacts, parts: readonly AuditPart[], checks: readonly Check[]): Check[] {
  const why = parts.flatMap((part) => unread[part] ?? []);
  return why.length === 0 ? [...checks] : checks.map((each) => unseen(each, 'readForbidden', why.join('; ')));
}

/** A resource whose operation still runs has not drifted. Nobody knows that of one without a state. */
function state(id: string, title: string, resourceId: string, seen: string | undefined): Check {
  if (seen === 'Unknown')
    return unseen(check(id, title, resourceId, 'Succeeded', ''), 'incomplete', 'Azure shows no provisioning state');
  const runs = seen !== undefined && !isFinal(seen);
  const succeeded = check(id, title, resourceId, 'Succeeded', runs ? 'Succeeded' : seen);
  return runs ? { ...succeeded, seen } : succeeded;
}

/** The endpoints that the registry's names lead to, if any: others may have theirs in the same network. */
function servingEndpoints(endpoints: AuditFacts['endpoints'], zone: AuditFacts['zone']): AuditFacts['endpoints'] {
  const led = new Set(Object.values(zone?.records ?? {}).flatMap(({ addresses }) => addresses));
  const serving = endpoints.filter(({ addresses }) =>
    Object.values(addresses)
      .flat()
      .some((address) => led.has(address)),
  );
  return serving.length > 0 ? serving : endpoints;
}

/** Checks that nothing around the cluster is half made: an operation may end well, and its resource Failed. */
const stateChecks = ({ registry, network, subnets, endpoints, zone }: AuditFacts, profile: Profile): Check[] => [
  ...(network ? [state('virtualNetwork', 'Virtual network', network.id, network.provisioningState)] : []),
  ...subnets.map(({ id, name, provisioningState }) =>
    state(`subnetState:${name}`, `Subnet ${name}`, id, provisioningState),
  ),
  ...servingEndpoints(endpoints, zone).map(({ id, provisioningState }) =>
    state(`endpointState:${resourceReference(id).name}`, 'Private endpoint', id, provisioningState),
  ),
  // A registry may copy other images for others.
  ...(registry?.cacheRules ?? [])
    .filter((rule) => concernsRule(rule, profileSetting(profile, 'cacheRule')))
    .map(({ name, provisioningState }) =>
      state(`cacheRuleState:${name}`, `Cache rule ${name}`, registry?.id ?? '', provisioningState),
    ),
  ...(zone ? [state('zone', 'Private DNS zone', zone.id, zone.provisioningState)] : []),
  // A zone may have links to other networks.
  ...(zone?.links ?? [])
    .filter(({ virtualNetworkId }) => sameResourceId(virtualNetworkId, network?.id))
    .map(({ id, provisioningState }) =>
      state(`linkState:${resourceReference(id).name}`, 'Link of the zone', id, provisioningState),
    ),
];

/** A gateway that is there has a state, whether or not the input accepts what it does. */
const natGatewayChecks = ({ network, subnets, natGateways }: AuditFacts): Check[] =>
  natGateways === undefined
    ? []
    : [...new Set([network, ...subnets].flatMap((each) => each?.natGatewayId ?? []))].map((id) =>
        state(
          `natGatewayState:${resourceReference(id).name}`,
          'NAT gateway',
          id,
          natGateways.find((each) => sameResourceId(each.id, id))?.provisioningState,
        ),
      );

function itselfChecks(cluster: ClusterFacts): Check[] {
  const { id, provisioningState, powerState, outboundType, artifactSource, agentPoolProfiles } = cluster;
  const outbound = cutsEgress(outboundType) ? outboundType : 'none';
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
  { registry, kubeletRoles, kubeletConditions = {} }: AuditFacts,
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
    check('registryState', 'Registry', id, 'Succeeded', registry?.provisioningState),
    check('registrySku', 'SKU of the registry', id, 'Premium', registry?.sku),
    check('registryAccess', 'Public access to the registry', id, 'Disabled', registry?.publicNetworkAccess),
    check('registryCacheRule', 'Registry caches', id, wanted, found ? wanted : all),
  ];
  // AKS takes care of the rest of the registry that it manages.
  if (!registry || hasManagedRegistry(cluster)) return checks;
  const role = pullRole(registry);
  const holds = sufficientRoles(role).some((each) => kubeletRoles.includes(each));
  const condition = kubeletConditions[builtInRoles[role].id];
  // A role of the owner's own making, or AcrPush, may let it pull as well.
  const others = kubeletRoles.filter((each) => !isKnown(each));
  const unknown = condition ? `${heldWithCondition}: ${condition}` : `${heldOtherwise}: ${others.join(', ')}`;
  const { anonymousPullEnabled } = registryAccess(profile);
  return [
    ...checks,
    check('anonymousPull', 'Anonymous pull', id, anonymousPullEnabled, registry.anonymousPullEnabled),
    holds || (!condition && others.length === 0)
      ? pullRoleCheck(id, role, holds ? role : kubeletRoles.join(', '))
      : unseen(pullRoleCheck(id, role, ''), 'notAsked', unknown),
  ];
}

const pullRoleCheck = (id: string, role: BuiltInRole, seen: string): Check =>
  check('pullRole', 'Kubelet identity may pull', id, role, seen);

/** Whether a role is one whose effect is known: where it does not suffice, nothing is to be waited for. */
const isKnown = (role: string): boolean => Object.values(builtInRoles).some(({ id }) => id === role);

const heldOtherwise = 'other roles are held, whose effect nodes alone can show';

const heldWithCondition = 'held with a condition, whose effect nodes alone can show';

/** The checks that may rest on what nodes show. */
const shownByPulls = /^(pullRole$|zoneLink$|record:)/;

/** Where Azure cannot tell, the nodes do: each pool that has nodes pulls. Presence is not effect (Azure/acr#794), nor is absence. */
export function provenByPulls(seen: Check, nodes: readonly Check[]): Check {
  if (!shownByPulls.test(seen.id) || seen.verdict !== 'unproven' || seen.because !== 'notAsked') return seen;
  const pulls = nodes.filter(({ id }) => id.startsWith('pulls:'));
  const other = pulls.find(({ verdict }) => verdict !== 'met');
  if (other?.verdict === 'unproven') return unseen(seen, other.because, `${seen.unproven}; ${other.unproven}`);
  if (other)
    return { ...check(seen.id, seen.title, seen.resourceId, seen.expected, other.seen), evidence: seen.unproven };
  if (pulls.length === 0) return unseen(seen, 'incomplete', `${seen.unproven}; there is no node`);
  return { ...check(seen.id, seen.title, seen.resourceId, seen.expected, seen.expected), evidence: seen.unproven };
}

const pullRole = ({ roleAssignmentMode }: RegistryFacts) =>
  roleAssignmentMode.startsWith('Abac') ? ('containerRegistryRepositoryReader' as const) : ('acrPull' as const);

/** A zone that was not found may be in a subscription that could not be searched. */
const whereSearched = ({ zone, unsearched = [] }: AuditFacts, checks: readonly Check[]): Check[] =>
  zone || unsearched.length === 0
    ? [...checks]
    : checks.map((each) => unseen(each, 'readForbidden', unreadTexts(unsearched).join('; ')));

/**
 * Where the network asks DNS servers of its owner's, they decide what a name leads to: their network may be linked to the zone in its
 * place. Source: Learn, "Azure Private Endpoint private DNS integration", hub and spoke (2026-11-27).
 */
function asTheyResolve(facts: AuditFacts, checks: readonly Check[]): Check[] {
  const { dnsServers = [] } = facts;
  if (dnsServers.length === 0) return whereSearched(facts, checks);
  const why = `the network asks ${dnsServers.join(', ')}, and what these answer only nodes can show`;
  return checks.map((each) => (each.verdict === 'missed' ? unseen(each, 'notAsked', why) : each));
}

/** Checks that the network of the nodes reaches an endpoint of the registry. */
function endpointChecks({ registry, endpoints }: AuditFacts, { id: clusterId }: ClusterFacts): Check[] {
  const [endpoint] = endpoints;
  const status = endpoints.find((each) => each.status === 'Approved')?.status ?? endpoint?.status;
  const at = endpoint?.id ?? registry?.id ?? clusterId;
  return [
    check('registryEndpoint', 'Private endpoint of the registry that the network reaches', at, 'Approved', status),
  ];
}

/** Checks that the registry's names lead to its endpoint in the network of the nodes, by zone, link and records. */
function nameChecks(
  { registry, endpoints, zone }: AuditFacts,
  { id: clusterId }: ClusterFacts,
  [subnetId]: readonly string[],
): Check[] {
  const id = registry?.id ?? clusterId;
  const link =
    subnetId === undefined
      ? undefined
      : zone?.links.find(({ virtualNetworkId }) => sameResourceId(virtualNetworkId, parentId(subnetId)));
  const text = (addresses: readonly string[]) => [...addresses].sort().join(', ');
  const names = registry ? registryRecordNames(registry) : [];
  return [
    check('zoneLink', 'Link of the zone to the network', link?.id ?? zone?.id ?? id, 'Completed', link?.linkState),
    ...names.map((name) => {
      const known = endpoints.flatMap((each) => addressesForRecord(each, name));
      const record = entryOf(zone?.records, name);
      // A registry may have several endpoints in a network, and each of them will do.
      const led = (record?.addresses ?? []).filter((address) => known.includes(address));
      const expected = text(led.length > 0 ? led : known);
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
  return preconditions.flatMap(({ id, says, source, restsOn, isAsked = false, broken }) => {
    const problems = broken(cluster, facts);
    const seen = problems.map(({ pool, problem }) => (pool === undefined ? problem : `${pool}: ${problem}`)).join('; ');
    const asked = { ...check(`precondition:${id}`, says, cluster.id, 'met', seen || 'met'), evidence: source };
    if (restsOn === undefined) return asked;
    return whereRead(facts, [restsOn], [asked]).map((each) =>
      isAsked && each.verdict === 'unproven' ? { ...each, ok: true } : each,
    );
  });
}

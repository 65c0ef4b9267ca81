import { defaultNetwork } from '../../contract/inputs/infrastructure.ts';
import type { PlannedStep, StepId, StepKind } from '../../contract/plan.ts';
import { profileSetting, registryAccess } from '../../contract/profiles.ts';
import { isIPv4 } from '../../resources/addressRanges.ts';
import type { IdentitySpecification } from '../../resources/identities.ts';
import { resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import type { Marks } from '../../resources/marks.ts';
import {
  type PrivateDnsZoneSpecification,
  sameAddresses,
  type ZoneLinkSpecification,
} from '../../resources/privateDns.ts';
import { addressesOfRecord, type PrivateEndpointSpecification } from '../../resources/privateEndpoints.ts';
import {
  type CacheRuleFacts,
  type CacheRuleSpecification,
  cacheRuleMismatches,
  type RegistryAccess,
  type RegistrySpecification,
  registryMismatches,
  registryRecordNames,
} from '../../resources/registries.ts';
import {
  type BuiltInRole,
  builtInRoles,
  type RoleHolder,
  type RoleSpecification,
  roleHolders,
  roleKey,
  sufficientRoles,
} from '../../resources/roles.ts';
import {
  type SubnetFacts,
  type SubnetProperties,
  type SubnetSpecification,
  subnetMismatches,
  subnetProperties,
  type VirtualNetworkFacts,
  type VirtualNetworkSpecification,
} from '../../resources/virtualNetworks.ts';
import {
  type InfrastructureInput,
  subnetOf,
  type WantedInfrastructure,
  type WantedResource,
  type WantedSubnet,
} from './wanted.ts';

/** What is around the cluster, as it is to be, and as it was where a step changes it. */
export interface InfrastructurePlan {
  virtualNetwork?: VirtualNetworkSpecification;
  /** The subnets that a step of their own creates or changes. */
  subnets: (SubnetSpecification & { before?: SubnetProperties })[];
  registry?: RegistrySpecification & { before?: RegistryAccess };
  cacheRule?: CacheRuleSpecification;
  privateEndpoint?: PrivateEndpointSpecification;
  privateDnsZone?: PrivateDnsZoneSpecification;
  /** `later`: once the cluster has left the zone that the network is linked to now. */
  zoneLink?: ZoneLinkSpecification & { later?: boolean };
  records: { id: string; name: string; before?: string[] }[];
  identities: { [H in RoleHolder]?: IdentitySpecification };
  roles: RoleSpecification[];
  /** What later steps need to know of what is there already. */
  found: Pick<InfrastructureFacts, 'identities' | 'privateEndpoint'>;
}

export interface PlannedInfrastructure {
  plan: InfrastructurePlan;
  steps: PlannedStep[];
}

type StepFacts = Pick<PlannedStep, 'action' | 'reason'>;

/** Plans everything that the guide has its reader prepare. Guide: bring your own ACR, steps 1 to 6. */
export function planInfrastructure(
  input: InfrastructureInput,
  wanted: WantedInfrastructure,
  seen: InfrastructureFacts,
  marks: Marks,
  needsOf: (namespace: string) => StepId[],
): PlannedInfrastructure {
  const { location, profile } = input;
  const tags = { ...input.tags, ...marks };
  const steps: PlannedStep[] = [];
  const step = (
    kind: StepKind,
    id: StepId,
    title: string,
    resourceId: string,
    needs: StepId[],
    facts: StepFacts,
  ): StepId => {
    steps.push({ id, kind, title, resourceId, needs, ...facts });
    return id;
  };
  const plan: InfrastructurePlan = { subnets: [], records: [], identities: {}, roles: [], found: foundOf(seen) };
  const { virtualNetwork, registry, privateEndpoint, privateDnsZone, identities } = wanted;
  const nameOf = ({ id }: WantedResource) => resourceReference(id).name;

  let network: StepId[] = [];
  if (virtualNetwork) {
    const subnets = virtualNetwork.subnets.map((subnet) =>
      subnetSpecification(subnet, seenSubnet(seen.virtualNetwork, subnet)),
    );
    const { id, addressPrefixes = defaultNetwork.addressPrefixes } = virtualNetwork;
    plan.virtualNetwork = { id, location, tags, addressPrefixes, subnets };
    const names = subnets.map(({ name }) => name).join(', ');
    const title = `Virtual network ${nameOf(virtualNetwork)} with ${names}`;
    network = [
      step('virtualNetwork', 'virtualNetwork', title, id, needsOf('Microsoft.Network'), presence(seen.virtualNetwork)),
    ];
    // Azure refuses or supersedes parallel writes under one network, so each waits for the one before.
    for (const subnet of seen.virtualNetwork ? subnets : []) {
      const there = seenSubnet(seen.virtualNetwork, subnet);
      const before = there && previousProperties(subnet, there);
      plan.subnets.push({ ...subnet, ...(before && { before }) });
      const facts = there ? differing(subnetMismatches(subnet, there)) : presence(undefined);
      network.push(
        step('subnet', subnetStepId(subnet, subnets), `Subnet ${subnet.name}`, subnet.id, [...network], facts),
      );
    }
  }

  const identitySteps: { [H in RoleHolder]?: StepId } = {};
  for (const holder of roleHolders) {
    const target = identities[holder];
    if (!target) continue;
    plan.identities[holder] = { id: target.id, location, tags };
    const title = `${holder === 'kubelet' ? 'Kubelet' : 'Control plane'} identity ${nameOf(target)}`;
    const facts = presence(seen.identities[holder]);
    identitySteps[holder] = step(
      'identity',
      `identity:${holder}`,
      title,
      target.id,
      needsOf('Microsoft.ManagedIdentity'),
      facts,
    );
  }

  if (registry && privateEndpoint && privateDnsZone && virtualNetwork) {
    const access = registryAccess(profile);
    const { publicNetworkAccess = '', anonymousPullEnabled = false } = seen.registry ?? {};
    plan.registry = {
      id: registry.id,
      location,
      tags,
      ...access,
      ...(seen.registry && { before: { publicNetworkAccess, anonymousPullEnabled } }),
    };
    const registryName = nameOf(registry);
    const registryFacts = seen.registry ? differing(registryMismatches(access, seen.registry)) : presence(undefined);
    const needs = needsOf('Microsoft.ContainerRegistry');
    const registryStep = step('registry', 'registry', `Registry ${registryName}`, registry.id, needs, registryFacts);

    const rule = cacheRule(input, registry.id, seen.registry?.cacheRules ?? []);
    plan.cacheRule = rule.specification;
    const { sourceRepository: source, targetRepository: target } = rule.specification;
    step(
      'cacheRule',
      'cacheRule',
      `Cache rule from ${source} to ${target}`,
      rule.specification.id,
      [registryStep],
      presence(rule.found),
    );

    const subnetId = (subnetOf(wanted, 'registrySubnet') ?? subnetOf(wanted, 'nodeSubnet'))?.id ?? '';
    const { id, connectionName } = privateEndpoint;
    const records = registryRecordNames(seen.registry ?? { id: registry.id, location });
    plan.privateEndpoint = { id, location, tags, subnetId, connectionName, registryId: registry.id, records };
    const endpointStep = step(
      'privateEndpoint',
      'privateEndpoint',
      `Private endpoint ${nameOf(privateEndpoint)} of the registry`,
      id,
      [registryStep, ...network],
      presence(seen.privateEndpoint),
    );

    const zone = seen.privateDnsZone;
    plan.privateDnsZone = { id: privateDnsZone.id, tags };
    const zoneStep = step(
      'privateDnsZone',
      'privateDnsZone',
      `Private DNS zone ${nameOf(privateDnsZone)}`,
      privateDnsZone.id,
      needsOf('Microsoft.Network'),
      presence(zone),
    );
    const link = zone?.links.find(({ virtualNetworkId }) => sameResourceId(virtualNetworkId, virtualNetwork.id));
    const linkId = link?.id ?? `${privateDnsZone.id}/virtualNetworkLinks/${privateDnsZone.linkName}`;
    plan.zoneLink = { id: linkId, tags, virtualNetworkId: virtualNetwork.id };
    step(
      'zoneLink',
      'zoneLink',
      `Link of the zone to ${nameOf(virtualNetwork)}`,
      linkId,
      [zoneStep, ...network],
      presence(link),
    );

    for (const name of records) {
      const there = zone?.records[name];
      const record = { id: `${privateDnsZone.id}/A/${name}`, name };
      plan.records.push({ ...record, ...(there && { before: there.addresses }) });
      const wanted = seen.privateEndpoint ? addressesOfRecord(seen.privateEndpoint, name) : [];
      const facts = !there
        ? presence(undefined)
        : sameAddresses(wanted, there.addresses)
          ? presence(there)
          : differing([`aRecords: asked ${wanted.join(', ')}, got ${there.addresses.join(', ') || 'none'}`]);
      step('record', `record:${name}`, `Record ${name}`, record.id, [zoneStep, endpointStep], facts);
    }
  }

  for (const role of requiredRoles(wanted, seen)) {
    plan.roles.push(role);
    const scope = resourceReference(role.scope);
    const scopeStep = scopeSteps(wanted, role.scope, network);
    const holder = identitySteps[role.holder];
    const needs = [...(holder ? [holder] : []), ...scopeStep];
    step(
      'role',
      roleStepId(role),
      `${builtInRoles[role.role].name} on ${scope.name} for the ${holderTitles[role.holder]}`,
      role.scope,
      needs,
      heldRole(role, seen),
    );
  }
  return { plan, steps };
}

const foundOf = ({ identities, privateEndpoint }: InfrastructureFacts): InfrastructurePlan['found'] => ({
  identities,
  ...(privateEndpoint && { privateEndpoint }),
});

/** The pools of a cluster may be in several subnets. */
export const subnetStepId = (
  { use, name }: Pick<SubnetSpecification, 'use' | 'name'>,
  all: readonly Pick<SubnetSpecification, 'use' | 'name'>[],
): StepId => (all.find((each) => each.use === use)?.name === name ? `subnet:${use}` : `subnet:${use}:${name}`);

export const holderTitles: Readonly<Record<RoleHolder, string>> = {
  controlPlane: 'control plane identity',
  kubelet: 'kubelet identity',
};

export const roleStepId = ({ role, scope }: RoleSpecification): StepId =>
  `role:${role}:${resourceReference(scope).name}`;

/** A resource that is there needs nothing. */
const presence = (seen: object | undefined): StepFacts =>
  seen ? { action: 'none', reason: 'found as wanted' } : { action: 'create', reason: 'absent' };

const differing = (differences: readonly string[]): StepFacts =>
  differences.length > 0 ? { action: 'update', reason: differences.join('; ') } : presence({});

export const seenSubnet = (
  network: VirtualNetworkFacts | undefined,
  { name }: { name: string },
): SubnetFacts | undefined => network?.subnets.find((subnet) => subnet.name.toLowerCase() === name.toLowerCase());

function subnetSpecification(target: WantedSubnet, seen: SubnetFacts | undefined): SubnetSpecification {
  const { id, name, use } = target;
  const addressPrefix = target.addressPrefix ?? seen?.addressPrefixes.find(isIPv4) ?? defaultNetwork[use].addressPrefix;
  return { id, name, use, addressPrefix, ...subnetProperties[use] };
}

/** What undo puts back: of the properties that matter for this use, those that are to be changed. */
function previousProperties({ use }: SubnetSpecification, seen: SubnetFacts): SubnetProperties {
  switch (use) {
    case 'nodeSubnet':
      return { defaultOutboundAccess: seen.defaultOutboundAccess };
    case 'registrySubnet':
      return { privateEndpointNetworkPolicies: seen.privateEndpointNetworkPolicies };
    case 'apiServerSubnet':
      return { delegation: seen.delegations[0] ?? '' };
  }
}

/** The rule that nodes need, and the one that is there in its place. Under profile preview its name is free. */
export function cacheRule(
  { profile }: Pick<InfrastructureInput, 'profile'>,
  registryId: string,
  rules: readonly CacheRuleFacts[],
): { specification: CacheRuleSpecification; found: CacheRuleFacts | undefined } {
  const { name, nameIsFree, ...mapping } = profileSetting(profile, 'cacheRule');
  const found = rules.find(
    (rule) => (nameIsFree || rule.name === name) && cacheRuleMismatches(mapping, rule).length === 0,
  );
  return { specification: { id: `${registryId}/cacheRules/${found?.name ?? name}`, ...mapping }, found };
}

/** Guide: bring your own ACR, steps 5 and 6. The Azure CLI grants the first two by itself. */
function requiredRoles(wanted: WantedInfrastructure, { registry }: InfrastructureFacts): RoleSpecification[] {
  const { identities } = wanted;
  const repositories = registry?.roleAssignmentMode.startsWith('Abac');
  const pull: BuiltInRole = repositories ? 'containerRegistryRepositoryReader' : 'acrPull';
  const role = (role: BuiltInRole, scope: string | undefined, holder: RoleHolder): RoleSpecification[] =>
    scope === undefined ? [] : [{ role, scope, holder }];
  // Of a cluster that is there, the control plane has its roles already.
  const controlPlane = identities.controlPlane && 'controlPlane';
  if (!controlPlane) return role(pull, wanted.registry?.id, 'kubelet');
  return [
    ...role('networkContributor', subnetOf(wanted, 'nodeSubnet')?.id, 'controlPlane'),
    ...role('networkContributor', subnetOf(wanted, 'apiServerSubnet')?.id, 'controlPlane'),
    ...role('managedIdentityOperator', identities.kubelet?.id, 'controlPlane'),
    ...role(pull, wanted.registry?.id, 'kubelet'),
  ];
}

function heldRole(role: RoleSpecification, { roles }: InfrastructureFacts): StepFacts {
  const held = roles[roleKey(role)] ?? [];
  const sufficient = sufficientRoles(role.role).find((id) => held.includes(id));
  if (sufficient === undefined) return { action: 'create', reason: 'not held' };
  const { name = '' } = Object.values(builtInRoles).find(({ id }) => id === sufficient) ?? {};
  return { action: 'none', reason: `${name} is held` };
}

/** The steps after which a role's scope is there. */
function scopeSteps({ identities, registry }: WantedInfrastructure, scope: string, network: StepId[]): StepId[] {
  if (scope === registry?.id) return ['registry'];
  if (scope === identities.kubelet?.id) return ['identity:kubelet'];
  return network;
}

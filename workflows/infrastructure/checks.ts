import type { Check } from '../../contract/result.ts';
import type { ReadBack } from '../../resources/discovery.ts';
import { entryOf } from '../../resources/entries.ts';
import { parseResourceId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import { addressesForRecord } from '../../resources/privateEndpoints.ts';
import { builtInRoles, roleHolders, roleKey, sufficientRoles } from '../../resources/roles.ts';
import { seenSubnetProperties } from '../../resources/virtualNetworks.ts';
import { check, unseen } from '../engine/check.ts';
import { type InfrastructurePlan, seenSubnet } from './specification.ts';
import { holderTitles, roleStepId } from './steps.ts';

/** Checks the infrastructure against what Azure shows. Adopted resources are checked like those that were made. */
export function infrastructureChecks(plan: InfrastructurePlan, seen: InfrastructureFacts): Check[] {
  return [
    ...networkChecks(plan, seen),
    ...identityChecks(plan, seen),
    ...ownRegistryChecks(plan, seen),
    ...privateDnsChecks(plan, seen),
    ...roleChecks(plan, seen),
  ];
}

function networkChecks({ virtualNetwork: network }: InfrastructurePlan, seen: InfrastructureFacts): Check[] {
  if (!network) return [];
  const { id, subnets } = network;
  return [
    check('virtualNetwork', 'Virtual network', id, 'Succeeded', seen.virtualNetwork?.provisioningState),
    ...subnets.flatMap((subnet) => {
      const there = seenSubnet(seen.virtualNetwork, subnet);
      const properties = there && seenSubnetProperties(there);
      return [
        check(`subnet:${subnet.name}`, `Subnet ${subnet.name}`, subnet.id, 'Succeeded', there?.provisioningState),
        ...(['defaultOutboundAccess', 'privateEndpointNetworkPolicies', 'delegation'] as const)
          .filter((property) => subnet[property] !== undefined)
          .map((property) =>
            check(
              `${property}:${subnet.name}`,
              `${property} of subnet ${subnet.name}`,
              subnet.id,
              subnet[property],
              properties?.[property],
            ),
          ),
      ];
    }),
  ];
}

function identityChecks({ identities }: InfrastructurePlan, seen: InfrastructureFacts): Check[] {
  return roleHolders.flatMap((holder) => {
    const { id } = identities[holder] ?? {};
    const title = `Identity of the ${holder === 'kubelet' ? 'kubelet' : 'control plane'}`;
    return id === undefined
      ? []
      : [check(`identity:${holder}`, title, id, 'present', seen.identities[holder] && 'present')];
  });
}

function ownRegistryChecks(
  plan: InfrastructurePlan,
  { registry: seen, privateEndpoint }: InfrastructureFacts,
): Check[] {
  const { registry, cacheRule, privateEndpoint: endpoint } = plan;
  if (!registry || !cacheRule || !endpoint) return [];
  const { id } = registry;
  const rule = seen?.cacheRules.find(({ name }) => sameResourceId(`${id}/cacheRules/${name}`, cacheRule.id));
  return [
    check('registrySku', 'SKU of the registry', id, 'Premium', seen?.sku),
    check(
      'registryAccess',
      'Public access to the registry',
      id,
      registry.publicNetworkAccess,
      seen?.publicNetworkAccess,
    ),
    check('anonymousPull', 'Anonymous pull', id, registry.anonymousPullEnabled, seen?.anonymousPullEnabled),
    check(
      'registryCacheRule',
      `Cache rule ${resourceReference(cacheRule.id).name}`,
      cacheRule.id,
      `${cacheRule.sourceRepository} to ${cacheRule.targetRepository}`,
      rule && `${rule.sourceRepository} to ${rule.targetRepository}`,
    ),
    check('registryEndpoint', 'Private endpoint of the registry', endpoint.id, 'Approved', privateEndpoint?.status),
    check('registryEndpointTarget', 'Private endpoint leads to', endpoint.id, id, privateEndpoint?.targetId),
  ];
}

function privateDnsChecks(plan: InfrastructurePlan, seen: InfrastructureFacts): Check[] {
  const { zoneLink, records, virtualNetwork } = plan;
  if (!zoneLink || !virtualNetwork) return [];
  const link = seen.privateDnsZone?.links.find(({ virtualNetworkId }) =>
    sameResourceId(virtualNetworkId, virtualNetwork.id),
  );
  return [
    check('zoneLink', 'Link of the zone to the network', zoneLink.id, 'Completed', link?.linkState),
    ...records.map(({ id, name }) => {
      const expected = seen.privateEndpoint ? addressesForRecord(seen.privateEndpoint, name) : [];
      const addresses = entryOf(seen.privateDnsZone?.records, name)?.addresses ?? [];
      const text = (list: readonly string[]) => [...list].sort().join(', ');
      return check(
        `record:${name}`,
        `Record ${name} is the endpoint's address`,
        id,
        text(expected) || 'an address',
        text(addresses),
      );
    }),
  ];
}

function roleChecks({ roles }: InfrastructurePlan, seen: InfrastructureFacts): Check[] {
  return roles.map((role) => {
    const held = seen.roles[roleKey(role)] ?? [];
    const { name } = builtInRoles[role.role];
    const sufficient = sufficientRoles(role.role).some((id) => held.includes(id));
    const condition = seen.conditions?.[roleKey(role)]?.[builtInRoles[role.role].id];
    const title = `Role of the ${holderTitles[role.holder]} on ${resourceReference(role.scope).name}`;
    return check(
      roleStepId(role),
      title,
      role.scope,
      name,
      sufficient || condition !== undefined ? name : held.join(', '),
    );
  });
}

/** Checks the registry that AKS manages. AKS keeps it in the node resource group, with its endpoint and zone. */
export function managedRegistryChecks(nodeResourceGroup: string, seen: ReadBack, clusterId: string): Check[] {
  const { cluster, registry, nodeResourceTypes, unreadNodeResources: unread } = seen;
  const id = cluster?.containerRegistryId ?? clusterId;
  const group = cluster?.containerRegistryId && parseResourceId(cluster.containerRegistryId)?.resourceGroup;
  const endpoints = registry?.privateEndpoints.map(({ status }) => status).join(', ');
  const rules = registry?.cacheRules.map(({ sourceRepository }) => sourceRepository).join(', ');
  const zone = nodeResourceTypes.includes('microsoft.network/privatednszones') ? 'present' : 'absent';
  const ofRegistry = [
    check('registryAccess', 'Public access to the registry', id, 'Disabled', registry?.publicNetworkAccess),
    check('registryEndpoint', 'Private endpoint of the registry', id, 'Approved', endpoints),
    check('registryCacheRule', 'Registry caches', id, 'mcr.microsoft.com/*', rules),
    check('registryZone', 'Private DNS zone beside the registry', id, 'present', zone),
  ];
  return [
    check('registry', 'Registry is AKS-managed, in resource group', id, nodeResourceGroup, group),
    ...ofRegistry.map((each) => (unread === undefined ? each : unseen(each, 'readForbidden', unread))),
  ];
}

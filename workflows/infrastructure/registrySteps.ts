import type { PlannedStep, StepId } from '../../contract/plan.ts';
import { registryAccess } from '../../contract/profiles.ts';
import { entryOf } from '../../resources/entries.ts';
import { resourceReference } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import { sameAddresses } from '../../resources/privateDns.ts';
import { addressesForRecord } from '../../resources/privateEndpoints.ts';
import { registryDifferences } from '../../resources/registries.ts';
import type { InfrastructureContext } from './context.ts';
import { type InfrastructurePlan, linkTo, usableCacheRule } from './specification.ts';
import { createIfAbsent, updateIfDifferent } from './steps.ts';

/**
 * Steps of the registry, and of endpoint, zone, link and records, which make its names lead to it in the network. Guide:
 * bring your own ACR, steps 2 to 4.
 *
 * @param network Steps of the network.
 */
export function registrySteps(
  context: InfrastructureContext,
  plan: InfrastructurePlan,
  network: readonly StepId[],
): PlannedStep[] {
  return [...ownRegistrySteps(context, plan, network), ...privateDnsSteps(context, plan, network)];
}

function ownRegistrySteps(
  { input, seen, needsOf }: InfrastructureContext,
  { registry, cacheRule, privateEndpoint }: InfrastructurePlan,
  network: readonly StepId[],
): PlannedStep[] {
  if (!registry || !cacheRule || !privateEndpoint) return [];
  const { sourceRepository, targetRepository } = cacheRule;
  return [
    {
      id: 'registry',
      kind: 'registry',
      title: `Registry ${resourceReference(registry.id).name}`,
      ...(seen.registry
        ? updateIfDifferent(registryDifferences(registryAccess(input.profile), seen.registry))
        : createIfAbsent(undefined)),
      needs: needsOf('Microsoft.ContainerRegistry'),
      resourceId: registry.id,
    },
    {
      id: 'cacheRule',
      kind: 'cacheRule',
      title: `Cache rule from ${sourceRepository} to ${targetRepository}`,
      ...createIfAbsent(usableCacheRule(input.profile, seen.registry?.cacheRules ?? [])),
      needs: ['registry'],
      resourceId: cacheRule.id,
    },
    {
      id: 'privateEndpoint',
      kind: 'privateEndpoint',
      title: `Private endpoint ${resourceReference(privateEndpoint.id).name} of the registry`,
      ...createIfAbsent(seen.privateEndpoint),
      needs: ['registry', ...network],
      resourceId: privateEndpoint.id,
    },
  ];
}

function privateDnsSteps(
  { seen, needsOf }: InfrastructureContext,
  { privateDnsZone: zone, zoneLink, records }: InfrastructurePlan,
  network: readonly StepId[],
): PlannedStep[] {
  if (!zone || !zoneLink) return [];
  const { id, virtualNetworkId } = zoneLink;
  return [
    {
      id: 'privateDnsZone',
      kind: 'privateDnsZone',
      title: `Private DNS zone ${resourceReference(zone.id).name}`,
      ...createIfAbsent(seen.privateDnsZone),
      needs: needsOf('Microsoft.Network'),
      resourceId: zone.id,
    },
    {
      id: 'zoneLink',
      kind: 'zoneLink',
      title: `Link of the zone to ${resourceReference(virtualNetworkId).name}`,
      ...asksOthers(createIfAbsent(linkTo(virtualNetworkId, seen)), seen),
      needs: ['privateDnsZone', ...network],
      resourceId: id,
    },
    ...records.map((record) => recordStep(record, seen)),
  ];
}

function recordStep({ id, name }: InfrastructurePlan['records'][number], seen: InfrastructureFacts): PlannedStep {
  const there = entryOf(seen.privateDnsZone?.records, name)?.addresses;
  const wanted = seen.privateEndpoint ? addressesForRecord(seen.privateEndpoint, name) : [];
  const differs = there && !sameAddresses(wanted, there);
  const addresses = { property: 'aRecords', before: there?.join(', ') || 'none', after: wanted.join(', ') };
  return {
    id: `record:${name}`,
    kind: 'record',
    title: `Record ${name}`,
    ...(differs ? updateIfDifferent([addresses]) : createIfAbsent(there)),
    needs: ['privateDnsZone', 'privateEndpoint'],
    resourceId: id,
  };
}

/** The link alone proves nothing where the network asks DNS servers of its own (Azure/AKS#4841): nodes have to show it. */
function asksOthers<S extends { reason: string }>(step: S, { virtualNetwork }: InfrastructureFacts): S {
  const servers = virtualNetwork?.dnsServers ?? [];
  if (servers.length === 0) return step;
  const asked = `its network asks ${servers.join(', ')}, which must forward to Azure: nodes show whether it does`;
  return { ...step, reason: `${step.reason}; ${asked}` };
}

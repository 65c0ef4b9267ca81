import type { Problem } from '../../contract/problem.ts';
import { profileSetting } from '../../contract/profiles.ts';
import { formerRegistryName, registryName } from '../../resources/derivedNames.ts';
import { entryOf } from '../../resources/entries.ts';
import { parentId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { type InfrastructureFacts, resourcesWithState } from '../../resources/infrastructure.ts';
import { markTags } from '../../resources/marks.ts';
import { type PrivateDnsZoneFacts, registryZoneName, sameAddresses } from '../../resources/privateDns.ts';
import { addressesForRecord } from '../../resources/privateEndpoints.ts';
import { isFailed, isFinal } from '../../resources/provisioningState.ts';
import { concernsRule } from '../../resources/registries.ts';
import { builtInRoles, roleKey, sufficientRoles } from '../../resources/roles.ts';
import type { InfrastructureContext } from './context.ts';
import { networkProblems, type ReportProblem } from './networkProblems.ts';
import { type InfrastructurePlan, linkTo, usableCacheRule } from './specification.ts';
import { holderTitles } from './steps.ts';
import { infrastructureRequest } from './wanted.ts';

/** Reports resources that exist and cannot be used, and those that are needed and missing. */
export function infrastructureProblems(context: InfrastructureContext, plan: InfrastructurePlan): Problem[] {
  const problems: Problem[] = [];
  const report: ReportProblem = (where, problem, whatToDo) => problems.push({ where, problem, whatToDo });
  reportMissing(context, report);
  reportUnready(context, report);
  problems.push(...networkProblems(context, plan));
  reportRegistry(context, report);
  reportEndpoint(context, plan, report);
  reportZone(context, plan, report);
  reportConditions(context, plan, report);
  return problems;
}

function reportMissing({ wanted, seen }: InfrastructureContext, report: ReportProblem): void {
  const { virtualNetwork, registry, privateEndpoint, privateDnsZone, identities } = wanted;
  for (const [target, facts] of [
    [virtualNetwork, seen.virtualNetwork],
    [registry, seen.registry],
    [privateEndpoint, seen.privateEndpoint],
    [privateDnsZone, seen.privateDnsZone],
    [identities.controlPlane, seen.identities.controlPlane],
    [identities.kubelet, seen.identities.kubelet],
  ] as const) {
    if (!target?.mustExist || facts) continue;
    report(
      target.where,
      `${target.id} does not exist, or the worker's identity cannot see it`,
      'Correct the ID, or leave it out: then the scenario creates one.',
    );
  }
}

function reportUnready({ input, location, wanted, seen }: InfrastructureContext, report: ReportProblem): void {
  const request = infrastructureRequest(input, location, wanted);
  for (const { id, provisioningState } of resourcesWithState(seen, request)) {
    if (!isFinal(provisioningState)) {
      report(id, `an operation is in progress (${provisioningState})`, 'Wait for it to end, then start again.');
    } else if (isFailed(provisioningState)) {
      report(id, `its state is ${provisioningState}`, 'Repair or delete it, then start again.');
    }
  }
}

function reportRegistry(
  { input, wanted: { registry }, seen: facts, marks }: InfrastructureContext,
  report: ReportProblem,
): void {
  if (!registry) return;
  if (facts.otherCloud !== undefined) {
    const problem = `registries and their zone have other names in ${facts.otherCloud} than in Azure, which this product does not know`;
    report('registry.mode', problem, 'Let AKS manage the registry (registry.mode managed).');
  }
  const { registry: seen, registryNameProblem } = facts;
  if (!seen) {
    if (registryNameProblem === undefined || registry.mustExist) return;
    const { name } = resourceReference(registry.id);
    report('registry.name', `the name ${name} cannot be had: ${registryNameProblem}`, 'Give another name.');
    return;
  }
  // Clusters may have had the same default name in version 0.1.
  const { [markTags.workflow]: madeFor = marks[markTags.workflow] } = seen.marks;
  const isDefault =
    !registry.mustExist &&
    [registryName, formerRegistryName].some((nameOf) => nameOf(input.cluster) === resourceReference(registry.id).name);
  if (isDefault && madeFor !== marks[markTags.workflow]) {
    report(
      'registry.name',
      `${seen.id} was made for another cluster, ${madeFor}`,
      'Give a name for a registry of its own, or this ID as registry.containerRegistryId to share it.',
    );
  }
  if (seen.sku.toLowerCase() !== 'premium') {
    report(
      seen.id,
      `its SKU is ${seen.sku}, and private endpoints need Premium`,
      'Change it with `az acr update --sku Premium`, or use another registry.',
    );
  }
  // AKS docs, "Network isolated clusters", limitations; MicrosoftDocs/azure-aks-docs#438, 2026-11-26.
  if (seen.takesArmTokens === false) {
    report(
      seen.id,
      'it takes no tokens for Azure Resource Manager, with which nodes sign in',
      'Enable it (`az acr config authentication-as-arm update --status enabled`), or use another registry.',
    );
  }
  if (usableCacheRule(input.profile, seen.cacheRules)) return;
  const { name, sourceRepository, targetRepository } = profileSetting(input.profile, 'cacheRule');
  for (const rule of seen.cacheRules) {
    if (!concernsRule(rule, { name, targetRepository })) continue;
    report(
      `${seen.id}/cacheRules/${rule.name}`,
      `this rule copies ${rule.sourceRepository} to ${rule.targetRepository}; nodes need a rule ${name} from ${sourceRepository} to ${targetRepository}`,
      'Delete it if nothing else needs it, or use another registry: a rule cannot be changed.',
    );
  }
}

function reportEndpoint(
  { wanted, seen }: InfrastructureContext,
  plan: InfrastructurePlan,
  report: ReportProblem,
): void {
  const { registry, privateEndpoint, virtualNetwork } = wanted;
  const endpoint = seen.privateEndpoint;
  if (!registry || !privateEndpoint || !endpoint) return;
  const { id, targetId, subnetId, status } = endpoint;
  if (!sameResourceId(targetId, registry.id)) {
    report(
      id,
      `this endpoint leads to ${targetId}, not to ${registry.id}`,
      `Give another name as registry.privateEndpoint.name.`,
    );
    return;
  }
  // The hub of a landing zone may have it for all that are peered with it.
  const reached = [virtualNetwork?.id, ...(seen.virtualNetwork?.peers ?? [])];
  if (virtualNetwork && !reached.some((network) => sameResourceId(parentId(subnetId), network))) {
    report(
      id,
      `this endpoint is in another network, in subnet ${subnetId}, with which the cluster's is not peered`,
      `Give another name as registry.privateEndpoint.name, or that network, or peer the two.`,
    );
  }
  if (status === 'Pending') {
    report(id, 'its connection waits for approval', 'Approve it with `az acr private-endpoint-connection approve`.');
  } else if (status !== 'Approved') {
    report(
      id,
      `its connection is ${status}`,
      status === 'Disconnected'
        ? 'Delete the endpoint, and its records in the zone: the registry that it led to was deleted, or somebody has removed the connection.'
        : 'Delete the endpoint, or give another name as registry.privateEndpoint.name.',
    );
  } else if (endpoint.provisioningState === 'Succeeded') {
    for (const { name } of plan.records) {
      if (addressesForRecord(endpoint, name).length > 0) continue;
      report(
        id,
        `the endpoint has no address for ${name}`,
        'Wait if the registry is getting a replica, else delete the endpoint and start again.',
      );
    }
  }
}

function reportZone({ wanted, seen }: InfrastructureContext, plan: InfrastructurePlan, report: ReportProblem): void {
  const { virtualNetwork, privateDnsZone } = wanted;
  if (!privateDnsZone || !virtualNetwork) return;
  // By the time of a later link, the cluster has left AKS's own zone, and AKS has removed that one's link.
  for (const id of plan.zoneLink?.later ? [] : seen.otherLinkedZones) {
    report(
      id,
      `the network is linked to this zone, and it can be linked to one ${registryZoneName} only`,
      'Give this zone as registry.privateDnsZone.resourceId.',
    );
  }
  const zone = seen.privateDnsZone;
  if (!zone) return;
  const namesake = zone.links.find(({ name }) => name.toLowerCase() === privateDnsZone.linkName.toLowerCase());
  if (namesake && !linkTo(virtualNetwork.id, seen)) {
    report(
      namesake.id,
      `this link leads to ${namesake.virtualNetworkId}`,
      'Give another name as registry.privateDnsZone.linkName.',
    );
  }
  reportRecords(zone, virtualNetwork.id, seen, plan, report);
}

/** A shared zone may serve another network. Its records are not to be taken over. */
function reportRecords(
  { links, records }: PrivateDnsZoneFacts,
  virtualNetworkId: string,
  { registry, privateEndpoint }: InfrastructureFacts,
  plan: InfrastructurePlan,
  report: ReportProblem,
): void {
  const others = (registry?.privateEndpoints ?? []).filter(({ id }) => !sameResourceId(id, privateEndpoint?.id));
  const candidates = others.map(({ id }) => id).join(', ');
  const shared = links.some((link) => !sameResourceId(link.virtualNetworkId, virtualNetworkId));
  for (const { id, name } of plan.records) {
    const record = entryOf(records, name);
    if (!record) continue;
    const holds = `the record is there with ${record.addresses.join(', ') || 'no address'}`;
    if (!privateEndpoint) {
      report(
        id,
        `${holds}, and the registry's endpoint is not`,
        candidates
          ? `Give the endpoint that it belongs to as registry.privateEndpoint.resourceId if it is in this network (the registry has ${candidates}), use a zone for this network alone, or remove the record.`
          : 'No endpoint of the registry is left that it could belong to: remove the record, which an endpoint that is gone has left.',
      );
    } else if (candidates && shared && !sameAddresses(record.addresses, addressesForRecord(privateEndpoint, name))) {
      report(
        id,
        `${holds}, in a zone that serves other networks as well; it may belong to another endpoint of the registry (${candidates})`,
        'Use a zone that is linked to this network alone, or correct the record.',
      );
    }
  }
}

/**
 * A role with a condition does not count as held. Where nodes are there, the pull probe shows its effect before anything is
 * final. A new cluster has none, and the control plane's roles no probe.
 * Sources: Learn, "Azure attribute-based access control for repository permissions"; Azure/acr#794 (2026-11-26).
 */
function reportConditions(
  { input, seen: { conditions = {}, roles: held }, newCluster }: InfrastructureContext,
  { roles }: InfrastructurePlan,
  report: ReportProblem,
): void {
  const [repository = ''] = profileSetting(input.profile, 'cacheRule').targetRepository.split('/');
  for (const role of roles) {
    const { name, id } = builtInRoles[role.role];
    const condition = conditions[roleKey(role)]?.[id];
    if (condition === undefined || sufficientRoles(role.role).some((each) => held[roleKey(role)]?.includes(each)))
      continue;
    const excludes = /repositories:name/i.test(condition) && !condition.includes(repository);
    if (!newCluster && role.holder === 'kubelet' && !excludes) continue;
    report(
      role.scope,
      `the ${holderTitles[role.holder]} holds ${name} with a condition${excludes ? ` that leaves out ${repository}, from which nodes pull` : ', whose effect cannot be known beforehand'}: ${condition}`,
      'Take the condition off the assignment, or give the role at a scope above: Azure takes no second assignment of it here.',
    );
  }
}

import type { Problem } from '../../contract/problem.ts';
import { profileSetting } from '../../contract/profiles.ts';
import { parentId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import { registryZoneName, sameAddresses } from '../../resources/privateDns.ts';
import { addressesOfRecord } from '../../resources/privateEndpoints.ts';
import { isFailed, isFinal, type ResourceFacts } from '../../resources/provisioningState.ts';
import { targetsOverlap } from '../../resources/registries.ts';
import { type NetworkInput, networkProblems } from './networkProblems.ts';
import { cacheRule, type InfrastructurePlan } from './plan.ts';
import type { InfrastructureInput, WantedInfrastructure } from './wanted.ts';

type Report = (where: string, problem: string, whatToDo: string) => void;

/** What is there and cannot be used, or is needed and missing. */
export function infrastructureProblems(
  input: NetworkInput,
  wanted: WantedInfrastructure,
  seen: InfrastructureFacts,
  plan: InfrastructurePlan,
  clusterIsThere: boolean,
): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (where, problem, whatToDo) => problems.push({ where, problem, whatToDo });
  reportMissing(wanted, seen, report);
  reportUnready(seen, report);
  problems.push(...networkProblems(input, wanted, seen, plan, clusterIsThere));
  reportRegistry(input, wanted, seen, report);
  reportEndpoint(wanted, seen, plan, report);
  reportZone(wanted, seen, plan, report);
  return problems;
}

function reportMissing(wanted: WantedInfrastructure, seen: InfrastructureFacts, report: Report): void {
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

function reportUnready(
  { virtualNetwork, registry, privateEndpoint, privateDnsZone }: InfrastructureFacts,
  report: Report,
): void {
  const rules = (registry?.cacheRules ?? []).map(({ name, provisioningState }) => ({
    id: `${registry?.id}/cacheRules/${name}`,
    provisioningState,
  }));
  const all = [virtualNetwork, registry, privateEndpoint, privateDnsZone, ...(privateDnsZone?.links ?? []), ...rules];
  for (const facts of all) {
    if (facts === undefined) continue;
    const { id, provisioningState }: Pick<ResourceFacts, 'id' | 'provisioningState'> = facts;
    if (!isFinal(provisioningState)) {
      report(id, `an operation is in progress (${provisioningState})`, 'Wait for it to end, then start again.');
    } else if (isFailed(provisioningState)) {
      report(id, `its state is ${provisioningState}`, 'Repair or delete it, then start again.');
    }
  }
}

function reportRegistry(
  input: InfrastructureInput,
  { registry: target }: WantedInfrastructure,
  { registry: seen, registryNameProblem }: InfrastructureFacts,
  report: Report,
): void {
  if (!target) return;
  if (!seen) {
    if (registryNameProblem === undefined || target.mustExist) return;
    const { name } = resourceReference(target.id);
    report('registry.name', `the name ${name} cannot be had: ${registryNameProblem}`, 'Give another name.');
    return;
  }
  if (seen.sku.toLowerCase() !== 'premium') {
    report(
      seen.id,
      `its SKU is ${seen.sku}, and private endpoints need Premium`,
      'Change it with `az acr update --sku Premium`, or use another registry.',
    );
  }
  const { specification, found } = cacheRule(input, target.id, seen.cacheRules);
  if (found) return;
  const { name } = profileSetting(input.profile, 'cacheRule');
  const { sourceRepository, targetRepository } = specification;
  for (const rule of seen.cacheRules) {
    if (rule.name !== name && !targetsOverlap(rule.targetRepository, targetRepository)) continue;
    report(
      `${seen.id}/cacheRules/${rule.name}`,
      `this rule copies ${rule.sourceRepository} to ${rule.targetRepository}; nodes need a rule ${name} from ${sourceRepository} to ${targetRepository}`,
      'Delete it if nothing else needs it, or use another registry: a rule cannot be changed.',
    );
  }
}

function reportEndpoint(
  wanted: WantedInfrastructure,
  seen: InfrastructureFacts,
  plan: InfrastructurePlan,
  report: Report,
): void {
  const { registry, privateEndpoint: target, virtualNetwork } = wanted;
  const endpoint = seen.privateEndpoint;
  if (!registry || !target || !endpoint) return;
  const { id, targetId, subnetId, status } = endpoint;
  if (!sameResourceId(targetId, registry.id)) {
    report(
      id,
      `this endpoint leads to ${targetId}, not to ${registry.id}`,
      `Give another name as registry.privateEndpoint.name.`,
    );
    return;
  }
  if (virtualNetwork && !sameResourceId(parentId(subnetId), virtualNetwork.id)) {
    report(
      id,
      `this endpoint is in another network, in subnet ${subnetId}`,
      `Give another name as registry.privateEndpoint.name, or that network.`,
    );
  }
  if (status === 'Pending') {
    report(id, 'its connection waits for approval', 'Approve it with `az acr private-endpoint-connection approve`.');
  } else if (status !== 'Approved') {
    report(
      id,
      `its connection is ${status}`,
      'Delete the endpoint, or give another name as registry.privateEndpoint.name.',
    );
  } else if (endpoint.provisioningState === 'Succeeded') {
    for (const { name } of plan.records) {
      if (addressesOfRecord(endpoint, name).length > 0) continue;
      report(
        id,
        `the endpoint has no address for ${name}`,
        'Wait if the registry is getting a replica, else delete the endpoint and start again.',
      );
    }
  }
}

function reportZone(
  { virtualNetwork, privateDnsZone: target }: WantedInfrastructure,
  seen: InfrastructureFacts,
  plan: InfrastructurePlan,
  report: Report,
): void {
  if (!target || !virtualNetwork) return;
  for (const id of seen.otherLinkedZones) {
    report(
      id,
      `the network is linked to this zone, and it can be linked to one ${registryZoneName} only`,
      'Give this zone as registry.privateDnsZone.resourceId.',
    );
  }
  const zone = seen.privateDnsZone;
  if (!zone) return;
  const linked = zone.links.some(({ virtualNetworkId }) => sameResourceId(virtualNetworkId, virtualNetwork.id));
  const namesake = zone.links.find(({ name }) => name.toLowerCase() === target.linkName.toLowerCase());
  if (namesake && !linked) {
    report(
      namesake.id,
      `this link leads to ${namesake.virtualNetworkId}`,
      'Give another name as registry.privateDnsZone.linkName.',
    );
  }
  // A shared zone may serve another network: its records are not to be taken over.
  const others = (seen.registry?.privateEndpoints ?? []).filter(
    ({ id }) => !sameResourceId(id, seen.privateEndpoint?.id),
  );
  const shared = zone.links.some(({ virtualNetworkId }) => !sameResourceId(virtualNetworkId, virtualNetwork.id));
  for (const { id, name } of plan.records) {
    const record = zone.records[name];
    if (!record) continue;
    const holds = `the record is there with ${record.addresses.join(', ') || 'no address'}`;
    const candidates = others.map((endpoint) => endpoint.id).join(', ');
    if (!seen.privateEndpoint) {
      report(
        id,
        `${holds}, and the registry's endpoint is not`,
        `Give the endpoint that it belongs to as registry.privateEndpoint.resourceId if it is in this network${candidates && ` (the registry has ${candidates})`}, use a zone for this network alone, or remove the record.`,
      );
    } else if (
      candidates &&
      shared &&
      !sameAddresses(record.addresses, addressesOfRecord(seen.privateEndpoint, name))
    ) {
      report(
        id,
        `${holds}, in a zone that serves other networks as well; it may belong to another endpoint of the registry (${candidates})`,
        'Use a zone that is linked to this network alone, or correct the record.',
      );
    }
  }
}

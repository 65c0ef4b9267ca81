import type { RegistryInput } from '../../contract/inputs/infrastructure.ts';
import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { ProfileSetting } from '../../contract/profiles.ts';
import { resourceReference } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import { builtInRoles, type RoleSpecification, roleHolders, roleKey, sufficientRoles } from '../../resources/roles.ts';
import { type SubnetFacts, type SubnetSpecification, subnetDifferences } from '../../resources/virtualNetworks.ts';
import { type Part, stepIds } from '../engine/part.ts';
import type { InfrastructureContext } from './context.ts';
import { infrastructureProblems } from './problems.ts';
import { registrySteps } from './registrySteps.ts';
import { secondMarkSteps } from './secondMarks.ts';
import { type InfrastructurePlan, seenSubnet, specifyInfrastructure } from './specification.ts';
import { createIfAbsent, holderTitles, roleStepId, subnetStepId, updateIfDifferent } from './steps.ts';
import type { WantedInfrastructure } from './wanted.ts';

export interface PlannedInfrastructure extends Part {
  infrastructure: InfrastructurePlan;
  /** The link of the registry's zone where it comes once the cluster has left AKS's own zone. */
  later: readonly PlannedStep[];
}

/** Plans everything that the guide has its reader prepare. Guide: bring your own ACR, steps 1 to 6. */
export function planInfrastructure(context: InfrastructureContext): PlannedInfrastructure {
  const infrastructure = specifyInfrastructure(context);
  const network = networkSteps(context, infrastructure);
  const steps = [
    ...network,
    ...identitySteps(context, infrastructure),
    ...registrySteps(context, infrastructure, stepIds(network)),
    ...roleSteps(context, infrastructure, stepIds(network)),
    ...secondMarkSteps(context.borrowed ?? [], context),
  ];
  const comesLater = ({ kind }: PlannedStep) => kind === 'zoneLink' && infrastructure.zoneLink?.later === true;
  return {
    steps: steps.filter((step) => !comesLater(step)),
    problems: infrastructureProblems(context, infrastructure),
    infrastructure,
    later: steps.filter(comesLater),
  };
}

/** Profile settings that act on a registry of one's own. */
export const registrySettings = ({ mode }: RegistryInput): ProfileSetting[] =>
  mode === 'bringYourOwn' ? ['cacheRule', 'anonymousPull', 'endpointPolicies'] : [];

/** Azure refuses or supersedes parallel writes under one network, so each step waits for all before it. */
function networkSteps(
  { seen, needsOf }: InfrastructureContext,
  { virtualNetwork: network, subnets }: InfrastructurePlan,
): PlannedStep[] {
  if (!network) return [];
  const names = network.subnets.map(({ name }) => name).join(', ');
  const steps: PlannedStep[] = [
    {
      id: 'virtualNetwork',
      kind: 'virtualNetwork',
      title: `Virtual network ${resourceReference(network.id).name} with ${names}`,
      ...createIfAbsent(seen.virtualNetwork),
      needs: needsOf('Microsoft.Network'),
      resourceId: network.id,
    },
  ];
  for (const subnet of subnets) {
    const there = seenSubnet(seen.virtualNetwork, subnet);
    steps.push({
      id: subnetStepId(subnet, network.subnets),
      kind: 'subnet',
      title: `Subnet ${subnet.name}`,
      ...(there ? changeOf(subnet, there) : createIfAbsent(undefined)),
      needs: stepIds(steps),
      resourceId: subnet.id,
    });
  }
  return steps;
}

/** Says what becomes of a subnet that is there. Others may be in it, so the reason says what a change means for them. */
function changeOf(subnet: SubnetSpecification, there: SubnetFacts): ReturnType<typeof updateIfDifferent> {
  const { reason, ...change } = updateIfDifferent(subnetDifferences(subnet, there));
  return { ...change, reason: [reason, ...meanings(subnet, there)].join('; ') };
}

function meanings(subnet: SubnetSpecification, there: SubnetFacts): string[] {
  const { use, defaultOutboundAccess, privateEndpointNetworkPolicies: asked } = subnet;
  const { privateEndpointNetworkPolicies: seen, privateEndpoints = 0 } = there;
  const hasPolicies = seen !== 'Disabled';
  const closes = defaultOutboundAccess === false && there.defaultOutboundAccess !== false;
  const endpoints = `the ${privateEndpoints} private endpoint${privateEndpoints === 1 ? '' : 's'} in it`;
  return [
    ...(closes ? ['other machines in it lose their default outbound access as well'] : []),
    ...(asked !== undefined && hasPolicies && privateEndpoints > 0
      ? [`its security rules and routes then no longer hold for ${endpoints}`]
      : []),
    ...(asked === undefined && hasPolicies && use === 'registrySubnet'
      ? [
          `privateEndpointNetworkPolicies stays ${seen}: security rules and routes of the subnet hold for the endpoint too`,
        ]
      : []),
  ];
}

function identitySteps({ seen, needsOf }: InfrastructureContext, { identities }: InfrastructurePlan): PlannedStep[] {
  return roleHolders.flatMap((holder) => {
    const identity = identities[holder];
    if (!identity) return [];
    return {
      id: `identity:${holder}`,
      kind: 'identity',
      title: `${holder === 'kubelet' ? 'Kubelet' : 'Control plane'} identity ${resourceReference(identity.id).name}`,
      ...createIfAbsent(seen.identities[holder]),
      needs: needsOf('Microsoft.ManagedIdentity'),
      resourceId: identity.id,
    };
  });
}

function roleSteps(
  { wanted, seen }: InfrastructureContext,
  { roles, identities }: InfrastructurePlan,
  network: readonly StepId[],
): PlannedStep[] {
  return roles.map((role) => ({
    id: roleStepId(role),
    kind: 'role',
    title: `${builtInRoles[role.role].name} on ${resourceReference(role.scope).name} for the ${holderTitles[role.holder]}`,
    ...assignIfNotHeld(role, seen),
    needs: [
      ...(identities[role.holder] ? [`identity:${role.holder}` as const] : []),
      ...scopeSteps(wanted, role, network),
    ],
    resourceId: role.scope,
  }));
}

function assignIfNotHeld(
  role: RoleSpecification,
  { roles, conditions }: InfrastructureFacts,
): Pick<PlannedStep, 'action' | 'reason'> {
  const held = roles[roleKey(role)] ?? [];
  const sufficient = sufficientRoles(role.role).find((id) => held.includes(id));
  if (sufficient === undefined) {
    const condition = conditions?.[roleKey(role)]?.[builtInRoles[role.role].id];
    if (condition === undefined) return { action: 'create', reason: 'not held' };
    return { action: 'none', reason: `held with a condition, whose effect the pull probe shows: ${condition}` };
  }
  const { name = '' } = Object.values(builtInRoles).find(({ id }) => id === sufficient) ?? {};
  return { action: 'none', reason: `${name} is held` };
}

/** The steps after which a role's scope is there. */
function scopeSteps(
  { identities, registry }: WantedInfrastructure,
  { scope }: RoleSpecification,
  network: readonly StepId[],
): readonly StepId[] {
  if (scope === registry?.id) return ['registry'];
  if (scope === identities.kubelet?.id) return ['identity:kubelet'];
  return network;
}

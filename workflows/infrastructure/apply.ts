import type { IdentityFacts } from '../../resources/identities.ts';
import { resourceReference } from '../../resources/ids.ts';
import type { ClusterPrerequisites } from '../../resources/managedClusters.ts';
import type { Marks } from '../../resources/marks.ts';
import type { ZoneLinkSpecification } from '../../resources/privateDns.ts';
import { addressesForRecord, type PrivateEndpointFacts } from '../../resources/privateEndpoints.ts';
import { builtInRoles, type RoleHolder, roleHolders } from '../../resources/roles.ts';
import { azure } from '../engine/azure.ts';
import type { Step, StepHandle } from '../engine/step.ts';
import { type InfrastructurePlan, propertiesOf } from './specification.ts';
import { holderTitles, roleStepId, subnetStepId } from './steps.ts';

const waitsFor = 'Azure';
/** Undo deletes what this run may have made a moment ago. */
const ofThisRun = true;

/** Looks up an identity that was found or made. To be called once its step is done. */
type Identities = (holder: RoleHolder) => Promise<(IdentityFacts & { isNew?: true }) | undefined>;

/**
 * Declares everything that the guide has its reader prepare. Guide: bring your own ACR, steps 1 to 6.
 *
 * @returns Looks up what the request for the cluster must know of its infrastructure. To be called once these steps are done.
 */
export function applyInfrastructure(
  plan: InfrastructurePlan,
  marks: Marks,
  step: Step,
): (rolePropagationTimeoutMinutes: number) => Promise<ClusterPrerequisites> {
  applyNetwork(plan, marks, step);
  const identities = applyIdentities(plan, marks, step);
  const endpoint = applyRegistry(plan, marks, step);
  applyPrivateDns(plan, marks, endpoint, step);
  applyRoles(plan, marks, identities, step);
  return async (timeoutMinutes) => {
    if (plan.roles.length === 0) return {};
    const [controlPlane, kubelet] = await Promise.all([identities('controlPlane'), identities('kubelet')]);
    return {
      ...(kubelet && { kubeletIdentity: kubelet }),
      rolePropagation: {
        roles: plan.roles,
        principals: {
          ...(controlPlane && { controlPlane: controlPlane.principalId }),
          ...(kubelet && { kubelet: kubelet.principalId }),
        },
        timeoutMinutes,
      },
    };
  };
}

/** Guide, step 1. */
function applyNetwork({ virtualNetwork: network, subnets }: InfrastructurePlan, marks: Marks, step: Step): void {
  if (!network) return;
  const { id } = network;
  const own = network.subnets.map(({ name }) => name);
  step('virtualNetwork', {
    act: () => azure.operating('Create virtual network').createVirtualNetwork(network),
    undo: () => azure.undoing('Delete virtual network').deleteVirtualNetwork({ id, marks, subnets: own, ofThisRun }),
    waitsFor,
  });
  for (const { before, ...subnet } of subnets) {
    const { name } = subnet;
    const properties = propertiesOf(subnet);
    // A policy may put something on each subnet that is made. Attachments that come later are other people's.
    let attachments: string[] = subnet.delegation === undefined ? [] : [subnet.delegation.toLowerCase()];
    step(subnetStepId(subnet, network.subnets), {
      async act(begun) {
        if (before) return azure.operating(`Update subnet ${name}`).updateSubnet({ id: subnet.id, properties });
        const made = await azure.operating(`Create subnet ${name}`).createSubnet(subnet, begun);
        attachments = made.attachments ?? attachments;
        return made;
      },
      undo: (): Promise<unknown> =>
        before
          ? azure.undoing(`Put subnet ${name} back`).updateSubnet({ id: subnet.id, properties: before }, properties)
          : azure.undoing(`Delete subnet ${name}`).deleteSubnet(subnet.id, subnet, marks, attachments),
      waitsFor,
    });
  }
}

/** Guide, step 5. */
function applyIdentities(plan: InfrastructurePlan, marks: Marks, step: Step): Identities {
  const creations: { [H in RoleHolder]?: StepHandle<IdentityFacts & { adopted?: true }> } = {};
  for (const holder of roleHolders) {
    const identity = plan.identities[holder];
    if (!identity) continue;
    const title = holderTitles[holder];
    creations[holder] = step(`identity:${holder}`, {
      act: () => azure.writing(`Create ${title}`).createIdentity(identity),
      undo: () => azure.writing(`Delete ${title}`).deleteIdentity({ id: identity.id, marks, ofThisRun }),
      waitsFor,
    });
  }
  return async (holder) => {
    const made = await creations[holder]?.result;
    if (!made) return plan.found.identities[holder];
    return made.adopted ? made : { ...made, isNew: true };
  };
}

/** Guide, steps 2 and 3. Returns a look-up of the endpoint, whose addresses Azure knows only once it is made. */
function applyRegistry(plan: InfrastructurePlan, marks: Marks, step: Step) {
  const { registry: planned, cacheRule, privateEndpoint } = plan;
  let endpoint: StepHandle<PrivateEndpointFacts> | undefined;
  if (planned && cacheRule && privateEndpoint) {
    const { before, ...registry } = planned;
    const { id, publicNetworkAccess, anonymousPullEnabled } = registry;
    step('registry', {
      act: (): Promise<unknown> =>
        before
          ? azure.operating('Update registry').updateRegistry({ id, publicNetworkAccess, anonymousPullEnabled })
          : azure.operating('Create registry').createRegistry(registry),
      undo: () =>
        before
          ? azure
              .undoing('Put registry back')
              .updateRegistry({ id, ...before }, { publicNetworkAccess, anonymousPullEnabled })
          : azure.undoing('Delete registry').deleteRegistry({ id, marks, ofThisRun }),
      waitsFor,
    });
    step('cacheRule', {
      act: (begun) => azure.operating('Create cache rule').createCacheRule(cacheRule, begun),
      undo: () => azure.undoing('Delete cache rule').deleteCacheRule(cacheRule.id, cacheRule, marks),
      waitsFor,
    });
    endpoint = step('privateEndpoint', {
      act: () => azure.operating('Create private endpoint').createPrivateEndpoint(privateEndpoint),
      undo: () =>
        azure.undoing('Delete private endpoint').deletePrivateEndpoint({ id: privateEndpoint.id, marks, ofThisRun }),
      waitsFor: 'Azure, about a minute',
    });
  }
  return async (): Promise<PrivateEndpointFacts | undefined> => (await endpoint?.result) ?? plan.found.privateEndpoint;
}

/** Guide, step 4. */
function applyPrivateDns(
  { privateDnsZone: zone, zoneLink, records }: InfrastructurePlan,
  marks: Marks,
  endpoint: () => Promise<PrivateEndpointFacts | undefined>,
  step: Step,
): void {
  if (!zone || !zoneLink) return;
  step('privateDnsZone', {
    act: () => azure.operating('Create private DNS zone').createPrivateDnsZone(zone),
    undo: () => azure.undoing('Delete private DNS zone').deletePrivateDnsZone({ id: zone.id, marks, ofThisRun }),
    waitsFor,
  });
  if (!zoneLink.later) applyZoneLink(zoneLink, marks, step);
  for (const { id, name, before } of records) {
    let written: string[] | undefined;
    step(`record:${name}`, {
      act: async () => {
        const facts = await endpoint();
        const addresses = facts ? addressesForRecord(facts, name) : [];
        written = addresses;
        if (before) return azure.writing(`Update record ${name}`).updateRecord({ id, addresses });
        return azure.writing(`Create record ${name}`).createRecord({ id, addresses, metadata: marks });
      },
      undo: () =>
        before
          ? azure.writing(`Put record ${name} back`).updateRecord({ id, addresses: before }, written)
          : azure.writing(`Delete record ${name}`).deleteRecord({ id, marks, ofThisRun }, written),
      waitsFor,
    });
  }
}

export function applyZoneLink(link: ZoneLinkSpecification, marks: Marks, step: Step): void {
  step('zoneLink', {
    act: () => azure.operating('Link zone to network').createZoneLink(link),
    undo: () => azure.undoing('Delete link of zone').deleteZoneLink({ id: link.id, marks, ofThisRun }),
    waitsFor,
  });
}

/** Guide, steps 5 and 6. */
function applyRoles({ roles }: InfrastructurePlan, marks: Marks, identities: Identities, step: Step): void {
  for (const specification of roles) {
    const { role, scope, holder } = specification;
    const title = `${builtInRoles[role].name} on ${resourceReference(scope).name}`;
    const assignment = async () => {
      const { principalId = '', id: identityId, isNew: isNewPrincipal } = (await identities(holder)) ?? {};
      return {
        role,
        scope,
        principalId,
        marks,
        ...(identityId !== undefined && { identityId }),
        ...(isNewPrincipal && { isNewPrincipal }),
      };
    };
    step(roleStepId(specification), {
      act: async () => azure.writing(`Assign ${title}`).assignRole(await assignment()),
      idOf: (id) => id,
      undo: async () => azure.writing(`Take ${title} away`).unassignRole(await assignment()),
      waitsFor,
    });
  }
}

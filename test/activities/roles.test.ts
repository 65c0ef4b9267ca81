import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RoleAssignment } from '../../activities/roleAssignments.ts';
import type { ReadBack } from '../../resources/discovery.ts';
import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import { builtInRoles } from '../../resources/roles.ts';
import type { FaultRule } from '../../simulator/index.ts';
import type { StoredResource } from '../support/arm.ts';
import { assign, type OwnRegistryIds, ownRegistryIds, prepareOwnRegistry, roles } from '../support/ownRegistry.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  attemptAfter,
  marks,
  nothingElse,
  runId,
  specification,
  startAzure,
  subscriptionId,
  workflowId,
} from './support.ts';

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
  await azure.reset({ roleDelaySeconds: 0 });
});
afterAll(() => azure.close());

const nobody = 'ffffffff-0000-0000-0000-000000000000';
const another = { ...marks, 'aks-isolation-workflow': 'another' };

/** A registry, and the principal of an identity. */
async function principalOf(name: string): Promise<{ scope: string; principalId: string; ids: OwnRegistryIds }> {
  const ids = ownRegistryIds(name);
  await azure.put(ids.group, { location: 'westeurope' });
  await azure.put(ids.registry, { location: 'westeurope', sku: { name: 'Premium' } });
  const identity = await azure.put(ids.kubelet, { location: 'westeurope' });
  return { scope: ids.registry, principalId: String(identity.at('properties.principalId')), ids };
}

/** All assignments of a principal, by name. */
async function assignmentsOf(principalId: string): Promise<StoredResource[]> {
  const all = Object.values(await azure.state()).filter(({ type }) => /roleAssignments$/i.test(type));
  return all.filter(({ properties }) => (properties as { principalId?: string }).principalId === principalId);
}
const assigned = (assignment: RoleAssignment, by = marks) =>
  attempt().run(azure.activities.assignRole, { ...assignment, marks: by });
const unassigned = (assignment: RoleAssignment, by = marks) =>
  attempt().run(azure.activities.unassignRole, { ...assignment, marks: by });

describe('assigning a role', () => {
  it.concurrent('is one request that says what kind of principal it is, and whose the assignment is', async () => {
    const { scope, principalId } = await principalOf('assigned');
    await assigned({ scope, role: 'acrPull', principalId });
    const requests = (await azure.recorded()).filter(
      ({ method, url }) => method === 'PUT' && url.includes(`${scope}/pro`),
    );
    expect(requests).toMatchObject([
      {
        status: 201,
        body: {
          properties: {
            principalId,
            principalType: 'ServicePrincipal',
            roleDefinitionId: expect.stringMatching(
              new RegExp(`^/subscriptions/${subscriptionId}/.*${roles.acrPull}$`),
            ),
            description: expect.stringContaining(`aks-isolation-workflow=${workflowId} aks-isolation-run=${runId}`),
          },
        },
      },
    ]);
  });

  it.concurrent('twice is once: the same trio has the same name, whatever its case', async () => {
    const { scope, principalId } = await principalOf('twice');
    await assigned({ scope, role: 'acrPull', principalId });
    await assigned({ scope: scope.toUpperCase(), role: 'acrPull', principalId: principalId.toUpperCase() });
    expect(await assignmentsOf(principalId)).toHaveLength(1);
    const names = (await azure.recorded())
      .filter(
        ({ method, url }) =>
          method === 'PUT' && /roleAssignments/i.test(url) && url.toLowerCase().includes('/rg-twice/'),
      )
      .map(({ url, status }) => `${new URL(url).pathname.split('/').at(-1)} ${status}`);
    expect(names).toEqual([expect.stringMatching(/ 201$/)]);
  });

  it.concurrent('of another trio has another name', async () => {
    const { scope, principalId, ids } = await principalOf('trios');
    const other = await azure.put(ids.controlPlane, { location: 'westeurope' });
    const otherId = String(other.at('properties.principalId'));
    const trio = { scope, role: 'acrPull', principalId } as const;
    await assigned(trio);
    await assigned({ ...trio, role: 'networkContributor' });
    await assigned({ ...trio, scope: ids.group });
    await assigned({ ...trio, principalId: otherId });
    const all = [...(await assignmentsOf(principalId)), ...(await assignmentsOf(otherId))];
    expect(new Set(all.map(({ id }) => id.split('/').at(-1))).size).toBe(4);
  });

  it.concurrent('that another cluster gives at the same moment stays that of the first', async () => {
    const { scope, principalId } = await principalOf('two-clusters');
    // Neither of them has seen the other's: both send.
    const trio = { scope, role: 'acrPull', principalId, isNewPrincipal: true } as const;
    const gives = (by: typeof marks) => attempt().run(azure.activities.assignRole, { ...trio, marks: by });
    const id = await gives(marks);
    expect(await gives(another)).toBeUndefined();
    expect(await assignmentsOf(principalId)).toMatchObject([
      { id, properties: { description: expect.stringContaining(`aks-isolation-workflow=${workflowId} `) } },
    ]);
  });

  it.concurrent('that somebody else has assigned is success, and stays theirs', async () => {
    const { scope, principalId } = await principalOf('granted');
    await assign(azure, scope, 'acrPull', principalId);
    const before = await assignmentsOf(principalId);
    await assigned({ scope, role: 'acrPull', principalId });
    await unassigned({ scope, role: 'acrPull', principalId });
    expect(before).toHaveLength(1);
    expect(await assignmentsOf(principalId)).toEqual(before);
  });

  it.concurrent('takes effect once where the answer was lost', async () => {
    const { scope, principalId } = await principalOf('lost-role');
    await azure.fault({ method: 'PUT', path: `${scope}/providers/Microsoft.Authorization/`, drop: 'after' });
    const trio = { scope, role: 'acrPull', principalId } as const;
    expect(await activityFailure(assigned(trio))).toMatchObject({ type: 'Unreachable', nonRetryable: false });
    await attempt(2).run(azure.activities.assignRole, { ...trio, marks });
    expect(await assignmentsOf(principalId)).toHaveLength(1);
  });

  it.concurrent.each<[code: string, status: number]>([
    ['AuthorizationFailed', 403],
    ['ScopeLocked', 409],
  ])('fails for good with %s', async (code, status) => {
    const { scope, principalId } = await principalOf(`refused-${code.toLowerCase().slice(0, 5)}`);
    const fault: FaultRule = {
      method: 'PUT',
      path: `${scope}/providers/Microsoft.Authorization/`,
      answer: { status, code, message: 'No.' },
    };
    await azure.fault(fault);
    expect(await activityFailure(assigned({ scope, role: 'acrPull', principalId }))).toMatchObject({
      type: code,
      nonRetryable: true,
      details: { resourceId: expect.stringMatching(/roleAssignments\/[-0-9a-f]{36}$/), whatToDo: expect.any(String) },
    });
  });
});

describe('taking roles away', () => {
  it.concurrent('removes what this run assigned, and is silent once it is gone', async () => {
    const { scope, principalId } = await principalOf('unassigned');
    const trio = { scope, role: 'acrPull', principalId } as const;
    await assigned(trio);
    await unassigned(trio);
    expect(await assignmentsOf(principalId)).toEqual([]);
    await unassigned(trio);
    const deletions = (await azure.sent('rg-unassigned/')).filter((write) => write.startsWith('DELETE'));
    // The second is for an assignment that no read shows yet: its name is this cluster's alone.
    expect(deletions).toEqual(['DELETE 200', 'DELETE 204']);
  });

  it.concurrent('is not sent again by the successor of a worker that died after it', async () => {
    const { scope, principalId } = await principalOf('died-after');
    const trio = { scope, role: 'acrPull', principalId } as const;
    await assigned(trio);
    await unassigned(trio);
    await attempt(2).run(azure.activities.unassignRole, { ...trio, marks });
    const deletions = (await azure.sent('rg-died-after/')).filter((write) => write.startsWith('DELETE'));
    expect(deletions).toEqual(['DELETE 200']);
  });

  it.concurrent('assigns and removes though reads do not show it yet', async () => {
    const { scope, principalId } = await principalOf('unseen');
    const trio = { scope, role: 'acrPull', principalId } as const;
    const answer = { status: 404, code: 'RoleAssignmentNotFound', message: 'not found' };
    const unseen = { method: 'GET', path: 'rg-unseen/.*/roleAssignments/[^/]+$', answer } as const;
    await azure.fault(unseen);
    await assigned(trio);
    expect(await assignmentsOf(principalId)).toHaveLength(1);
    await azure.fault(unseen);
    await unassigned(trio);
    expect(await assignmentsOf(principalId)).toEqual([]);
  });

  it.concurrent('leaves what carries other marks, though the name is the same', async () => {
    const { scope, principalId } = await principalOf('marks');
    const trio = { scope, role: 'acrPull', principalId } as const;
    await assigned(trio);
    await unassigned(trio, { ...marks, 'aks-isolation-run': 'another' });
    expect(await assignmentsOf(principalId)).toHaveLength(1);
  });

  it.concurrent('of a principal removes all of one workflow, wherever they are, and nothing else', async () => {
    const { scope, principalId, ids } = await principalOf('all-roles');
    await assigned({ scope, role: 'acrPull', principalId });
    await assigned({ scope: ids.group, role: 'acrPull', principalId }, { ...marks, 'aks-isolation-run': 'earlier' });
    await assigned({ scope, role: 'networkContributor', principalId }, another);
    await assign(azure, ids.kubelet, 'managedIdentityOperator', principalId);
    const workflow = { 'aks-isolation-workflow': workflowId };
    const request = { subscriptionId, principalId, marks: workflow };
    await attempt().run(azure.activities.unassignRolesOf, { ...request, principalId: nobody });
    expect(await assignmentsOf(principalId)).toHaveLength(4);
    await attempt().run(azure.activities.unassignRolesOf, request);
    const left = (await assignmentsOf(principalId)).map(({ properties }) => properties as { roleDefinitionId: string });
    expect(left.map(({ roleDefinitionId }) => roleDefinitionId.split('/').at(-1)).sort()).toEqual(
      [roles.networkContributor, roles.managedIdentityOperator].sort(),
    );
    await attempt().run(azure.activities.unassignRolesOf, request);
  });
});

describe('a role that has not taken effect', () => {
  const minutes = 15;

  /** A cluster for which all but the roles is prepared, and how it is created. */
  async function cluster(name: string) {
    const ids = await prepareOwnRegistry(azure, name);
    const read = async (id: string) => {
      const { principalId = '', clientId = '' } = (await azure.get(id)).at('properties') as Record<string, string>;
      return { id, principalId, clientId, marks: {} };
    };
    const [controlPlane, kubelet] = [await read(ids.controlPlane), await read(ids.kubelet)];
    const wanted = specification(name, {
      identity: { type: 'UserAssigned', resourceId: ids.controlPlane },
      containerRegistryId: ids.registry,
      vnetSubnetId: ids.nodeSubnet,
      kubeletIdentityId: ids.kubelet,
    });
    const known = {
      kubeletIdentity: kubelet,
      rolePropagation: {
        roles: [
          { role: 'networkContributor' as const, scope: ids.nodeSubnet, holder: 'controlPlane' as const },
          { role: 'managedIdentityOperator' as const, scope: ids.kubelet, holder: 'controlPlane' as const },
          { role: 'acrPull' as const, scope: ids.registry, holder: 'kubelet' as const },
        ],
        principals: { controlPlane: controlPlane.principalId, kubelet: kubelet.principalId },
        timeoutMinutes: minutes,
      },
    };
    const create = (waitedMs: number, number = 1, prerequisites: Partial<typeof known> = known) =>
      attemptAfter(waitedMs, number).run(azure.activities.createOrUpdateCluster, wanted, prerequisites);
    const fault = (rule: Partial<FaultRule>) => azure.fault({ method: 'PUT', path: `${ids.cluster}$`, ...rule });
    return { ids, create, fault, controlPlane };
  }
  type Prepared = Awaited<ReturnType<typeof cluster>>;
  const failing = (code: string, message: string): Partial<FaultRule> => ({
    operation: { status: 'Failed', code, message, afterSeconds: 1 },
  });
  const refusing = (status: number, code: string, message: string): Partial<FaultRule> => ({
    answer: { status, code, message, wrapped: false },
  });

  const late: [
    what: string,
    name: string,
    type: string,
    fault: (p: Prepared) => Partial<FaultRule>,
    role: string,
    scope: 'kubelet' | 'nodeSubnet' | 'registry',
  ][] = [
    [
      'AKS refuses the request for want of the operator role',
      'operator',
      'CustomKubeletIdentityMissingPermissionError',
      () => refusing(400, 'CustomKubeletIdentityMissingPermissionError', 'must be given permission'),
      'Managed Identity Operator',
      'kubelet',
    ],
    [
      'the control plane may not join the subnet',
      'join',
      'LinkedAuthorizationFailed',
      ({ controlPlane, ids }) =>
        failing('LinkedAuthorizationFailed', `object id '${controlPlane.principalId}' … '${ids.nodeSubnet}'`),
      'Network Contributor',
      'nodeSubnet',
    ],
    [
      'a request is refused that names the control plane',
      'named',
      'AuthorizationFailed',
      ({ controlPlane, ids }) =>
        refusing(
          403,
          'AuthorizationFailed',
          `The client '${controlPlane.principalId}' … '${ids.nodeSubnet.toUpperCase()}'`,
        ),
      'Network Contributor',
      'nodeSubnet',
    ],
    [
      'nodes may not pull',
      'pull',
      'VMExtensionProvisioningError',
      () => failing('VMExtensionProvisioningError', 'command terminated with exit status=212: not authorized'),
      'AcrPull',
      'registry',
    ],
  ];

  it.concurrent.each(late)(
    'is waited for where %s, and the cluster is then created',
    async (_what, name, type, fault) => {
      const prepared = await cluster(`late-${name}`);
      await prepared.fault(fault(prepared));
      const failure = await activityFailure(prepared.create(60_000));
      // A tenth of the time waited so far.
      expect(failure).toMatchObject({ type, nonRetryable: false, nextRetryDelay: expect.any(Number) });
      expect(failure.nextRetryDelay).toBeGreaterThanOrEqual(6000);
      expect(failure.nextRetryDelay).toBeLessThan(12_000);
      await expect(prepared.create(66_000, 2)).resolves.toMatchObject({ provisioningState: 'Succeeded' });
    },
  );

  it.concurrent.each(late)('within the bound is named where %s', async (_what, name, type, fault, role, scope) => {
    const prepared = await cluster(`never-${name}`);
    await prepared.fault(fault(prepared));
    const failure = await activityFailure(prepared.create(minutes * 60_000 + 1));
    expect(failure).toMatchObject({
      type,
      nonRetryable: true,
      details: { whatToDo: expect.stringContaining('rolePropagationTimeoutMinutes') },
    });
    expect(failure.message).toMatch(
      new RegExp(`^${role} on ${prepared.ids[scope]} did not take effect within 15 min: .`),
    );
  });

  it.concurrent('is asked for after a quarter of a second at first, and after half a minute at last', async () => {
    const prepared = await cluster('delays');
    const message = 'exit status=212';
    const delayAfter = async (waitedMs: number) => {
      await prepared.fault({ answer: { status: 400, code: 'VMExtensionProvisioningError', message } });
      return (await activityFailure(prepared.create(waitedMs))).nextRetryDelay;
    };
    expect(await delayAfter(0)).toBe(250);
    expect(await delayAfter(10 * 60_000)).toBe(30_000);
  });

  it.concurrent.each<[what: string, name: string, fault: Partial<FaultRule>]>([
    [
      "the worker's own permission",
      'own',
      refusing(403, 'AuthorizationFailed', `The client '${nobody}' does not have authorization`),
    ],
    [
      "the worker's own permission on what the cluster names",
      'linked',
      refusing(403, 'LinkedAuthorizationFailed', `The client '${nobody}' … subnets/join/action`),
    ],
    ['a registry that nodes cannot reach', 'unreachable', failing('VMExtensionProvisioningError', 'exit status=211')],
    ['another exit status that begins alike', 'alike', failing('VMExtensionProvisioningError', 'exit status=2120')],
    ['quota', 'quota', failing('QuotaExceeded', 'No.')],
  ])('is not what is missing: %s', async (_what, name, fault) => {
    const prepared = await cluster(`other-${name}`);
    await prepared.fault(fault);
    const failure = await activityFailure(prepared.create(0));
    expect(failure).toMatchObject({ nonRetryable: true });
    expect(failure.message).not.toContain('did not take effect');
  });

  it.concurrent('is nobody’s where the run has assigned none', async () => {
    const prepared = await cluster('none');
    await prepared.fault(refusing(400, 'CustomKubeletIdentityMissingPermissionError', 'No.'));
    expect(await activityFailure(prepared.create(0, 1, {}))).toMatchObject({ nonRetryable: true });
  });

  it.concurrent('is not the reason where Azure is busy, which passes as ever', async () => {
    const prepared = await cluster('busy');
    await prepared.fault(refusing(429, 'TooManyRequests', 'Later.'));
    expect(await activityFailure(prepared.create(minutes * 60_000 + 1))).toMatchObject({
      type: 'TooManyRequests',
      nonRetryable: false,
    });
  });
});

describe('a role with a condition', () => {
  it('is told apart from one that is held', async () => {
    const { scope, principalId, ids } = await principalOf('conditional');
    const condition = "((!(ActionMatches{'Microsoft.ContainerRegistry/registries/pull/read'})))";
    const name = '00000000-0000-0000-0000-00000000c0de';
    await azure.put(`${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`, {
      properties: {
        principalId,
        principalType: 'ServicePrincipal',
        roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${builtInRoles.acrPull.id}`,
        condition,
        conditionVersion: '2.0',
      },
    });
    const request: InfrastructureRequest = {
      ...nothingElse,
      registryId: scope,
      identityIds: { kubelet: ids.kubelet },
      roleScopes: [{ scope, holder: 'kubelet' }],
    };
    const { infrastructure }: ReadBack = await attempt().run(azure.activities.readBack, {
      cluster: { subscriptionId, resourceGroup: 'rg-conditional', name: 'none' },
      infrastructure: request,
    });
    const key = `kubelet ${scope.toLowerCase()}`;
    expect(infrastructure.roles[key]).toEqual([]);
    expect(infrastructure.conditions?.[key]).toEqual({ [builtInRoles.acrPull.id]: condition });
  });
});

import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type OwnRegistryIds,
  onOwnRegistry,
  type Preparation,
  prepareOwnRegistry,
  roles,
} from '../../support/ownRegistry.ts';
import { all, group, refused, type Started, start, subscription, versioned, wireCluster } from '../support.ts';

const sub = `/subscriptions/${subscription}`;
const roleId = (role: string) => `${sub}/providers/Microsoft.Authorization/roleDefinitions/${role}`;

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.send('POST', '/simulator/reset', { roleDelaySeconds: 0 });
});
afterAll(() => azure.simulator.close());

const principalOf = async (identity: string) => String((await azure.get(identity)).at('properties.principalId'));

async function assign(scope: string, role: string, principalId: string, more: Record<string, unknown> = {}) {
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
  const properties = { roleDefinitionId: roleId(role), principalId, principalType: 'ServicePrincipal', ...more };
  const { status } = await azure.send('PUT', versioned(id), { properties });
  expect(status).toBe(201);
}

/** The end of a cluster's creation on what was prepared: `Succeeded`, or the message of its failure. */
async function outcome(prepared: OwnRegistryIds): Promise<string> {
  const { properties, identity } = onOwnRegistry(prepared);
  const answer = await azure.send('PUT', versioned(prepared.cluster), wireCluster(properties, { identity }));
  if (answer.status >= 300) return String(answer.at('code'));
  const end = await azure.answerAtEnd(answer);
  return String(end.at('error.message') ?? end.at('status'));
}

/** All prerequisites of a cluster with its own registry but some, for which `instead` gives others. */
async function withOther(name: string, without: Preparation, instead: (ids: OwnRegistryIds) => Promise<void>) {
  const prepared = await prepareOwnRegistry(azure, name, [without]);
  await instead(prepared);
  return outcome(prepared);
}

const contributor = roles.contributor;
const repositoryReader = 'b93aa761-3e63-49ed-ac28-beffa264f7ac';
const onRepositories = (name: string) =>
  `((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWithIgnoreCase '${name}'))`;
const abac = { properties: { roleAssignmentMode: 'AbacRepositoryPermissions' } };

describe('a role has its effect', () => {
  test.each<[string, Preparation, (ids: OwnRegistryIds) => Promise<void>]>([
    [
      'where it is inherited from the group',
      'acrPull',
      async ({ group: above, kubelet }) => assign(above, roles.acrPull, await principalOf(kubelet)),
    ],
    [
      'where it is a wider one, inherited from the subscription',
      'networkContributor',
      async ({ controlPlane }) => assign(sub, contributor, await principalOf(controlPlane)),
    ],
    [
      'where it is a custom one with the action',
      'networkContributor',
      async ({ nodeSubnet, controlPlane }) => {
        const role = crypto.randomUUID();
        const permissions = [{ actions: ['Microsoft.Network/virtualNetworks/subnets/*'] }];
        const properties = { roleName: 'Joins subnets', permissions, assignableScopes: [sub] };
        expect((await azure.send('PUT', versioned(roleId(role)), { properties })).status).toBe(201);
        await assign(nodeSubnet, role, await principalOf(controlPlane));
      },
    ],
    [
      'in a registry by repository, under a condition that holds',
      'acrPull',
      async ({ registry, kubelet }) => {
        await azure.put(registry, abac, 'PATCH');
        const condition = onRepositories('aks-managed-repository/');
        await assign(registry, repositoryReader, await principalOf(kubelet), { condition, conditionVersion: '2.0' });
      },
    ],
  ])('%s', async (what, without, instead) => {
    expect(await withOther(`has-${what.length}`, without, instead)).toBe('Succeeded');
  });
});

describe('a role is there and has no effect', () => {
  const late = /exit status=212/;
  test.each<[string, Preparation, (ids: OwnRegistryIds) => Promise<void>, RegExp]>([
    [
      'in a registry by repository, under a condition for others',
      'acrPull',
      async ({ registry, kubelet }) => {
        await azure.put(registry, abac, 'PATCH');
        const condition = onRepositories('team-a/');
        await assign(registry, repositoryReader, await principalOf(kubelet), { condition, conditionVersion: '2.0' });
      },
      late,
    ],
    [
      'in a registry by repository, where it has only actions: AcrPull and Contributor',
      'acrPull',
      async ({ registry, kubelet }) => {
        await azure.put(registry, abac, 'PATCH');
        for (const role of [roles.acrPull, contributor]) await assign(registry, role, await principalOf(kubelet));
      },
      late,
    ],
    [
      'under a condition that cannot be read',
      'acrPull',
      async ({ registry, kubelet }) =>
        assign(registry, roles.acrPull, await principalOf(kubelet), { condition: 'whenever', conditionVersion: '2.0' }),
      late,
    ],
    [
      'below the scope',
      'networkContributor',
      async ({ registrySubnet, controlPlane }) =>
        assign(registrySubnet, roles.networkContributor, await principalOf(controlPlane)),
      /LinkedAuthorizationFailed/,
    ],
    [
      'in a registry that refuses tokens for Azure Resource Manager',
      'acrPull',
      async ({ registry, kubelet }) => {
        const policies = { azureADAuthenticationAsArmPolicy: { status: 'disabled' } };
        await azure.put(registry, { properties: { policies } }, 'PATCH');
        await assign(registry, roles.acrPull, await principalOf(kubelet));
      },
      late,
    ],
  ])('%s', async (what, without, instead, message) => {
    expect(await withOther(`not-${what.length}`, without, instead)).toMatch(message);
  });
});

test('custom roles are found beside the built-in ones, changed and deleted', async () => {
  const client = new AuthorizationManagementClient(azure.credential, subscription, {
    ...azure.client,
    $host: azure.simulator.endpoint,
  });
  const role = crypto.randomUUID();
  const named = () => all(client.roleDefinitions.list(sub, { filter: "roleName eq 'Mine'" }));
  // Roles with thousands of actions are found in large tenants.
  const actions = Array.from({ length: 40_000 }, (_, index) => `Microsoft.Network/virtualNetworks/action${index}`);
  const body = { properties: { roleName: 'Mine', permissions: [{ actions }], assignableScopes: [sub] } };
  expect((await azure.send('PUT', versioned(roleId(role)), body)).status).toBe(201);
  expect((await azure.send('PUT', versioned(roleId(role)), body)).status).toBe(200);
  expect(await named()).toMatchObject([{ name: role, roleType: 'CustomRole' }]);
  expect((await named())[0]?.permissions?.[0]?.actions).toHaveLength(40_000);
  expect(await azure.send('PUT', versioned(roleId(roles.acrPull)), body)).toMatchObject(
    refused(400, 'RoleDefinitionCannotBeUpdated'),
  );
  expect((await azure.send('DELETE', versioned(roleId(role)))).status).toBe(200);
  expect(await named()).toEqual([]);
});

test('nobody makes deny assignments by hand', async () => {
  const id = `${group('any')}/providers/Microsoft.Authorization/denyAssignments/${crypto.randomUUID()}`;
  await azure.put(group('any'), { location: 'westeurope' });
  expect((await azure.send('PUT', versioned(id), { properties: {} })).status).toBe(405);
  expect(await azure.send('GET', versioned(id))).toMatchObject(refused(404, 'DenyAssignmentNotFound'));
});

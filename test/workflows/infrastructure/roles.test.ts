import { describe, expect, it } from '@jest/globals';
import type { InfrastructureFacts } from '../../../resources/infrastructure.ts';
import { type BuiltInRole, builtInRoles, type RoleHolder } from '../../../resources/roles.ts';
import { stepOf } from '../support.ts';
import { everythingThere, ids, planOwnRegistry, registryName, registryThere, there } from './support.ts';

const apiServer = { apiServerAccess: 'vnetIntegration' };

describe('a role', () => {
  const { owner, contributor, networkContributor, managedIdentityOperator, acrPull } = builtInRoles;
  const reader = builtInRoles.containerRegistryRepositoryReader;
  type Held = { readonly id: string; readonly name: string };
  const where: [holder: RoleHolder, scope: string, step: string, wanted: BuiltInRole, own: Held][] = [
    ['controlPlane', ids.nodeSubnet, 'aks-subnet', 'networkContributor', networkContributor],
    ['controlPlane', ids.kubelet, 'cluster-kubelet', 'managedIdentityOperator', managedIdentityOperator],
    ['kubelet', ids.registry, registryName, 'acrPull', acrPull],
  ];
  const holding = (holder: RoleHolder, scope: string, ...held: Held[]): Partial<InfrastructureFacts> => ({
    roles: { ...everythingThere.roles, [`${holder} ${scope.toLowerCase()}`]: held.map(({ id }) => id) },
  });

  it.each(
    where.flatMap(([holder, scope, name, wanted, own]) =>
      [own, contributor, owner].map((held) => [wanted, name, held.name, holder, scope, held] as const),
    ),
  )('%s on %s is not needed beside %s', (wanted, name, _held, holder, scope, held) => {
    const plan = planOwnRegistry({}, {}, there(holding(holder, scope, held)));
    expect(stepOf(plan, `role:${wanted}:${name}`)).toMatchObject({ action: 'none', reason: `${held.name} is held` });
  });

  it.each(where)('of the %s on %s is assigned where another one is held', (holder, scope, name, wanted, own) => {
    const other = own === acrPull ? networkContributor : acrPull;
    const plan = planOwnRegistry({}, {}, there(holding(holder, scope, other)));
    expect(stepOf(plan, `role:${wanted}:${name}`)).toMatchObject({ action: 'create', reason: 'not held' });
  });

  it('on a registry with repository permissions is Container Registry Repository Reader, which no other includes', () => {
    const registry = registryThere({ roleAssignmentMode: 'AbacRepositoryPermissions' });
    const id = `role:containerRegistryRepositoryReader:${registryName}` as const;
    const seen = (...held: Held[]) => there({ registry, ...holding('kubelet', ids.registry, ...held) });
    expect(stepOf(planOwnRegistry({}, {}, seen(acrPull, contributor, owner)), id)).toMatchObject({
      action: 'create',
      title: `Container Registry Repository Reader on ${registryName} for the kubelet identity`,
    });
    expect(stepOf(planOwnRegistry({}, {}, seen(reader)), id)).toMatchObject({ action: 'none' });
  });

  it('is needed on the subnet of the API server too', () => {
    expect(planOwnRegistry({}, apiServer).infrastructure.roles.map(({ role, scope }) => [role, scope])).toEqual([
      ['networkContributor', ids.nodeSubnet],
      ['networkContributor', ids.apiServerSubnet],
      ['managedIdentityOperator', ids.kubelet],
      ['acrPull', ids.registry],
    ]);
  });
});

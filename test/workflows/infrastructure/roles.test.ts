import { describe, expect, it } from '@jest/globals';
import type { InfrastructureFacts } from '../../../resources/infrastructure.ts';
import { type BuiltInRole, builtInRoles, type RoleHolder } from '../../../resources/roles.ts';
import { inNetwork, ordinary, planIsolate, registryId, seen } from '../existingCluster/support.ts';
import { nothingThere, problemTexts, stepOf } from '../support.ts';
import { derivedRegistry, everythingThere, ids, planOwnRegistry, registryThere, there } from './support.ts';

const apiServer = { apiServerAccess: 'vnetIntegration' };

describe('a role', () => {
  const { owner, contributor, networkContributor, managedIdentityOperator, acrPull } = builtInRoles;
  const reader = builtInRoles.containerRegistryRepositoryReader;
  type Held = { readonly id: string; readonly name: string };
  const where: [holder: RoleHolder, scope: string, step: string, wanted: BuiltInRole, own: Held][] = [
    ['controlPlane', ids.nodeSubnet, 'aks-subnet', 'networkContributor', networkContributor],
    ['controlPlane', ids.kubelet, 'cluster-kubelet', 'managedIdentityOperator', managedIdentityOperator],
    ['kubelet', ids.registry, derivedRegistry, 'acrPull', acrPull],
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
    const id = `role:containerRegistryRepositoryReader:${derivedRegistry}` as const;
    const seen = (...held: Held[]) => there({ registry, ...holding('kubelet', ids.registry, ...held) });
    expect(stepOf(planOwnRegistry({}, {}, seen(acrPull, contributor, owner)), id)).toMatchObject({
      action: 'create',
      title: `Container Registry Repository Reader on ${derivedRegistry} for the kubelet identity`,
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

  describe('with a condition', () => {
    const onRegistry = `kubelet ${ids.registry.toLowerCase()}`;
    const anything = "((!(ActionMatches{'Microsoft.ContainerRegistry/registries/pull/read'})))";
    const withConditions = (
      condition: string,
      by = onRegistry,
      role: string = acrPull.id,
    ): Partial<InfrastructureFacts> => ({
      roles: { ...everythingThere.roles, [by]: [] },
      conditions: { [by]: { [role]: condition } },
    });

    it('does not count as held for a new cluster, whose nodes are not there to show its effect', () => {
      const plan = planOwnRegistry({}, {}, there(withConditions(anything)));
      expect(problemTexts(plan)).toContainEqual(expect.stringMatching(/holds AcrPull with a condition, whose effect/));
    });

    it('is no problem where the role is held without one as well', () => {
      const held = { ...withConditions(anything), roles: everythingThere.roles };
      expect(problemTexts(planOwnRegistry({}, {}, there(held)))).toEqual([]);
    });

    it('is left to the pull probe of a cluster that is there', () => {
      const plan = planWith(anything);
      expect(problemTexts(plan)).not.toContainEqual(expect.stringMatching(/condition/));
      expect(stepOf(plan, 'role:acrPull:owned')).toMatchObject({
        action: 'none',
        reason: expect.stringMatching(/the pull probe shows/),
      });
    });

    it('is a problem where it leaves out the repositories that nodes need', () => {
      const paths = "@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith 'team-a/'";
      expect(problemTexts(planWith(paths))).toContainEqual(expect.stringMatching(/leaves out aks-managed-repository/));
      expect(problemTexts(planWith(paths.replace('team-a', 'aks-managed-repository')))).not.toContainEqual(
        expect.stringMatching(/condition/),
      );
    });

    function planWith(condition: string) {
      const registry = registryThere({ id: registryId('owned') });
      const by = `kubelet ${registry.id.toLowerCase()}`;
      const { infrastructure: _none, ...rest } = nothingThere;
      const infrastructure = { ...nothingThere.infrastructure, registry, ...withConditions(condition, by) };
      return planIsolate(seen(inNetwork(ordinary()), { discovered: { ...rest, infrastructure } }), {
        registry: { mode: 'bringYourOwn', containerRegistryId: registry.id },
      });
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Denial } from '../../../resources/allowances.ts';
import { denialProblems, doubtfulDenials } from '../../../workflows/preflight/denials.ts';
import { ordinary, planIsolate, seen } from '../existingCluster/support.ts';
import { ids, planOwnRegistry } from '../infrastructure/support.ts';
import { group, nothingThere, subscription } from '../support.ts';

const join = 'Microsoft.Network/virtualNetworks/subnets/join/action';
const required = [{ resourceId: ids.nodeSubnet, action: join }];
const denying = (more: Partial<Denial> = {}): Denial => ({
  id: `${more.scope ?? group}/providers/Microsoft.Authorization/denyAssignments/d`,
  name: 'stack',
  scope: group,
  permissions: [{ actions: ['*'], notActions: [] }],
  ...more,
});
const but = (...notActions: string[]) => [{ actions: ['*'], notActions }];

describe('a deny assignment', () => {
  it.each<[denied: boolean, what: string, denial: Partial<Denial>]>([
    [true, 'of the group denies everything', {}],
    [true, 'of the subscription does', { scope: subscription }],
    [true, 'in another case does', { scope: group.toUpperCase() }],
    [true, 'denies this action', { permissions: [{ actions: [join.toLowerCase()], notActions: [] }] }],
    [true, 'of the resource alone denies it', { scope: ids.nodeSubnet, onlyAtScope: true }],
    [false, 'denies something else', { permissions: [{ actions: ['*/delete'], notActions: [] }] }],
    [false, 'leaves this action alone', { permissions: but('Microsoft.Network/*') }],
    [false, 'is of another group', { scope: `${group}2` }],
    [false, 'is of something below', { scope: `${ids.nodeSubnet}/x/y` }],
    [false, 'leaves alone what is below its scope', { onlyAtScope: true }],
    [false, 'may be about others', { doubt: 'it names groups' }],
  ])('is a problem: %p, where it %s', (denied, _what, more) => {
    const problems = denialProblems(required, { denials: [denying(more)] });
    expect(problems.map(({ problem }) => problem)).toEqual(
      denied ? [expect.stringMatching(`deny assignment "stack" keeps the worker's identity from ${join}`)] : [],
    );
  });

  it('of which nobody knows whether it is about the worker is told as not checked, where it matters', () => {
    const denials = [
      denying({ doubt: 'it names groups' }),
      denying({ doubt: 'it has a condition', scope: `${group}2` }),
    ];
    expect(doubtfulDenials(required, { denials })).toEqual([
      expect.objectContaining({ at: denials[0]?.id, why: 'it names groups' }),
    ]);
  });

  it('stands in the plan with all other problems, and says what lets a run begin that takes nothing back', () => {
    const denials = [denying({ name: 'keeps', permissions: [{ actions: ['*/delete'], notActions: [] }] })];
    const locks = [{ id: `${group}/providers/Microsoft.Authorization/locks/l`, level: 'ReadOnly' }];
    const plan = (onFailure: 'rollBack' | 'leave') =>
      planOwnRegistry(
        {},
        { onFailure },
        { ...nothingThere, allowances: { ...nothingThere.allowances, denials, locks } },
      );
    expect(plan('rollBack').problems).toEqual([
      {
        where: group,
        problem: expect.stringMatching(
          /"keeps" .* taking back .*: .*Microsoft.ContainerService\/managedClusters\/delete/,
        ),
        whatToDo: expect.stringMatching(/onFailure to leave/),
      },
      expect.objectContaining({ where: locks[0]?.id }),
    ]);
    expect(plan('leave').problems.map(({ where }) => where)).toEqual([locks[0]?.id]);
  });

  it('of lockdown is told once, as lockdown', () => {
    const nodeGroup = `${subscription}/resourceGroups/MC_rg_cluster_westeurope`;
    const { infrastructure, providers, features } = nothingThere;
    const allowances = { ...nothingThere.allowances, denials: [denying({ name: 'lockdown', scope: nodeGroup })] };
    const found = seen(ordinary({ nodeGroupRestriction: 'ReadOnly' }), {
      discovered: { infrastructure, allowances, providers, features },
    });
    const own = { registry: { mode: 'bringYourOwn', name: 'other' } } as const;
    const problems = planIsolate(found, own).problems.filter(({ where }) => where === nodeGroup);
    expect(problems).toEqual([expect.objectContaining({ problem: expect.stringMatching(/lockdown/) })]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { check } from '../../../workflows/engine/check.ts';
import { isStillProven } from '../../../workflows/existingCluster/pullProbe.ts';
import { acting, expectSoundGraph, problemTexts, stepOf } from '../support.ts';
import { bootingFrom, isolated, notAllowed, ordinary, planChange, planIsolate, registryId, seen } from './support.ts';

const source = 'r.azurecr.io/aks-managed-repository';
const unchanged = { imageSource: source, probes: bootingFrom(source) };

describe('the pull probe', () => {
  it('comes after the nodes and before egress is cut', () => {
    const plan = planIsolate(seen(ordinary()));
    expect(stepOf(plan, 'pullProbe').needs).toEqual(['bootstrap', 'reimage:work', 'reimage:system']);
    expect(stepOf(plan, 'outboundType').needs).toContain('pullProbe');
  });

  it('comes before the registry goes that the cluster leaves', () => {
    const mine = registryId('mine');
    const old = { id: mine, endpoints: [], owned: [mine] };
    const facts = seen(isolated({ containerRegistryId: mine }), { old });
    const plan = planChange(facts, { registry: { mode: 'managed' }, oldRegistry: 'delete' });
    expect(stepOf(plan, 'old:registry:mine').needs).toContain('pullProbe');
  });

  it('has nothing to prove where nothing acts, and nothing waits for it', () => {
    const plan = planIsolate(seen(isolated(), unchanged));
    expect(acting(plan)).toEqual([]);
    expectSoundGraph(plan);
  });

  it('proves that the nodes do without egress, though only that is cut', () => {
    const plan = planIsolate(seen(isolated({ outboundType: 'loadBalancer' }), unchanged));
    expect(acting(plan)).toEqual(['pullProbe', 'outboundType']);
  });

  it('is refused where run-command is forbidden, unless the operator does without it', () => {
    const facts = seen(ordinary(), { kubernetes: notAllowed });
    expect(problemTexts(planIsolate(facts))).toEqual([
      expect.stringMatching(/^run-command is not allowed, .*disabled/),
    ]);
    expect(problemTexts(planIsolate(facts, { probes: 'ifAllowed' }))).toEqual([]);
  });

  it('is repeated at the cut where a pool was added, or nodes are to boot from elsewhere since', () => {
    const { agentPoolProfiles } = isolated();
    const probed = agentPoolProfiles.map(({ name }) => check(`boots:${name}`, name, '/pool', source, source));
    expect(isStillProven(probed, { agentPoolProfiles }, source)).toBe(true);
    expect(isStillProven(probed.slice(1), { agentPoolProfiles }, source)).toBe(false);
    expect(isStillProven(probed, { agentPoolProfiles }, 'other.azurecr.io/aks-managed-repository')).toBe(false);
    expect(isStillProven(probed, { agentPoolProfiles }, 'Direct')).toBe(false);
  });

  it('is no problem where run-command is forbidden and nothing is to be proven', () => {
    expect(problemTexts(planIsolate(seen(isolated(), { ...unchanged, kubernetes: notAllowed })))).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { bootingFrom, isolated, ordinary, planDisable, seen } from './existingCluster/support.ts';
import { acting, stepOf } from './support.ts';

describe('disableIsolation', () => {
  it('changes both in one update, and reimages', () => {
    const plan = planDisable(seen(isolated()));
    expect(plan.bootstrap).toEqual({ artifactSource: 'Direct', outboundType: 'loadBalancer' });
    expect(acting(plan)).toEqual(['outboundType', 'bootstrap', 'reimage:work', 'reimage:system']);
  });

  it('changes nothing where images come from Microsoft and egress is as wanted', () => {
    expect(acting(planDisable(seen(ordinary(), { probes: bootingFrom('Direct') })))).toEqual([]);
  });

  it('waits at the gate that is asked for, only where it changes something', () => {
    const approvals: ['openEgress'] = ['openEgress'];
    const plan = planDisable(seen(isolated()), { approvals });
    expect(acting(plan)).toEqual(['approve:openEgress', 'outboundType', 'bootstrap', 'reimage:work', 'reimage:system']);
    expect(stepOf(plan, 'outboundType').needs).toEqual(['approve:openEgress']);
    expect(acting(planDisable(seen(ordinary(), { probes: bootingFrom('Direct') }), { approvals }))).toEqual([]);
  });

  it('updates both where one of them differs: Azure takes them in one request', () => {
    const plan = planDisable(seen(isolated({ outboundType: 'loadBalancer' })));
    expect(acting(plan)).toEqual(['outboundType', 'bootstrap', 'reimage:work', 'reimage:system']);
    expect(stepOf(plan, 'outboundType').reason).toBe('as wanted already');
  });
});

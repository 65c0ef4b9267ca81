import { describe, expect, it } from '@jest/globals';
import type { DisableIsolationInput, IsolateClusterInput } from '../../../contract/index.ts';
import { problemTexts, stepOf } from '../support.ts';
import { inNetwork, isolated, ordinary, planDisable, planIsolate, seen } from './support.ts';

type Opening = NonNullable<DisableIsolationInput['outboundType']>;
type Closing = NonNullable<IsolateClusterInput['outboundType']>;

/** Source: AKS docs egress-outboundtype.md, "Update outboundType after cluster creation". */
describe('the outbound type', () => {
  it.each<[from: string, to: Opening, network: 'managed' | 'own', allowed: boolean]>([
    ['none', 'loadBalancer', 'managed', true],
    ['none', 'managedNATGateway', 'managed', true],
    ['none', 'userAssignedNATGateway', 'managed', false],
    ['none', 'userDefinedRouting', 'managed', false],
    ['block', 'loadBalancer', 'managed', true],
    ['block', 'managedNATGateway', 'managed', true],
    ['None', 'loadBalancer', 'managed', true],
    ['none', 'loadBalancer', 'own', true],
    ['none', 'managedNATGateway', 'own', false],
    ['none', 'userAssignedNATGateway', 'own', true],
    ['none', 'userDefinedRouting', 'own', true],
  ])('goes from %s to %s in a network of kind %s: %p', (from, to, network, allowed) => {
    const found = isolated({ outboundType: from });
    const plan = planDisable(seen(network === 'own' ? inNetwork(found) : found), { outboundType: to });
    const where = network === 'own' ? "one's own network" : 'a network that AKS manages';
    expect(problemTexts(plan)).toEqual(allowed ? [] : [`Azure does not change ${from} to ${to} in ${where}`]);
  });

  it('that stays is no problem, though Azure would not change it', () => {
    const found = ordinary({ outboundType: 'userDefinedRouting' });
    expect(planDisable(seen(found), { outboundType: 'userDefinedRouting' }).problems).toEqual([]);
  });

  it.each<[from: string, to: Closing, back: string | undefined]>([
    ['loadBalancer', 'none', undefined],
    ['managedNATGateway', 'none', undefined],
    ['managedNATGatewayV2', 'none', undefined],
    ['managedNATGatewayV2', 'block', undefined],
    ['managedNATGateway', 'block', undefined],
    ['userDefinedRouting', 'none', 'Azure does not change none back to userDefinedRouting'],
  ])('of %s, after %s, can be put back or not: %s', (from, to, why) => {
    const plan = planIsolate(seen(ordinary({ outboundType: from })), { profile: 'preview', outboundType: to });
    expect(stepOf(plan, 'bootstrap').forwardOnly).toBe(why);
    if (to === 'block') return;
    expect(stepOf(planIsolate(seen(ordinary({ outboundType: from }))), 'outboundType').forwardOnly).toBe(why);
  });

  it('in a network of one’s own goes back to routes of one’s own', () => {
    const plan = planIsolate(seen(inNetwork(ordinary({ outboundType: 'userDefinedRouting' }))));
    expect(stepOf(plan, 'outboundType').forwardOnly).toBeUndefined();
  });

  it('is a step on the cluster, even where there is none', () => {
    expect(stepOf(planIsolate(seen(undefined)), 'outboundType').resourceId).toMatch(/managedClusters\/cluster$/);
  });
});

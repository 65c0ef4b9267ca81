import { describe, expect, it } from '@jest/globals';
import { isolated, ordinary, planChange, registryId, seen } from './existingCluster/support.ts';
import { acting, problemTexts } from './support.ts';

describe('changeRegistry', () => {
  it('is not for a cluster without a registry', () => {
    expect(problemTexts(planChange(seen(ordinary()), { registry: { mode: 'managed' } }))).toContainEqual(
      expect.stringContaining('Microsoft directly'),
    );
  });

  it('goes from one’s own registry to one that AKS manages', () => {
    const plan = planChange(seen(isolated({ containerRegistryId: registryId('mine') })), {
      registry: { mode: 'managed' },
    });
    expect(plan.bootstrap).toEqual({ artifactSource: 'Cache', containerRegistryId: null });
    expect(acting(plan)).toEqual(['bootstrap', 'reimage:work', 'reimage:system', 'pullProbe']);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { StepProgress } from '../../../contract/index.ts';
import { criticalPath } from '../../../scripts/demo/criticalPath.ts';
import type { Duration } from '../../../simulator/index.ts';

const step = (changes: Partial<StepProgress> = {}): StepProgress => ({
  id: 'cluster',
  kind: 'cluster',
  title: 'Cluster c',
  action: 'create',
  reason: 'absent',
  needs: [],
  resourceId: '/c',
  state: 'done',
  ...changes,
});

describe('the critical path', () => {
  const took = (
    resourceId: string,
    requestSeconds: number,
    operationSeconds: number,
    pollingSeconds = 0,
  ): Duration => ({
    resourceId,
    requestSeconds,
    operationSeconds,
    pollingSeconds,
    operation: 'PUT',
    startedAt: '',
    status: 'Succeeded',
  });

  it('is nothing for nothing', () => {
    expect(criticalPath([], [])).toEqual({ seconds: 0, pollingIncluded: 0 });
  });

  it('is the longest way, not the sum', () => {
    const steps = [
      step({ id: 'registry', resourceId: '/R' }),
      step({ id: 'virtualNetwork', resourceId: '/v' }),
      step({ id: 'privateEndpoint', resourceId: '/e', needs: ['registry', 'virtualNetwork'] }),
    ];
    const durations = [took('/r', 1, 10), took('/v', 1, 30), took('/e', 6, 100, 20)];
    expect(criticalPath(steps, durations)).toEqual({ seconds: 137, pollingIncluded: 157 });
  });

  it('counts all writes to a resource, and none to another', () => {
    const durations = [took('/c', 1, 2), took('/C', 3, 4), took('/c/agentPools/a', 100, 100)];
    expect(criticalPath([step()], durations).seconds).toBe(10);
  });

  it('takes for a role its assignment, and not the writes to the scope that it names where nothing was assigned', () => {
    const assignment = '/c/providers/Microsoft.Authorization/roleAssignments/6f0c1f5e';
    const durations = [took(assignment, 4, 0), took('/c', 100, 100)];
    const role = (resourceId: string) => step({ kind: 'role', resourceId });
    expect(criticalPath([role(assignment)], durations).seconds).toBe(4);
    expect(criticalPath([role('/C')], durations).seconds).toBe(0);
  });
});

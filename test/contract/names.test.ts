import { describe, expect, it } from '@jest/globals';
import { clusterWorkflowId, errorTypes, scenarios, searchAttributes } from '../../contract/index.ts';
import {
  clusterId,
  featureId,
  parseResourceId,
  providerId,
  resourceGroupId,
  sameResourceId,
} from '../../resources/ids.ts';
import { markTags } from '../../resources/marks.ts';

const cluster = { subscriptionId: 'SUB', resourceGroup: 'Group', name: 'Cluster' };

describe('public names', () => {
  it('lock a cluster with one workflow ID, however its names are spelled', () => {
    expect(clusterWorkflowId(cluster)).toBe('aks/sub/group/cluster');
  });

  it('stay what callers know', () => {
    expect(scenarios).toEqual([
      'createCluster',
      'isolateCluster',
      'changeRegistry',
      'disableIsolation',
      'reimageNodePools',
      'deleteCluster',
      'auditCluster',
    ]);
    expect(markTags).toEqual({
      workflow: 'aks-isolation-workflow',
      run: 'aks-isolation-run',
      resource: 'aks-isolation-resource',
    });
    expect(Object.values(searchAttributes).map(({ name, type }) => [name, type])).toEqual([
      ['AksCluster', 'KEYWORD'],
      ['AksScenario', 'KEYWORD'],
      ['AksPhase', 'KEYWORD'],
      ['AksResourceGroup', 'KEYWORD'],
      ['AksRegistryMode', 'KEYWORD'],
      ['AksIsolation', 'KEYWORD'],
      ['AksFleet', 'KEYWORD'],
    ]);
    expect(Object.values(errorTypes)).toEqual([
      'InvalidInput',
      'WrongWorkflowId',
      'WrongStartOptions',
      'UnknownScenario',
      'PreflightFailed',
      'StepFailed',
      'VerificationFailed',
      'Unproven',
      'DriftFound',
      'RollbackIncomplete',
      'FleetStopped',
      'ResetRun',
      'UpdateRefused',
    ]);
  });
});

describe('resource IDs', () => {
  it.each([
    [resourceGroupId('s', 'g'), '/subscriptions/s/resourceGroups/g'],
    [
      clusterId(cluster),
      '/subscriptions/SUB/resourceGroups/Group/providers/Microsoft.ContainerService/managedClusters/Cluster',
    ],
    [providerId('s', 'Microsoft.Network'), '/subscriptions/s/providers/Microsoft.Network'],
    [
      featureId('s', 'Microsoft.ContainerService', 'F'),
      '/subscriptions/s/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/F',
    ],
  ])('are computed: %s', (id, expected) => {
    expect(id).toBe(expected);
  });

  it.each([
    ['/subscriptions/s/resourceGroups/g/providers/Microsoft.X/as/a', 'Microsoft.X/as', 'a', []],
    ['/subscriptions/s/resourcegroups/g/providers/Microsoft.X/as/a/bs/b', 'Microsoft.X/as/bs', 'b', ['a']],
    ['/SUBSCRIPTIONS/s/RESOURCEGROUPS/g/PROVIDERS/Microsoft.X/as/a/bs/b/cs/c', 'Microsoft.X/as/bs/cs', 'c', ['a', 'b']],
  ])('are taken apart: %s', (id, type, name, parents) => {
    expect(parseResourceId(id)).toEqual({ subscriptionId: 's', resourceGroup: 'g', type, name, parents });
  });

  it.each([
    '',
    'cluster',
    '/subscriptions/s',
    '/subscriptions/s/resourceGroups/g',
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.X/as',
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.X/as/a/bs',
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.X/as/a/',
    'https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.X/as/a',
  ])('are not what %p is', (id) => {
    expect(parseResourceId(id)).toBeUndefined();
  });

  it.each([
    ['/a/B', '/A/b', true],
    ['/a', '/b', false],
    ['/a', undefined, false],
    [undefined, undefined, true],
  ])('compare without case: %s and %s', (a, b, same) => {
    expect(sameResourceId(a, b)).toBe(same);
  });
});

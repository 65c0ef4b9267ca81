import { expect } from '@jest/globals';
import { clusterWorkflowId, type Plan, type PlannedStep, type StepId } from '../../contract/index.ts';
import type { Discovered } from '../../resources/discovery.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { markTags } from '../../resources/marks.ts';
import { type CreateClusterPlan, planCreateCluster } from '../../workflows/newCluster/plan.ts';
import { given, parsed } from '../contract/inputs/support.ts';

const subscriptionId = '11111111-1111-1111-1111-111111111111';
/** The cluster of the smallest input. */
export const cluster = { subscriptionId, resourceGroup: 'rg', name: 'cluster' };

/** Resource IDs of the cluster and of what it is in. */
export const subscription = `/subscriptions/${subscriptionId}`;
export const group = `${subscription}/resourceGroups/rg`;
export const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/cluster`;

export const groupThere = { location: 'westeurope', provisioningState: 'Succeeded', tags: {} };

/** The guide's version, which regions no longer offer. */
export const guideVersions = {
  kubernetesVersions: [{ version: '1.30', isDefault: true, isPreview: false, patchVersions: ['1.30.3'] }],
};

const registered = Object.fromEntries(
  ['ContainerService', 'ContainerRegistry', 'Compute', 'ManagedIdentity', 'Network'].map((name) => [
    `Microsoft.${name}`,
    'Registered',
  ]),
);

/** A subscription in which nothing of the cluster is there yet. */
export const nothingThere: Discovered = {
  subscription: { state: 'Enabled', tenantId: 'tenant', locations: ['westeurope', 'swedencentral'] },
  infrastructure: { otherLinkedZones: [], identities: {}, roles: {} },
  allowances: {
    permissions: {
      [subscription]: [{ actions: ['*'], notActions: [] }],
    },
    locks: [],
    vmSizes: { Standard_D4ds_v5: { family: 'standardDDSv5Family', vCPUs: 4, zones: ['1', '2', '3'] } },
    usages: { standardddsv5family: { used: 0, limit: 350 }, cores: { used: 0, limit: 350 } },
  },
  providers: registered,
  features: {},
  kubernetesVersions: [
    { version: '1.29', isDefault: false, isPreview: false, patchVersions: ['1.29.9'] },
    { version: '1.33', isDefault: false, isPreview: false, patchVersions: ['1.33.8', '1.33.9'] },
    { version: '1.34', isDefault: true, isPreview: false, patchVersions: ['1.34.5'] },
  ],
};

/** The cluster of the smallest input, as Azure shows it once it is created. */
export function clusterThere(changes: Partial<ClusterFacts> = {}): ClusterFacts {
  return {
    id: '/subscriptions/11111111-1111-1111-1111-111111111111/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/cluster',
    location: 'westeurope',
    tags: {},
    provisioningState: 'Succeeded',
    powerState: 'Running',
    kubernetesVersion: '1.34',
    currentKubernetesVersion: '1.34.5',
    nodeResourceGroup: 'MC_rg_cluster_westeurope',
    dnsPrefix: 'made-elsewhere',
    identity: { type: 'SystemAssigned', userAssignedIdentities: [] },
    artifactSource: 'Cache',
    containerRegistryId:
      '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/MC_rg_cluster_westeurope/providers/Microsoft.ContainerRegistry/registries/r',
    outboundType: 'none',
    enablePrivateCluster: true,
    enableVnetIntegration: false,
    networkPlugin: 'azure',
    nodeOSUpgradeChannel: 'NodeImage',
    disableRunCommand: false,
    outboundProfile: {},
    agentPoolProfiles: [
      {
        name: 'nodepool1',
        mode: 'System',
        count: 3,
        vmSize: 'Standard_D4ds_v5',
        provisioningState: 'Succeeded',
        osSKU: 'Ubuntu',
        enableAutoScaling: false,
        osType: 'Linux',
        powerState: 'Running',
        nodeImageVersion: 'AKSUbuntu-2204gen2containerd-202610.19.0',
        enableNodePublicIP: false,
        maxSurge: '10%',
      },
    ],
    ...changes,
  };
}

/** Tags of a cluster that an earlier run of the same workflow made. */
export const madeEarlier = {
  [markTags.workflow]: clusterWorkflowId(cluster),
  [markTags.run]: 'earlier run',
};

/** The plan of createCluster for the smallest input, changed, where Azure shows what `nothingThere` does, changed. */
export const planCreate = (input: Record<string, unknown> = {}, seen: Partial<Discovered> = {}): CreateClusterPlan =>
  planCreateCluster(parsed(given(input)), { ...nothingThere, ...seen }, 'this run');

type PlannedSteps = Pick<Plan, 'steps'>;

/** The action of each step. */
export const actions = ({ steps }: PlannedSteps): Record<string, string> =>
  Object.fromEntries(steps.map(({ id, action }) => [id, action]));

/** IDs of the steps that do something, in their order. */
export const acting = ({ steps }: PlannedSteps): StepId[] =>
  steps.filter(({ action }) => action !== 'none').map(({ id }) => id);

/** Action and reason of each step that does something. */
export const reasons = ({ steps }: PlannedSteps): Record<string, string> =>
  Object.fromEntries(
    steps.flatMap(({ id, action, reason }) => (action === 'none' ? [] : [[id, `${action}: ${reason}`]])),
  );

/** The planned step of this ID. Fails the test if there is none. */
export function stepOf({ steps }: PlannedSteps, id: StepId): PlannedStep {
  const found = steps.find((step) => step.id === id);
  if (!found) throw new Error(`No step ${id} among ${steps.map((step) => step.id).join(', ')}`);
  return found;
}

export const problemTexts = ({ problems }: Pick<Plan, 'problems'>): string[] => problems.map(({ problem }) => problem);

/** A step can be declared only after those that it needs, and once. */
export function expectSoundGraph({ steps }: PlannedSteps): void {
  const before = new Set<string>();
  for (const { id, needs } of steps) {
    expect(needs.filter((need) => !before.has(need))).toEqual([]);
    expect(before).not.toContain(id);
    before.add(id);
  }
}

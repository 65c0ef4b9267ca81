import { z } from 'zod';
import { nameRules } from '../../resources/names.ts';
import { closedOutboundTypes, openOutboundTypes } from '../../resources/outboundTypes.ts';
import { profileSetting, profiles } from '../profiles.ts';
import { mostPools } from './agentPools.ts';
import { crossCheck, eachOnce, matching } from './checks.ts';
import {
  approvalsAt,
  approvalTimeoutMinutes,
  clusterReference,
  dryRun,
  failOnProblems,
  holdTimeoutMinutes,
  minutes,
  onFailure,
  pauseTimeoutMinutes,
  profile,
  registrationTimeoutMinutes,
  rolePropagationTimeoutMinutes,
  schemaKey,
} from './cluster.ts';
import { existingNetwork, privateDns, privateDnsZoneId, registry } from './infrastructure.ts';
import { accept, closedOutboundType, probes } from './isolation.ts';
import { tags } from './tags.ts';

const agentPoolName = matching(
  nameRules.agentPool.pattern,
  nameRules.agentPool.longest,
  'not a Linux node pool name. Use one that `az aks nodepool list` prints.',
);

/** Names of pools that a cluster has. */
const agentPoolNames = z.array(agentPoolName).max(mostPools, `too many pools. A cluster has ${mostPools} at most.`);

/**
 * Ways to go on where a pool's nodes are the same after a reimage. Azure may leave a pool without a newer node image as it is,
 * and may report success all the same.
 */
const whenNotReimaged = ['ladder', 'fail', 'temporaryPool', 'wait'] as const;

/** Means of the ladder: other ways to have AKS make the nodes of a pool anew. */
const rungs = ['localDNS', 'patchUpgrade', 'temporaryPool'] as const;
export type Rung = (typeof rungs)[number];

/** How node pools are reimaged. */
const reimage = z
  .strictObject({
    maxParallelPools: z
      .int()
      .min(1, `too few. Use 1 to ${mostPools}.`)
      .max(mostPools, `too many. Use 1 to ${mostPools}: a cluster has no more pools.`)
      .exactOptional()
      .describe(
        'How many pools are reimaged at the same time, whatever their disruption budgets say. Default: the plan decides, from what it has seen of budgets, quota and system pools; 4 at most.',
      ),
    maxSurge: matching(
      /^([1-9]\d{0,2}|[1-9]\d?%|100%)$/,
      4,
      'not a surge. Use a number of nodes such as 5, or a share of the pool such as 33%.',
    )
      .exactOptional()
      .describe(
        'Surge that pools have while they are reimaged, where it is more than their own and makes rounds fewer; put back afterwards. Default: their own.',
      ),
    canaryPool: agentPoolName
      .exactOptional()
      .describe('A pool that is reimaged and proven alone, before any other begins.'),
    order: agentPoolNames
      .check(eachOnce())
      .default([])
      .describe('Pools to begin with, in this order; the others follow, system pools last.'),
    systemPoolsLast: z
      .boolean()
      .default(true)
      .describe('System pools are reimaged after all others, unless order names them.'),
    ignoreDisruptionBudgets: z
      .boolean()
      .default(false)
      .describe('Begin although a disruption budget allows no disruption now, so that draining may fail.'),
    whenNotReimaged: z
      .enum(whenNotReimaged)
      .default('ladder')
      .describe(
        'ladder: the means of ladder are tried until the nodes are new. fail: the step fails and onFailure decides. temporaryPool: the pool is deleted and made anew while a temporary copy of it takes the load. wait: it is tried again when a newer node image is out.',
      ),
    ladder: z
      .array(z.enum(rungs))
      .max(rungs.length, `too many. Name each of ${rungs.join(', ')} once at most.`)
      .check(eachOnce())
      .default(['localDNS', 'temporaryPool'])
      .describe(
        'Means that are tried in this order with whenNotReimaged: ladder; the plan says what each costs and where it is not there. localDNS: the LocalDNS mode of the pool, to one that changes no node, and back. patchUpgrade: to the newer patch of Kubernetes that the control plane runs, which stays. temporaryPool: as whenNotReimaged: temporaryPool.',
      ),
    // By default two images may come: the first may fail to reach a region. 30 days are the bound of every wait.
    newImageTimeoutHours: z
      .int()
      .min(1, 'too short. Use at least 1 hour.')
      .max(30 * 24, 'too long. Use at most 720 hours, which are 30 days.')
      .default(14 * 24)
      .describe('Bound on that wait. Node images come weekly.'),
  })
  .prefault({})
  .describe('How node pools are reimaged.');

const common = {
  $schema: schemaKey,
  cluster: clusterReference,
  profile,
  reimage,
  approvalTimeoutMinutes,
  // Most operations of AKS end within the hour. One that runs for half a day is stuck, and a person should look.
  busyTimeoutMinutes: minutes(12 * 60, 60).describe(
    'Bound on the wait for operations that somebody else has begun on the cluster or a pool.',
  ),
  abortOperations: z
    .boolean()
    .default(false)
    .describe(
      'Abort such operations instead of waiting for them. Azure then leaves the resource as it is at that moment.',
    ),
  onFailure,
  holdTimeoutMinutes,
  pauseTimeoutMinutes,
  dryRun,
  failOnProblems,
};

const beforeReimages = 'before the pools are reimaged';

const registryOptions = {
  accept,
  probes,
  network: existingNetwork.prefault({}).describe('Where things go in the network of the cluster.'),
  registrationTimeoutMinutes,
  tags: tags.default({}),
  rolePropagationTimeoutMinutes,
};

/** Input of the `isolateCluster` scenario. Guide: "Update an existing AKS cluster", with AKS-managed ACR and with bring your own ACR. */
export const isolateClusterInput = z
  .strictObject({
    ...common,
    ...registryOptions,
    registry,
    outboundType: closedOutboundType,
    approvals: approvalsAt(['reimage', 'cutEgress'], `${beforeReimages}, before egress is cut`),
  })
  .check(
    crossCheck(
      z.object({ profile: z.enum(profiles), outboundType: z.enum(closedOutboundTypes) }),
      ({ profile, outboundType }, report) => {
        const allowed: readonly string[] = profileSetting(profile, 'outboundTypes');
        if (allowed.includes(outboundType)) return;
        report(
          ['outboundType'],
          `${outboundType} is not available under profile ${profile}. Use ${allowed.join(' or ')}, or profile preview: block is still in preview.`,
        );
      },
    ),
  );

/** Input of the `changeRegistry` scenario. Guide: "Update your ACR ID". */
export const changeRegistryInput = z.strictObject({
  ...common,
  ...registryOptions,
  registry,
  oldRegistry: z
    .enum(['keep', 'delete'])
    .default('keep')
    .describe(
      'What becomes of the registry of your own that the cluster leaves, with its endpoint and records. delete: if this product made it for this cluster; a registry that AKS manages goes by itself.',
    ),
  approvals: approvalsAt(['reimage'], beforeReimages),
});

/** Input of the `disableIsolation` scenario. Guide: "Disable network isolated cluster". */
export const disableIsolationInput = z.strictObject({
  ...common,
  outboundType: z.enum(openOutboundTypes).default('loadBalancer').describe('How nodes reach the internet again.'),
  approvals: approvalsAt(['openEgress', 'reimage'], `before egress is opened, ${beforeReimages}`),
});

/** Input of the `reimageNodePools` scenario. Guide: the reimage that follows every update. */
export const reimageNodePoolsInput = z.strictObject({
  ...common,
  agentPools: agentPoolNames
    .min(1, 'no pool. Name at least one, or leave the key out: then all are reimaged.')
    .exactOptional()
    .describe('The pools that are reimaged. Default: all.'),
  approvals: approvalsAt(['reimage'], beforeReimages),
});

/** Input of the `auditCluster` scenario. Guide: "Validate the network isolated cluster". */
export const auditClusterInput = z.strictObject({
  $schema: schemaKey,
  cluster: clusterReference,
  profile,
  accept,
  probes: z
    .enum(['ifAllowed', 'required', 'none'])
    .default('ifAllowed')
    .describe(
      'Looks from inside the cluster, by its run-command API. ifAllowed: where that is forbidden, the verdict is Unproven. required: it counts as drift. none: nothing is run in the cluster, and the verdict rests on what Azure shows.',
    ),
  privateDnsZoneId: privateDnsZoneId
    .exactOptional()
    .describe("The zone of the registry's names, if it is in another subscription than network and registry."),
  privateDns: privateDns.exactOptional(),
  failOnDrift: z
    .boolean()
    .default(false)
    .describe('Fail with DriftFound where the cluster has drifted. Default: drift is a result.'),
});

/** As callers send them: defaults may be left out. */
export type IsolateClusterInput = z.input<typeof isolateClusterInput>;
export type ChangeRegistryInput = z.input<typeof changeRegistryInput>;
export type DisableIsolationInput = z.input<typeof disableIsolationInput>;
export type ReimageNodePoolsInput = z.input<typeof reimageNodePoolsInput>;
export type AuditClusterInput = z.input<typeof auditClusterInput>;
/** As the scenarios get them: defaults are filled in. */
export type ParsedIsolateClusterInput = z.output<typeof isolateClusterInput>;
export type ParsedChangeRegistryInput = z.output<typeof changeRegistryInput>;
export type ParsedDisableIsolationInput = z.output<typeof disableIsolationInput>;
export type ParsedReimageNodePoolsInput = z.output<typeof reimageNodePoolsInput>;
export type ParsedAuditClusterInput = z.output<typeof auditClusterInput>;
export type ReimageOptions = z.output<typeof reimage>;

import { z } from 'zod';
import { ownershipTags } from './names.ts';
import { profileSetting, profiles } from './profiles.ts';
import { parseResourceId } from './resourceIds.ts';

const guid = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** The cluster that a scenario works on. */
export const clusterReference = z.strictObject({
  subscriptionId: z
    .string()
    .regex(guid, 'not a subscription ID. Use the GUID that `az account show --query id` prints.'),
  resourceGroup: z
    .string()
    .regex(
      /^[-\w.()]{0,89}[-\w()]$/,
      'not a resource group name. Use 1 to 90 letters, digits, hyphens, underscores, dots or parentheses, not ending in a dot.',
    ),
  name: z
    .string()
    .regex(
      /^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$/,
      'not a cluster name. Use 1 to 63 letters, digits, hyphens or underscores, beginning and ending with a letter or digit.',
    ),
});

const tags = z
  .record(
    z
      .string()
      .min(1, 'the tag name is empty. Give at least one character.')
      .max(512, 'the tag name is too long. Use at most 512 characters.')
      .regex(/^[^<>%&\\?/]*$/, 'not a tag name. Leave out the characters < > % & \\ ? and /.'),
    z.string().max(256, 'the tag value is too long. Use at most 256 characters.'),
  )
  // Azure allows 50 tags and the product adds its own.
  .refine((all) => Object.keys(all).length <= 48, 'too many tags. Use at most 48: Azure allows 50 and two are added.')
  .refine(
    (all) => !Object.keys(all).some((key) => Object.values<string>(ownershipTags).includes(key.toLowerCase())),
    `reserved tag. Leave out ${Object.values(ownershipTags).join(' and ')}: they say which run owns a resource.`,
  );

const count = (least: number) =>
  z.int().min(least, `too few. Use ${least} to 1000.`).max(1000, `too many. Use ${least} to 1000.`);

const poolSize = z.object({
  mode: z.string(),
  count: z.number(),
  enableAutoScaling: z.boolean(),
  minCount: z.number().exactOptional(),
  maxCount: z.number().exactOptional(),
});

/** A node pool, in Azure's own property names (`ManagedClusterAgentPoolProfile`). Windows pools cannot be network isolated. */
export const agentPoolProfile = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z][a-z0-9]{0,11}$/,
        'not a Linux node pool name. Use 1 to 12 lower-case letters and digits, beginning with a letter.',
      ),
    mode: z.enum(['System', 'User']).default('System'),
    count: count(0).default(3).describe('Number of nodes; the initial one with autoscaling.'),
    vmSize: z
      .string()
      .regex(/^[A-Z]\w+$/, 'not a VM size. Use a name such as Standard_D4ds_v5.')
      .default('Standard_D4ds_v5'),
    osSKU: z.enum(['Ubuntu', 'AzureLinux']).exactOptional(),
    osDiskSizeGB: z
      .int()
      .min(30, 'too small. Use 30 to 2048 GiB.')
      .max(2048, 'too large. Use 30 to 2048 GiB.')
      .exactOptional(),
    osDiskType: z.enum(['Managed', 'Ephemeral']).exactOptional(),
    maxPods: z.int().min(10, 'too few. Use 10 to 250.').max(250, 'too many. Use 10 to 250.').exactOptional(),
    availabilityZones: z
      .array(z.enum(['1', '2', '3']))
      .min(1, 'no zone. Give at least one, or leave the key out.')
      .exactOptional(),
    enableAutoScaling: z.boolean().default(false),
    minCount: count(0).exactOptional(),
    maxCount: count(1).exactOptional(),
    nodeLabels: z.record(z.string(), z.string()).exactOptional(),
    nodeTaints: z.array(z.string()).exactOptional(),
  })
  .check(
    crossCheck(poolSize, ({ mode, count, enableAutoScaling, minCount, maxCount }, report) => {
      if (mode === 'System' && count === 0) report(['count'], 'a system pool without nodes. Use at least 1.');
      if (!enableAutoScaling) {
        if (minCount !== undefined)
          report(['minCount'], 'given without autoscaling. Remove it, or enable autoscaling.');
        if (maxCount !== undefined)
          report(['maxCount'], 'given without autoscaling. Remove it, or enable autoscaling.');
        return;
      }
      if (mode === 'System' && minCount === 0) {
        report(['minCount'], 'a system pool that can shrink to no nodes. Use at least 1.');
      }
      if (minCount === undefined) report(['minCount'], 'missing. Give it, or set enableAutoScaling to false.');
      if (maxCount === undefined) report(['maxCount'], 'missing. Give it, or set enableAutoScaling to false.');
      if (count < (minCount ?? 0) || count > (maxCount ?? 1000)) {
        report(['count'], 'not between minCount and maxCount. Change one of them.');
      }
    }),
  );

/** The cluster's control plane identity. Service principals cannot be used for network isolation (Azure/AKS#5821). */
export const clusterIdentity = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('SystemAssigned') }),
    z.strictObject({
      type: z.literal('UserAssigned'),
      resourceId: z
        .string()
        .refine(
          (id) => parseResourceId(id)?.type.toLowerCase() === 'microsoft.managedidentity/userassignedidentities',
          'not the resource ID of a user-assigned identity. Use the one that `az identity show --query id` prints.',
        ),
    }),
  ],
  { error: 'not an allowed identity type. Use SystemAssigned or UserAssigned.' },
);

/** Where nodes pull their images from. `managed`: a registry that AKS creates, owns and deletes with the cluster. */
export const registry = z.discriminatedUnion('mode', [z.strictObject({ mode: z.literal('managed') })], {
  error: 'not an allowed registry. Use {"mode": "managed"}.',
});

const outboundTypes = ['none', 'block'] as const;

/** Input of the `createCluster` scenario. Guide: "Deploy a network isolated cluster with AKS-managed ACR". */
export const createClusterInput = z
  .strictObject({
    cluster: clusterReference,
    location: z.string().regex(/^[a-z0-9]+$/, 'not a region name. Use the short form, for example westeurope.'),
    profile: z.enum(profiles).default('current'),
    registry,
    apiServerAccess: z.enum(['privateLink', 'vnetIntegration']),
    outboundType: z.enum(outboundTypes).default('none'),
    kubernetesVersion: z
      .string()
      .regex(
        /^1\.\d+(\.\d+)?$/,
        'not a Kubernetes version. Use a minor version such as 1.34, or a patch version such as 1.34.2.',
      )
      .exactOptional()
      .describe("Default: the region's default version (profile current) or 1.30.3 (profile preview)."),
    agentPoolProfiles: z
      .array(agentPoolProfile)
      .min(1, 'no node pool. Give at least one pool with mode System.')
      .prefault([{ name: 'nodepool1' }]),
    identity: clusterIdentity.default({ type: 'SystemAssigned' }),
    dnsPrefix: z
      .string()
      .regex(
        /^[a-zA-Z0-9]([-a-zA-Z0-9]{0,52}[a-zA-Z0-9])?$/,
        'not a DNS prefix. Use 1 to 54 letters, digits and hyphens.',
      )
      .exactOptional(),
    nodeResourceGroup: z
      .string()
      .regex(
        /^[-\w.()]{0,79}[-\w()]$/,
        'not a node resource group name. Use 1 to 80 letters, digits, hyphens, underscores, dots or parentheses.',
      )
      .exactOptional()
      .describe('Default: MC_<resourceGroup>_<name>_<location>.'),
    tags: tags.default({}),
    registrationTimeoutMinutes: z
      .int()
      .min(1, 'too short. Use at least 1 minute.')
      .max(30 * 24 * 60, 'too long. Use at most 43200 minutes, which are 30 days.')
      .default(24 * 60)
      .describe(
        'Bound on each wait for a feature or resource provider registration. They have been seen to take 12 to 20 hours.',
      ),
    onFailure: z.enum(['rollBack', 'hold', 'leave']).default('rollBack'),
    dryRun: z.boolean().default(false),
  })
  .check(
    crossCheck(
      z.object({ profile: z.enum(profiles), outboundType: z.enum(outboundTypes) }),
      ({ profile, outboundType }, report) => {
        const allowed: readonly string[] = profileSetting(profile, 'outboundTypes');
        if (!allowed.includes(outboundType)) {
          report(
            ['outboundType'],
            `${outboundType} is not available under profile ${profile}. Use ${allowed.join(' or ')}, or profile preview: block is still in preview.`,
          );
        }
      },
    ),
    crossCheck(
      z.object({ cluster: z.object({ resourceGroup: z.string() }), nodeResourceGroup: z.string() }),
      ({ cluster, nodeResourceGroup }, report) => {
        if (nodeResourceGroup.toLowerCase() !== cluster.resourceGroup.toLowerCase()) return;
        report(
          ['nodeResourceGroup'],
          "the cluster's own resource group. Use another name: AKS creates this group itself.",
        );
      },
    ),
    crossCheck(
      z.object({ agentPoolProfiles: z.array(z.object({ name: z.string(), mode: z.string() })).min(1) }),
      ({ agentPoolProfiles: pools }, report) => {
        if (pools.every(({ mode }) => mode === 'User')) {
          report(['agentPoolProfiles'], 'no system pool. Set mode System on at least one.');
        }
        pools.forEach((pool, index) => {
          if (pools.findIndex(({ name }) => name === pool.name) < index) {
            report(['agentPoolProfiles', index, 'name'], 'a pool of this name is already in the list. Rename it.');
          }
        });
      },
    ),
  );

/** What callers send: defaults may be left out. */
export type CreateClusterInput = z.input<typeof createClusterInput>;
/** What the scenario works with: defaults filled in. */
export type ParsedCreateClusterInput = z.output<typeof createClusterInput>;
export type AgentPoolProfile = z.output<typeof agentPoolProfile>;
export type ClusterIdentity = z.output<typeof clusterIdentity>;

/**
 * A check over several keys that runs whenever those keys are sound, whatever else is wrong with the input,
 * so that all problems are reported at once.
 */
function crossCheck<T>(
  part: z.ZodType<T>,
  check: (value: T, report: (path: PropertyKey[], message: string) => void) => void,
): z.core.$ZodCheck<object> {
  return z.superRefine<object>(
    (value, context) => {
      const { data, success } = part.safeParse(value);
      if (success) check(data, (path, message) => context.addIssue({ code: 'custom', path, message }));
    },
    { when: ({ value }) => part.safeParse(value).success },
  );
}

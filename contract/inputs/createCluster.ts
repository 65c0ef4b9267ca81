import { z } from 'zod';
import { profileSetting, profiles } from '../profiles.ts';
import {
  agentPoolProfile,
  clusterIdentity,
  clusterReference,
  crossCheck,
  day,
  holdTimeoutMinutes,
  kubeletIdentity,
  minutes,
  tags,
} from './cluster.ts';
import { addressPrefix, network, registry } from './infrastructure.ts';

const outboundTypes = ['none', 'block'] as const;

/** Input of the `createCluster` scenario. Guide: "Deploy a network isolated cluster" with AKS-managed ACR, and with bring your own ACR. */
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
    network: network
      .exactOptional()
      .describe(
        'The virtual network of the cluster. Default: one that AKS manages with a managed registry, or the ranges of the guide with your own.',
      ),
    identity: clusterIdentity
      .exactOptional()
      .describe(
        'Default: SystemAssigned in a network that AKS manages, else a user-assigned identity <cluster>-identity.',
      ),
    kubeletIdentity: kubeletIdentity
      .exactOptional()
      .describe('With your own registry only. Default: a user-assigned identity <cluster>-kubelet.'),
    serviceCidr: addressPrefix
      .exactOptional()
      .describe('Range of the cluster’s services. Default: 10.0.0.0/16, which no subnet of the network may overlap.'),
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
    registrationTimeoutMinutes: minutes(30 * day, day).describe(
      'Bound on each wait for a feature or resource provider registration. They have been seen to take 12 to 20 hours.',
    ),
    rolePropagationTimeoutMinutes: minutes(120, 15).describe(
      'Bound on the wait until role assignments take effect. Azure documents up to 10 minutes.',
    ),
    onFailure: z.enum(['rollBack', 'hold', 'leave']).default('rollBack'),
    holdTimeoutMinutes,
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
    crossCheck(
      z.object({
        registry: z.object({ mode: z.string() }),
        network: z.looseObject({}).exactOptional(),
        identity: z.object({ type: z.string() }).exactOptional(),
        kubeletIdentity: z.looseObject({}).exactOptional(),
        outboundType: z.enum(outboundTypes).default('none'),
        apiServerAccess: z.string().exactOptional(),
      }),
      ({ registry: { mode }, network, identity, kubeletIdentity, outboundType, apiServerAccess }, report) => {
        const ownRegistry = mode === 'bringYourOwn';
        const ownNetwork = ownRegistry || network !== undefined;
        if (ownNetwork && identity?.type === 'SystemAssigned') {
          report(
            ['identity', 'type'],
            'a system-assigned identity cannot be given roles before the cluster is there. Use UserAssigned.',
          );
        }
        if (ownNetwork && outboundType === 'block') {
          report(['outboundType'], 'block works in a network that AKS manages only. Use none.');
        }
        if (!ownRegistry && kubeletIdentity) {
          report(['kubeletIdentity'], 'given with a managed registry. Remove it: AKS makes the identity.');
        }
        if (!ownRegistry && network && 'registrySubnet' in network) {
          report(['network', 'registrySubnet'], 'given with a managed registry. Remove it.');
        }
        if (apiServerAccess === 'privateLink' && network && 'apiServerSubnet' in network) {
          report(['network', 'apiServerSubnet'], 'given without API server VNet integration. Remove it.');
        }
      },
    ),
  );

/** What callers send: defaults may be left out. */
export type CreateClusterInput = z.input<typeof createClusterInput>;
/** What the scenario works with: defaults filled in. */
export type ParsedCreateClusterInput = z.output<typeof createClusterInput>;

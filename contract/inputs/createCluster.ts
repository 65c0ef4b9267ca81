import { z } from 'zod';
import { managedNetworkRange, overlaps } from '../../resources/addressRanges.ts';
import { virtualNetworkName } from '../../resources/derivedNames.ts';
import { nameRules } from '../../resources/names.ts';
import { closedOutboundTypes } from '../../resources/outboundTypes.ts';
import { profileSetting, profiles } from '../profiles.ts';
import { serviceRange } from './addressRanges.ts';
import { agentPoolProfiles } from './agentPools.ts';
import { crossCheck, matching, named } from './checks.ts';
import {
  clusterIdentity,
  clusterReference,
  dryRun,
  failOnProblems,
  holdTimeoutMinutes,
  kubeletIdentity,
  onFailure,
  pauseTimeoutMinutes,
  profile,
  registrationTimeoutMinutes,
  rolePropagationTimeoutMinutes,
  schemaKey,
} from './cluster.ts';
import { network, registry } from './infrastructure.ts';
import { accept, closedOutboundType, probes } from './isolation.ts';
import { tags } from './tags.ts';

/** Input of the `createCluster` scenario. Guide: "Deploy a network isolated cluster" with AKS-managed ACR, and with bring your own ACR. */
export const createClusterInput = z
  .strictObject({
    $schema: schemaKey,
    cluster: clusterReference,
    // It stands in names of DNS records, whose labels have 63 characters at most.
    location: matching(
      /^[a-z0-9]{1,63}$/,
      63,
      'not a region name. Use the short form, for example westeurope.',
    ).describe('The region of everything that is created, such as westeurope.'),
    profile,
    registry,
    apiServerAccess: z
      .enum(['privateLink', 'vnetIntegration'])
      .describe('How the API server is reached: by a private endpoint, or from a subnet of the network.'),
    outboundType: closedOutboundType,
    kubernetesVersion: matching(
      /^1\.\d{1,3}(\.\d{1,3})?$/,
      9,
      'not a Kubernetes version. Use a minor version such as 1.34, or a patch version such as 1.34.2.',
    )
      .exactOptional()
      .describe("Default: the region's default version (profile current) or 1.30.3 (profile preview)."),
    agentPoolProfiles: agentPoolProfiles
      .prefault([{ name: 'nodepool1' }])
      .describe('The node pools. Default: one system pool nodepool1 with three nodes.'),
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
    serviceCidr: serviceRange
      .exactOptional()
      .describe('Range of the cluster’s services. Default: 10.0.0.0/16, which no subnet of the network may overlap.'),
    // Source: https://aka.ms/aks-naming-rules
    dnsPrefix: matching(
      /^[a-zA-Z0-9]([-a-zA-Z0-9]{0,52}[a-zA-Z0-9])?$/,
      54,
      'not a DNS prefix. Use 1 to 54 letters, digits and hyphens.',
    )
      .exactOptional()
      .describe('Begin of the name of the API server. Default: made of the names of cluster and resource group.'),
    nodeResourceGroup: named('a node resource group name', nameRules.nodeResourceGroup)
      .exactOptional()
      .describe(
        'Default: MC_<resourceGroup>_<name>_<location>, with a hash at its end where that has more than 80 characters, or an underscore in one of the names.',
      ),
    accept,
    probes,
    tags: tags.default({}),
    registrationTimeoutMinutes,
    rolePropagationTimeoutMinutes,
    onFailure,
    holdTimeoutMinutes,
    pauseTimeoutMinutes,
    dryRun,
    failOnProblems,
  })
  .check(
    crossCheck(
      z.object({ profile: z.enum(profiles), outboundType: z.enum(closedOutboundTypes) }),
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
      z.object({
        cluster: clusterReference,
        registry: z.object({ mode: z.string() }),
        network: z.looseObject({}).exactOptional(),
      }),
      ({ cluster, registry: { mode }, network }, report) => {
        const ownNetwork = mode === 'bringYourOwn' || network !== undefined;
        if (!ownNetwork || (network && ('virtualNetworkId' in network || 'name' in network))) return;
        const name = virtualNetworkName(cluster);
        const { pattern, longest } = nameRules.virtualNetwork;
        if (pattern.test(name)) return;
        report(
          ['network', 'name'],
          `missing, and its default <cluster>-vnet would have ${name.length} characters. Give a name: networks take ${longest}.`,
        );
      },
    ),
    crossCheck(
      z.object({
        registry: z.object({ mode: z.literal('managed') }),
        network: z.undefined().optional(),
        serviceCidr: serviceRange,
      }),
      ({ serviceCidr }, report) => {
        if (!overlaps(serviceCidr, managedNetworkRange)) return;
        report(
          ['serviceCidr'],
          `${serviceCidr} overlaps ${managedNetworkRange}, the network that AKS makes. Use another range, or give a network.`,
        );
      },
    ),
    crossCheck(
      z.object({
        registry: z.object({ mode: z.string() }),
        network: z.looseObject({}).exactOptional(),
        identity: z.object({ type: z.string() }).exactOptional(),
        kubeletIdentity: z.looseObject({}).exactOptional(),
        outboundType: z.enum(closedOutboundTypes).default('none'),
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

/** As callers send it: defaults may be left out. */
export type CreateClusterInput = z.input<typeof createClusterInput>;
/** As the scenario gets it: defaults are filled in. */
export type ParsedCreateClusterInput = z.output<typeof createClusterInput>;

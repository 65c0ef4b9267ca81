import { randomUUID } from 'node:crypto';
import { invalidParameter } from './errors.ts';
import type { ClusterBody, ClusterRequest } from './shapes.ts';

/** The isolation that a cluster PUT asks for, with Azure's defaults, and without what Azure silently ignores. */
export interface Intent {
  readonly artifactSource: 'Direct' | 'Cache';
  readonly containerRegistryId: string | undefined;
  /** Whether AKS makes the registry, in the node resource group. */
  readonly managedRegistry: boolean;
  readonly outboundType: string;
  /** The generation of AKS's NAT gateway, where somebody has chosen it. */
  readonly natGatewaySku: string | undefined;
  readonly loadBalancerSku: string;
  readonly networkPlugin: string;
  readonly vnetIntegration: boolean;
  readonly privateCluster: boolean;
  readonly nodeResourceGroup: string;
}

const outboundTypes = [
  'loadBalancer',
  'managedNATGateway',
  'managedNATGatewayV2',
  'userAssignedNATGateway',
  'userDefinedRouting',
  'none',
  'block',
];

/** Whether an outbound type leaves nodes without a way to the internet. */
export const closesEgress = (outboundType: string): boolean => outboundType === 'none' || outboundType === 'block';

/** Reads a request together with the existing cluster. @throws ArmError 400 InvalidParameter for an unknown artifact source or outbound type */
export function intentOf(request: ClusterRequest, clusterId: string, existing: ClusterBody | undefined): Intent {
  const { properties } = request;
  const [, , subscription = '', , group = '', , , , name = ''] = clusterId.split('/');
  const nodeResourceGroup =
    existing?.properties.nodeResourceGroup ??
    properties.nodeResourceGroup ??
    `MC_${group}_${name}_${request.location}`.slice(0, 80).replace(/\.$/, '');
  const before = existing?.properties.bootstrapProfile;
  // A registry ID without artifactSource is silently ignored, as if no profile had been sent (azure-cli#31209).
  const sent = properties.bootstrapProfile?.artifactSource ? properties.bootstrapProfile : undefined;
  const artifactSource = spelled(
    ['Direct', 'Cache'],
    sent?.artifactSource ?? before?.artifactSource ?? 'Direct',
    'bootstrapProfile.artifactSource',
  );
  // A managed registry stays where the request names no other.
  const managedPrefix = `/subscriptions/${subscription}/resourceGroups/${nodeResourceGroup}/providers/Microsoft.ContainerRegistry/registries/`;
  const isManaged = (id: string | undefined) => id?.toLowerCase().startsWith(managedPrefix.toLowerCase()) ?? false;
  const registryId =
    artifactSource === 'Cache'
      ? (sent?.containerRegistryId ??
        (sent === undefined || isManaged(before?.containerRegistryId) ? before?.containerRegistryId : undefined) ??
        `${managedPrefix}${randomUUID().replaceAll('-', '')}`)
      : undefined;
  const access = properties.apiServerAccessProfile ?? existing?.properties.apiServerAccessProfile;
  const network = properties.networkProfile;
  return {
    artifactSource: artifactSource === 'Cache' ? 'Cache' : 'Direct',
    containerRegistryId: registryId,
    managedRegistry: isManaged(registryId),
    outboundType: spelled(
      outboundTypes,
      network?.outboundType ?? existing?.properties.networkProfile.outboundType ?? 'loadBalancer',
      'networkProfile.outboundType',
    ),
    natGatewaySku:
      network?.natGatewayProfile?.sku ?? existing?.properties.networkProfile.natGatewayProfile?.sku ?? undefined,
    loadBalancerSku: network?.loadBalancerSku ?? existing?.properties.networkProfile.loadBalancerSku ?? 'standard',
    networkPlugin: network?.networkPlugin ?? existing?.properties.networkProfile.networkPlugin ?? 'azure',
    vnetIntegration:
      access?.enableVnetIntegration ?? existing?.properties.apiServerAccessProfile?.enableVnetIntegration ?? false,
    privateCluster:
      access?.enablePrivateCluster ?? existing?.properties.apiServerAccessProfile?.enablePrivateCluster ?? false,
    nodeResourceGroup,
  };
}

/** A value in Azure's spelling: AKS compares enumerations without case. @throws ArmError 400 InvalidParameter */
function spelled(known: readonly string[], value: string, parameter: string): string {
  const found = known.find((one) => one.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  throw invalidParameter(parameter, `'${value}' is none of ${known.join(', ')}.`);
}

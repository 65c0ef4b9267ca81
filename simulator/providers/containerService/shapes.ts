import { z } from 'zod';

/** AKS is written in Go: it takes an empty text for one that was not sent. */
const text = z
  .string()
  .transform((sent) => (sent === '' ? undefined : sent))
  .nullish();
const flag = z.boolean().nullish();
const strings = z.record(z.string(), z.string());

/** The properties of a node pool that the simulator uses. It echoes all others. */
export const poolProperties = z.looseObject({
  count: z.int().nonnegative().nullish(),
  vmSize: text,
  mode: text,
  type: text,
  osType: text,
  osSKU: text,
  maxPods: z.int().nullish(),
  vnetSubnetID: text,
  podSubnetID: text,
  orchestratorVersion: text,
  currentOrchestratorVersion: text,
  nodeLabels: strings.nullish(),
  nodeTaints: z.array(z.string()).nullish(),
  enableNodePublicIP: flag,
  enableAutoScaling: flag,
  upgradeSettings: z
    .looseObject({
      maxSurge: text,
      maxUnavailable: text,
      drainTimeoutInMinutes: z.number().nullish(),
      nodeSoakDurationInMinutes: z.number().nullish(),
      undrainableNodeBehavior: text,
    })
    .nullish(),
  provisioningState: text,
});
export type PoolProperties = z.infer<typeof poolProperties>;
export const poolRequest = z.looseObject({ properties: poolProperties.default({}) });
const poolProfile = poolProperties.extend({ name: z.string() });
export type PoolProfile = z.infer<typeof poolProfile>;

const bootstrapProfile = z.looseObject({ artifactSource: text, containerRegistryId: text });
const apiServerAccessProfile = z.looseObject({
  enablePrivateCluster: flag,
  privateDNSZone: text,
  enablePrivateClusterPublicFQDN: flag,
  enableVnetIntegration: flag,
  subnetId: text,
  disableRunCommand: flag,
  authorizedIPRanges: z.array(z.string()).nullish(),
});

export const clusterRequest = z.looseObject({
  location: z.string(),
  tags: strings.nullish(),
  sku: z.looseObject({ name: text, tier: text }).nullish(),
  identity: z
    .looseObject({ type: z.string(), userAssignedIdentities: z.record(z.string(), z.unknown()).nullish() })
    .nullish(),
  properties: z.looseObject({
    kubernetesVersion: text,
    dnsPrefix: text,
    nodeResourceGroup: text,
    enableRBAC: flag,
    agentPoolProfiles: z.array(poolProfile).nullish(),
    servicePrincipalProfile: z.looseObject({ clientId: text }).nullish(),
    networkProfile: z
      .looseObject({
        networkPlugin: text,
        networkPolicy: text,
        outboundType: text,
        serviceCidr: text,
        dnsServiceIP: text,
        loadBalancerSku: text,
        loadBalancerProfile: z.looseObject({}).nullish(),
        natGatewayProfile: z.looseObject({ sku: text }).nullish(),
      })
      .nullish(),
    apiServerAccessProfile: apiServerAccessProfile.nullish(),
    bootstrapProfile: bootstrapProfile.nullish(),
    identityProfile: z.record(z.string(), z.looseObject({ resourceId: text })).nullish(),
    supportPlan: text,
    nodeProvisioningProfile: z.looseObject({ mode: text }).nullish(),
    nodeDisruptionProfile: z.looseObject({ nodeDisruptionPolicy: text }).nullish(),
    httpProxyConfig: z.looseObject({}).nullish(),
    autoUpgradeProfile: z.looseObject({ nodeOSUpgradeChannel: text, upgradeChannel: text }).nullish(),
    storageProfile: z.looseObject({}).nullish(),
  }),
});
export type ClusterRequest = z.infer<typeof clusterRequest>;

/** A stored cluster; its pools are resources of their own. */
export const clusterBody = z.looseObject({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  tags: strings.optional(),
  identity: z.looseObject({ type: z.string() }).optional(),
  properties: z.looseObject({
    provisioningState: z.string(),
    kubernetesVersion: z.string(),
    currentKubernetesVersion: z.string(),
    dnsPrefix: z.string(),
    fqdn: z.string().optional(),
    privateFQDN: z.string().optional(),
    azurePortalFQDN: z.string(),
    nodeResourceGroup: z.string(),
    supportPlan: z.string(),
    resourceUID: z.string(),
    networkProfile: z.looseObject({
      networkPlugin: z.string(),
      outboundType: z.string(),
      serviceCidr: z.string(),
      dnsServiceIP: z.string(),
      loadBalancerSku: z.string(),
      loadBalancerProfile: z.looseObject({}),
      natGatewayProfile: z.looseObject({ sku: text }).optional(),
    }),
    apiServerAccessProfile: apiServerAccessProfile.optional(),
    nodeProvisioningProfile: z.looseObject({ mode: text }).optional(),
    bootstrapProfile: z.looseObject({ artifactSource: z.string(), containerRegistryId: z.string().optional() }),
    identityProfile: z.record(z.string(), z.looseObject({ resourceId: text })).optional(),
    privateLinkResources: z.array(z.looseObject({})).optional(),
  }),
});
export type ClusterBody = z.infer<typeof clusterBody>;

export const poolBody = z.looseObject({ id: z.string(), name: z.string(), properties: poolProperties });

import type { OwnRegistryIds } from '../support/ownRegistry.ts';

type Properties = Record<string, unknown>;

/** The request that makes a cluster. */
interface ClusterRequest {
  pools: Properties[];
  properties: Properties;
  /** Beside the properties. */
  more: Properties;
}

const location = 'westeurope';
const merged = (parent: Properties, key: string, more: Properties): void => {
  parent[key] = { ...(parent[key] as Properties | undefined), ...more };
};

/**
 * Settings of owners, which no scenario is to ask for or to lose. AKS resets what an update leaves out.
 * Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update, 2026-11-26
 */
export const ownerSettings = {
  tags: ({ more, pools }) => {
    more.tags = { owner: 'team-a', 'cost-center': '42' };
    for (const pool of pools) pool.tags = { cost: '1' };
  },
  paidTier: ({ more }) => {
    more.sku = { name: 'Base', tier: 'Standard' };
  },
  upgradeChannels: ({ properties }) => {
    merged(properties, 'autoUpgradeProfile', { upgradeChannel: 'patch', nodeOSUpgradeChannel: 'SecurityPatch' });
  },
  addOns: ({ properties }) => {
    properties.addonProfiles = {
      azurepolicy: { enabled: true },
      omsagent: { enabled: true, config: { logAnalyticsWorkspaceResourceID: 'w' } },
    };
  },
  workloadIdentity: ({ properties }) => {
    properties.oidcIssuerProfile = { enabled: true };
    merged(properties, 'securityProfile', {
      workloadIdentity: { enabled: true },
      imageCleaner: { enabled: true, intervalHours: 48 },
    });
  },
  noLocalAccounts: ({ properties }) => {
    properties.disableLocalAccounts = true;
    properties.aadProfile = { managed: true, enableAzureRBAC: true };
  },
  keda: ({ properties }) => {
    properties.workloadAutoScalerProfile = { keda: { enabled: true } };
    properties.autoScalerProfile = { expander: 'priority' };
  },
  networkPolicy: ({ properties }) => {
    merged(properties, 'networkProfile', { networkPolicy: 'calico' });
  },
  labels: ({ pools }) => {
    for (const pool of pools) pool.nodeLabels = { team: 'a' };
    // A cluster whose nodes are all tainted has no room for run-command's pod.
    for (const pool of pools) if (pool.mode === 'User') pool.nodeTaints = ['a=b:NoSchedule'];
  },
  surge: ({ pools }) => {
    for (const pool of pools)
      pool.upgradeSettings = { maxSurge: '50%', drainTimeoutInMinutes: 5, nodeSoakDurationInMinutes: 1 };
  },
  autoscaling: ({ pools }) => {
    for (const pool of pools)
      if (Number(pool.count) > 0) Object.assign(pool, { enableAutoScaling: true, minCount: 1, maxCount: 4 });
  },
  scaleFromZero: ({ pools }) => {
    for (const pool of pools)
      if (Number(pool.count) === 0) Object.assign(pool, { enableAutoScaling: true, minCount: 0, maxCount: 3 });
  },
  spot: ({ pools }) => {
    for (const pool of pools)
      if (pool.mode === 'User')
        Object.assign(pool, {
          scaleSetPriority: 'Spot',
          scaleSetEvictionPolicy: 'Delete',
          spotMaxPrice: -1,
          nodeTaints: ['kubernetes.azure.com/scalesetpriority=spot:NoSchedule'],
        });
  },
  azureLinux: ({ pools }) => {
    for (const pool of pools) if (pool.mode === 'User') pool.osSKU = 'AzureLinux';
  },
  disabledProxy: ({ properties }) => {
    properties.httpProxyConfig = { httpProxy: 'http://10.10.0.200:3128', enabled: false };
  },
  customCa: ({ properties }) => {
    merged(properties, 'securityProfile', { customCATrustCertificates: ['LS0tLS1CRUdJTg=='] });
  },
  mesh: ({ properties }) => {
    properties.serviceMeshProfile = { mode: 'Istio', istio: { revisions: ['asm-1-27'] } };
  },
  overlay: ({ properties }) => {
    merged(properties, 'networkProfile', { networkPluginMode: 'overlay', podCidr: '192.168.0.0/16' });
  },
  ownCni: ({ properties }) => {
    merged(properties, 'networkProfile', { networkPlugin: 'none' });
  },
  dualStack: ({ properties }) => {
    merged(properties, 'networkProfile', { ipFamilies: ['IPv4', 'IPv6'] });
  },
  privateNames: ({ properties }) => {
    const { enablePrivateCluster, enableVnetIntegration } = (properties.apiServerAccessProfile ?? {}) as Properties;
    if (enablePrivateCluster && !enableVnetIntegration)
      merged(properties, 'apiServerAccessProfile', { privateDNSZone: 'none', enablePrivateClusterPublicFQDN: true });
  },
  idleTimeout: ({ properties }) => {
    merged(properties, 'networkProfile', {
      loadBalancerProfile: { idleTimeoutInMinutes: 60, allocatedOutboundPorts: 1024 },
    });
  },
} as const satisfies Record<string, (request: ClusterRequest) => void>;

export type Setting = keyof typeof ownerSettings;
export const settingNames = Object.keys(ownerSettings) as Setting[];

/** Something of the owner's beside the cluster, which no scenario is about. */
export async function neighbours(
  put: (id: string, body: unknown) => Promise<unknown>,
  { group }: Pick<OwnRegistryIds, 'group'>,
): Promise<void> {
  await put(`${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs`, { location });
  const network = `${group}/providers/Microsoft.Network/virtualNetworks/theirs`;
  await put(network, {
    location,
    tags: { owner: 'team-b' },
    properties: {
      addressSpace: { addressPrefixes: ['10.99.0.0/16'] },
      subnets: [{ name: 'vms', properties: { addressPrefix: '10.99.0.0/24', defaultOutboundAccess: true } }],
    },
  });
  const zone = `${group}/providers/Microsoft.Network/privateDnsZones/theirs.example`;
  await put(zone, { location: 'global' });
  await put(`${zone}/A/www`, { properties: { ttl: 60, aRecords: [{ ipv4Address: '10.99.0.9' }] } });
}

import { checkCluster } from './checks/cluster.ts';
import { checkCommands, checkLongCommand, checkProbes, checkRefusal } from './checks/commands.ts';
import { checkEntra } from './checks/entra.ts';
import { checkDeletion, checkOwnRegistry } from './checks/ownNetwork.ts';
import { checkPools } from './checks/pools.ts';
import { checkNewest, checkPoolSetting, checkReimage } from './checks/reimage.ts';
import { checkEtags, checkThrottling } from './checks/requests.ts';
import { checkRights } from './checks/rights.ts';
import type { Finding, Switch } from './findings.ts';
import type { ClusterKey, Live } from './live.ts';

/** A check, what it may cost, and what it needs. */
interface Check {
  readonly title: string;
  /** How long it takes, by what is recorded of Azure and what is modelled; its share of the making of clusters included. */
  readonly minutes: number;
  /** In US dollars, at most: our estimate for what is there meanwhile, rounded up. It is from no price list. */
  readonly usd: number;
  /** Checks whose clusters it takes. */
  readonly needs: readonly CheckName[];
  /** The cluster that it looks at. After the last check of a cluster, that is deleted. */
  readonly cluster?: ClusterKey;
  readonly finds: readonly Switch[];
  /** Actions that the identity must be allowed in the subscription, beside groups. */
  readonly actions: readonly string[];
  run(live: Live): Promise<Finding[]>;
}

const names = [
  'rights',
  'cluster',
  'commands',
  'longCommand',
  'probes',
  'etags',
  'throttling',
  'pools',
  'reimage',
  'poolSetting',
  'refusal',
  'newest',
  'ownRegistry',
  'entra',
  'deletion',
] as const;
export type CheckName = (typeof names)[number];

const clusterActions = [
  'write',
  'delete',
  'runCommand/action',
  'agentPools/write',
  'agentPools/delete',
  'agentPools/upgradeNodeImageVersion/action',
].map((action) => `Microsoft.ContainerService/managedClusters/${action}`);
const networkActions = [
  'Microsoft.ManagedIdentity/userAssignedIdentities/write',
  'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
  'Microsoft.Network/virtualNetworks/write',
  'Microsoft.Network/virtualNetworks/join/action',
  'Microsoft.Network/virtualNetworks/subnets/join/action',
  'Microsoft.Network/virtualNetworks/subnets/delete',
  'Microsoft.Network/privateEndpoints/write',
  'Microsoft.Network/privateEndpoints/privateDnsZoneGroups/write',
  'Microsoft.Network/privateDnsZones/write',
  'Microsoft.Network/privateDnsZones/virtualNetworkLinks/write',
  'Microsoft.ContainerRegistry/registries/write',
  'Microsoft.ContainerRegistry/registries/cacheRules/write',
  'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action',
  'Microsoft.Authorization/roleAssignments/write',
];

/** A look at the cluster with egress. */
const look = { needs: ['cluster'], cluster: 'open', actions: clusterActions } as const;

/** The cheapest first; the last one at a cluster is that after which it is of no use. */
export const checks: Readonly<Record<CheckName, Check>> = {
  rights: {
    title: 'permissions, at every scope',
    minutes: 1,
    usd: 0,
    needs: [],
    actions: [],
    finds: ['permissionPages'],
    run: checkRights,
  },
  cluster: {
    title: 'a cluster with egress, and how its operation is followed',
    minutes: 10,
    usd: 0.15,
    needs: [],
    cluster: 'open',
    actions: clusterActions,
    finds: ['retryAfter', 'operationAddresses'],
    run: checkCluster,
  },
  commands: {
    ...look,
    title: 'commands inside a new cluster: the first one, tools, two at once',
    minutes: 5,
    usd: 0.05,
    finds: ['commandStart', 'commandFailure', 'commandsAtOnce', 'commandTools'],
    run: checkCommands,
  },
  longCommand: {
    ...look,
    title: 'a command of six minutes',
    minutes: 8,
    usd: 0.05,
    finds: ['longCommands'],
    run: checkLongCommand,
  },
  probes: {
    ...look,
    title: 'the output of twenty short pods',
    minutes: 5,
    usd: 0.05,
    finds: ['attachedOutput'],
    run: checkProbes,
  },
  etags: {
    ...look,
    title: 'a stale If-Match, and an update without a change',
    minutes: 10,
    usd: 0.15,
    finds: [],
    run: checkEtags,
  },
  throttling: {
    ...look,
    title: 'reads of one cluster until they are throttled',
    minutes: 2,
    usd: 0.02,
    finds: ['gatewayErrors'],
    run: checkThrottling,
  },
  pools: {
    ...look,
    title: 'reimages of two pools at once, and what is left of the limits',
    minutes: 15,
    usd: 0.3,
    finds: ['poolsAtOnce'],
    run: checkPools,
  },
  reimage: {
    ...look,
    title: 'reimages on the newest image, before and after a change of the source, the mirror file, and who may pull',
    minutes: 50,
    usd: 0.8,
    finds: [
      'reimageOnNewestImage',
      'isolationReimages',
      'mirrorAddress',
      'managedRegistryOnChange',
      'managedRegistryRole',
      'commandStart',
    ],
    run: checkReimage,
  },
  poolSetting: {
    ...look,
    title: 'a setting that nodes get as they are made (LocalDNS), given and left out',
    minutes: 30,
    usd: 0.4,
    finds: ['poolSettingReimages', 'localDNSLeftOut'],
    run: checkPoolSetting,
  },
  refusal: {
    ...look,
    title: 'a command where no node takes pods',
    minutes: 7,
    usd: 0.05,
    finds: ['commandFailure'],
    run: checkRefusal,
  },
  newest: {
    title:
      'Kubernetes from 1.37: reimages by AKS itself, for the source and for outbound type none, and what a deletion leaves',
    minutes: 60,
    usd: 0.9,
    needs: [],
    cluster: 'newest',
    actions: clusterActions,
    finds: ['isolationReimages', 'managedRegistryOnDelete'],
    run: checkNewest,
  },
  ownRegistry: {
    title: 'a network and a Premium registry of one’s own, and an isolated cluster in them',
    minutes: 25,
    usd: 0.5,
    needs: [],
    cluster: 'own',
    actions: [...clusterActions, ...networkActions],
    finds: ['registryLocation'],
    run: checkOwnRegistry,
  },
  entra: {
    title: 'a command where Microsoft Entra ID signs everybody in, with a token and without',
    minutes: 5,
    usd: 0.1,
    needs: ['ownRegistry'],
    cluster: 'own',
    actions: [],
    finds: ['commandToken'],
    run: checkEntra,
  },
  deletion: {
    title: 'a cluster deleted in haste, and its subnets',
    minutes: 45,
    usd: 0.5,
    needs: ['ownRegistry'],
    cluster: 'own',
    actions: [],
    finds: ['networkRelease'],
    run: checkDeletion,
  },
};

export const checkNames: readonly CheckName[] = names;

/** The chosen checks with those that they need, in order. */
export function withNeeded(chosen: readonly CheckName[]): CheckName[] {
  const wanted = new Set<CheckName>();
  const want = (name: CheckName): void => {
    for (const needed of checks[name].needs) want(needed);
    wanted.add(name);
  };
  for (const name of chosen) want(name);
  return names.filter((name) => wanted.has(name));
}

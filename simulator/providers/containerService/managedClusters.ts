import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import type { OperationEnd } from '../../arm/operations.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { type Transition, transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/permissions.ts';
import { delegateSubnet } from '../network/subnetShapes.ts';
import { buildCluster, finished } from './clusterResource.ts';
import { checkCluster } from './clusterRules.ts';
import { clusterView } from './clusterView.ts';
import { runCommand } from './commands/runCommand.ts';
import { aksError } from './errors.ts';
import { checkEtagHeaders, withClusterEtag } from './etags.ts';
import { type Intent, intentOf } from './intent.ts';
import { makesNodes } from './isolationRules.ts';
import { clusterBucket } from './limits.ts';
import { lockedGroupFailure, refuseLockedGroup } from './nodeGroupAccess.ts';
import { keepManagedRegistry, openNodeGroup, reconcileNodeGroup } from './nodeResourceGroup.ts';
import { nodesOf } from './nodes.ts';
import {
  abortOperation,
  clusterTransitions,
  refuseWhileClusterBusy,
  refuseWhilePoolsBusy,
  refuseWhileStopped,
  seconds,
} from './operations.ts';
import { buildPool } from './poolResource.ts';
import { checkOneNetwork, checkPool, checkSystemPool } from './poolRules.ts';
import { nodeSubnet, ownSubnets, poolsAfter } from './poolsAfter.ts';
import {
  bootstrapFailure,
  checkKubeletPermission,
  checkQuota,
  checkZonePermission,
  firstNodesFailure,
  networkFailure,
  ownZoneFailure,
  policyFailure,
  zoneFailure,
} from './prerequisites.ts';
import { reimageOperation } from './reimage.ts';
import { type ClusterBody, type ClusterRequest, clusterBody, clusterRequest } from './shapes.ts';
import { clusterOf, clusterType, nodeGroupOf, poolsOf, saveCluster, savePool } from './stored.ts';
import { reimagesForIsolation } from './versions.ts';

const tagsBody = z.looseObject({ tags: z.record(z.string(), z.string()).optional() });
/** AKS answers without a charset, unlike every other provider. */
const headers = { 'content-type': 'application/json' } as const;

export const managedClusterTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: clusterType,
    tracked: true,
    names: {
      pattern: /^[a-z0-9]([\w-]{0,61}[a-z0-9])?$/i,
      rule: 'It must have 1 to 63 letters, digits, dashes and underscores, and begin and end with a letter or digit.',
    },
    view: (cluster, world) =>
      withClusterEtag(world, cluster, clusterView(world, clusterBody.parse(cluster.body), false)),
    checkHeaders: checkEtagHeaders,
    bucket: clusterBucket,
    transitions: clusterTransitions,
    put,
    patch: patchTags,
    delete: remove,
    actions: {
      abort: (request, cluster) => abortOperation(request, cluster.id, clusterOf(request).location),
      stop: (request, cluster) => switchPower(request, cluster, 'Stopped'),
      start: (request, cluster) => switchPower(request, cluster, 'Running'),
      runCommand,
    },
  },
];

function put(request: ArmRequest, resource: Resource | undefined): Reply {
  const { world } = request;
  const sent = parseBody(request, clusterRequest);
  const id = resource?.id ?? request.resourceId.replace('/resourceGroups/', '/resourcegroups/');
  const existing = resource && clusterBody.parse(resource.body);
  if (existing) {
    refuseWhileStopped(existing);
    refuseWhileClusterBusy(world, id);
    refuseWhilePoolsBusy(world, id);
    refuseLockedGroup(world, existing);
  }
  refuseUnlinkedIn(request, sent, existing);
  const intent = intentOf(sent, id, existing);
  const profiles = poolsAfter(world, id, sent, existing);
  checkCluster(world, id, sent, intent, existing, profiles);
  const cluster = buildCluster(world, id, sent, intent, existing);
  for (const profile of profiles) {
    checkPool(world, profile, intent.artifactSource === 'Cache', cluster.properties.kubernetesVersion);
  }
  checkSystemPool(profiles);
  checkOneNetwork(profiles);
  if (changesKubelet(sent, existing)) checkKubeletPermission(world, sent);
  if (!existing) checkZonePermission(world, cluster);
  checkQuota(world, id, cluster.location, profiles);
  saveCluster(world, cluster);
  for (const { name, properties, before } of profiles) {
    savePool(world, id, name, buildPool(world, properties, cluster, before, cluster.properties.provisioningState));
  }
  openNodeGroup(world, cluster);
  const apiSubnet = cluster.properties.apiServerAccessProfile?.subnetId;
  if (apiSubnet) delegateSubnet(world, apiSubnet, clusterType);
  return transit(
    world,
    { ...transitionFor(intent, existing), headers },
    {
      id,
      location: cluster.location,
      body: () => clusterView(world, cluster, true),
      findings: [
        {
          seconds: seconds.findNetworkClosed,
          failure: () => networkFailure(world, cluster, ownSubnets(cluster, profiles)),
        },
        {
          seconds: seconds.findNetworkClosed,
          failure: () => zoneFailure(world, cluster, intent, nodeSubnet(profiles)),
        },
        { seconds: seconds.findNetworkClosed, failure: () => policyFailure(world, cluster, intent) },
        { seconds: seconds.findNetworkClosed, failure: () => ownZoneFailure(world, cluster, nodeSubnet(profiles)) },
        {
          seconds: seconds.findNodesFailed,
          failure: () => bootstrapFailure(world, cluster, intent, nodeSubnet(profiles)),
        },
        {
          seconds: seconds.findNodesFailed,
          failure: () =>
            isCreation(existing) ? firstNodesFailure(world, cluster, intent, nodeSubnet(profiles)) : undefined,
        },
      ],
      atEnd: (status) => finish(world, id, status, existing),
    },
  );
}

/** Whether the request brings another kubelet identity. AKS gives the one that it makes its permission itself. */
function changesKubelet({ properties }: ClusterRequest, existing: ClusterBody | undefined): boolean {
  const kubelet = ({ identityProfile }: Pick<ClusterRequest['properties'], 'identityProfile'>) =>
    identityProfile?.kubeletidentity?.resourceId?.toLowerCase();
  return !existing || kubelet(properties) !== kubelet(existing.properties);
}

/** The caller too must be allowed to use the identities and subnets that the cluster names. @throws ArmError 403 LinkedAuthorizationFailed */
function refuseUnlinkedIn(request: ArmRequest, sent: ClusterRequest, existing: ClusterBody | undefined): void {
  const { identity, properties } = sent;
  // Clients send back the identity that AKS has made, which they need not be allowed to use.
  const kubelet = changesKubelet(sent, existing) && properties.identityProfile?.kubeletidentity?.resourceId;
  for (const assigned of [...Object.keys(identity?.userAssignedIdentities ?? {}), ...(kubelet ? [kubelet] : [])])
    refuseUnlinked(request, 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action', assigned);
  const subnets = (properties.agentPoolProfiles ?? []).map(({ vnetSubnetID }) => vnetSubnetID);
  for (const subnet of [...subnets, properties.apiServerAccessProfile?.subnetId])
    if (subnet) refuseUnlinked(request, 'Microsoft.Network/virtualNetworks/subnets/join/action', subnet);
}

function finish(world: World, id: string, status: OperationEnd, before: ClusterBody | undefined): void {
  const resource = world.store.get(id);
  if (!resource) return;
  for (const pool of poolsOf(world, id)) world.setState(pool.id, status);
  if (status === 'Succeeded') {
    const cluster = clusterBody.parse(resource.body);
    // Nodes that the change cuts off are not ready only some time after it.
    nodesOf(world, id);
    reconcileNodeGroup(world, cluster);
    saveCluster(world, finished(world, cluster, nodeGroupOf(cluster)));
  }
  world.setState(id, status);
  if (status === 'Succeeded' && before) reimageByItself(world, clusterBody.parse(resource.body), before);
}

/** AKS reimages the pools after such a change. */
function reimageByItself(world: World, cluster: ClusterBody, before: ClusterBody): void {
  const changes = ({ properties: { bootstrapProfile: bootstrap, networkProfile: network } }: ClusterBody) =>
    [bootstrap.artifactSource, bootstrap.containerRegistryId, network.outboundType].join();
  if (!reimagesForIsolation(world, cluster) || changes(cluster) === changes(before)) return;
  for (const { id } of poolsOf(world, cluster.id)) {
    const pool = world.store.get(id);
    if (!pool) continue;
    world.setState(id, 'UpgradingNodeImageVersion');
    const operation = reimageOperation(world, cluster, pool, 'byItself', (status) => world.setState(id, status));
    world.operations.start(operation, '', 0);
  }
}

function switchPower(request: ArmRequest, resource: Resource, code: 'Running' | 'Stopped'): Reply {
  const { world } = request;
  const cluster = clusterBody.parse(resource.body);
  refuseWhileClusterBusy(world, resource.id);
  refuseLockedGroup(world, cluster);
  if (code === 'Stopped' && makesNodes(cluster.properties))
    throw aksError(400, 'OperationNotAllowed', 'A cluster with node auto-provisioning cannot be stopped.');
  return transit(world, code === 'Stopped' ? clusterTransitions.stop : clusterTransitions.start, {
    id: resource.id,
    location: cluster.location,
    atEnd(status) {
      const now = clusterBody.parse(resource.body);
      if (status === 'Succeeded')
        saveCluster(world, { ...now, properties: { ...now.properties, powerState: { code } } });
    },
  });
}

function patchTags(request: ArmRequest, resource: Resource): Reply {
  const { world } = request;
  const { tags } = parseBody(request, tagsBody);
  const cluster = clusterBody.parse(resource.body);
  refuseWhileClusterBusy(world, resource.id);
  refuseLockedGroup(world, cluster);
  saveCluster(world, { ...cluster, ...(tags && { tags }) });
  return transit(
    world,
    { ...clusterTransitions.updateTags, headers },
    {
      id: resource.id,
      location: cluster.location,
      body: () => clusterView(world, clusterBody.parse(resource.body), true),
    },
  );
}

/** A deletion is allowed at any time: running operations end Canceled. */
function remove(request: ArmRequest, resource: Resource): Reply {
  const { world } = request;
  const cluster = clusterBody.parse(resource.body);
  const deleting = world.operations.running(resource.id);
  if (deleting?.verb !== 'DELETE') {
    for (
      let other = world.operations.runningBelow(resource.id);
      other;
      other = world.operations.runningBelow(resource.id)
    ) {
      world.operations.end(other, 'Canceled', {
        code: 'AKSOperationPreemptedByDelete',
        message: `The operation ${other.id} was preempted by a delete operation.`,
      });
    }
    for (const pool of poolsOf(world, resource.id)) world.setState(pool.id, 'Deleting');
  }
  return transit(world, clusterTransitions.delete, {
    id: resource.id,
    location: cluster.location,
    findings: [{ seconds: seconds.findGroupLocked, failure: () => lockedGroupFailure(world, cluster) }],
    atEnd(status) {
      if (status === 'Succeeded') keepManagedRegistry(world, cluster);
    },
  });
}

/** AKS creates a cluster whose creation has failed anew. */
const isCreation = (existing: ClusterBody | undefined): boolean =>
  !existing || existing.properties.provisioningState === 'Failed';

function transitionFor(intent: Intent, existing: ClusterBody | undefined): Transition {
  // A creation anew takes as long as the first, but is answered like an update.
  const again = existing && isCreation(existing);
  if (existing && !again) return clusterTransitions.update;
  const { createWithManagedRegistry, createWithOwnRegistry, create, update } = clusterTransitions;
  const isolated = intent.managedRegistry ? createWithManagedRegistry : createWithOwnRegistry;
  const creation = intent.artifactSource === 'Direct' ? create : isolated;
  return again ? { ...update, seconds: creation.seconds } : creation;
}

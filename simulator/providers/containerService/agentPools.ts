import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { parentPath } from '../../arm/ids.ts';
import type { OperationEnd, OperationFailure } from '../../arm/operations.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/permissions.ts';
import { buildPool } from './body.ts';
import { aksError } from './errors.ts';
import { otherBucket, poolBucket } from './limits.ts';
import { poolsOf, reconcileNodeGroup } from './nodeResourceGroup.ts';
import { currentModel, modelFailure, modelOf, scaleSetOf } from './nodes.ts';
import {
  aksStyle,
  poolTransitions,
  refuseWhileBusy,
  refuseWhilePoolBusy,
  refuseWhileStopped,
  seconds,
} from './operations.ts';
import { checkQuota, nodeFailure } from './prerequisites.ts';
import { reimageOperation } from './reimage.ts';
import { checkPool, checkSystemPool, refuseChange } from './rules.ts';
import { type ClusterBody, clusterBody, type PoolProperties, poolBody, poolRequest } from './shapes.ts';
import { allPatches, compareVersions, latestNodeImage, patchOf, upgradesFrom } from './versions.ts';

const clusterType = 'Microsoft.ContainerService/managedClusters';
const poolType = `${clusterType}/agentPools`;

/** Node pools and what is computed for them. */
export const agentPoolTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: poolType,
    notFound: (request) =>
      aksError(
        404,
        'NotFound',
        `Could not find the agent pool '${request.id.names[1]}' in cluster '${request.id.names[0]}'.`,
      ),
    bucket: poolBucket,
    transitions: poolTransitions,
    put,
    delete: remove,
    actions: { upgradeNodeImageVersion: reimage, abort },
  },
  { kind: 'computed', type: `${poolType}/upgradeProfiles`, bucket: otherBucket, get: upgradeProfile },
  { kind: 'computed', type: `${clusterType}/availableAgentPoolVersions`, bucket: otherBucket, get: availableVersions },
];

/** Stores a pool under its cluster. */
export function savePool(world: World, clusterId: string, name: string, properties: PoolProperties): Resource {
  const id = `${clusterId}/agentPools/${name}`;
  return world.store.put(id, poolType, { id, name, type: poolType, properties });
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const cluster = clusterOf(request);
  const { properties: sent } = parseBody(request, poolRequest);
  refuseWhileStopped(cluster);
  refuseWhileBusy(world, cluster.id);
  const name = request.id.names[1] ?? '';
  const id = `${cluster.id}/agentPools/${name}`;
  refuseWhilePoolBusy(world, id);
  if (sent.vnetSubnetID)
    refuseUnlinked(request, 'Microsoft.Network/virtualNetworks/subnets/join/action', sent.vnetSubnetID);
  const before = existing && poolBody.parse(existing.body).properties;
  for (const key of ['vmSize', 'osType', 'vnetSubnetID', 'type', 'maxPods'] as const) {
    refuseChange(before?.[key], sent[key], `properties.${key}`);
  }
  const isolated = cluster.properties.bootstrapProfile.artifactSource === 'Cache';
  const subnet = sent.vnetSubnetID ?? before?.vnetSubnetID ?? poolsOf(world, cluster.id)[0]?.properties.vnetSubnetID;
  const wanted = { ...sent, ...(subnet && { vnetSubnetID: subnet }) };
  checkPool(world, { name, properties: wanted }, isolated, cluster.properties.kubernetesVersion);
  const state = existing ? 'Updating' : 'Creating';
  const properties = buildPool(world, wanted, cluster, before, state);
  checkSystemPool([...poolsOf(world, cluster.id).filter((pool) => pool.name !== name), { properties }]);
  checkQuota(world, cluster.id, cluster.location, [{ name, properties, before }]);
  const { body } = savePool(world, cluster.id, name, properties);
  return transit(world, existing ? poolTransitions.update : poolTransitions.create, {
    id,
    location: cluster.location,
    body: () => body,
    findings: [
      { seconds: seconds.findPoolFailed, failure: () => scaleFailure(world, cluster, name, before, properties) },
    ],
    atEnd: (status) => finish(world, cluster, id, status),
  });
}

/** Nodes that are added to a pool are made of its model, which may be behind what the cluster says. */
function scaleFailure(
  world: World,
  cluster: ClusterBody,
  name: string,
  before: PoolProperties | undefined,
  { count }: PoolProperties,
): OperationFailure | undefined {
  const scaleSet = scaleSetOf(world, cluster, name);
  if ((count ?? 1) <= (before?.count ?? 0)) return undefined;
  const failure = modelFailure(world, cluster, name, scaleSet ? modelOf(scaleSet) : currentModel(world, cluster));
  return failure && nodeFailure(failure.exitStatus, failure.why);
}

function remove(request: ArmRequest, pool: Resource): Reply {
  const { world } = request;
  const cluster = clusterOf(request);
  refuseWhileBusy(world, cluster.id);
  refuseWhilePoolBusy(world, pool.id);
  checkSystemPool(poolsOf(world, cluster.id).filter((other) => other.name !== pool.name));
  return transit(world, poolTransitions.delete, {
    id: pool.id,
    location: cluster.location,
    atEnd(status) {
      const scaleSet = status === 'Succeeded' ? scaleSetOf(world, cluster, pool.name) : undefined;
      if (scaleSet) world.remove(scaleSet.id);
    },
  });
}

/** Answered with 202 even when there is nothing to do; the cluster itself stays Succeeded. */
function reimage(request: ArmRequest, pool: Resource): Reply {
  const { world } = request;
  const cluster = clusterOf(request);
  refuseWhileStopped(cluster);
  refuseWhileBusy(world, cluster.id);
  refuseWhilePoolBusy(world, pool.id);
  if (poolBody.parse(pool.body).properties.mode === 'Machines') {
    throw aksError(
      400,
      'OperationNotAllowed',
      'Upgrading node image version on machines agent pool is not allowed. Please use per machine operations.',
    );
  }
  world.settle(pool.id, 'UpgradingNodeImageVersion');
  const operation = reimageOperation(world, cluster, pool, true, (status) => finish(world, cluster, pool.id, status));
  return { status: 202, body: pool.body, seconds: 2, operation };
}

function abort(request: ArmRequest, pool: Resource): Reply {
  return abortOperation(request, pool.id, clusterOf(request).location);
}

/** Ends the operation running on a cluster or pool as Canceled, a while later. */
export function abortOperation({ world }: ArmRequest, id: string, location: string): Reply {
  const running = world.operations.running(id);
  if (!running) return { status: 204 };
  world.settle(id, 'Canceling');
  return {
    status: 202,
    operation: {
      style: aksStyle('both'),
      resourceId: `${id}/abort`,
      verb: 'POST abort',
      location,
      seconds: seconds.abort,
      onEnd: () =>
        world.operations.end(running, 'Canceled', {
          code: 'OperationAborted',
          message: `The operation ${running.id} was aborted by its owner.`,
        }),
    },
  };
}

function finish(world: World, cluster: ClusterBody, poolId: string, status: OperationEnd): void {
  world.settle(poolId, status);
  if (status === 'Succeeded') reconcileNodeGroup(world, cluster);
}

function upgradeProfile(request: ArmRequest): Reply {
  const { world } = request;
  const poolPath = parentPath(request.resourceId);
  const pool = world.store.get(poolPath);
  if (!pool)
    throw aksError(
      404,
      'NotFound',
      `Could not find the agent pool '${request.id.names[1]}' in cluster '${request.id.names[0]}'.`,
    );
  const { orchestratorVersion, osType } = poolBody.parse(pool.body).properties;
  const version = patchOf(world.edition, orchestratorVersion ?? '');
  const upgrades = upgradesFrom(world.edition, version).map((kubernetesVersion) => ({ kubernetesVersion }));
  return {
    status: 200,
    body: {
      id: `${pool.id}/upgradeProfiles/default`,
      name: 'default',
      type: `${poolType}/upgradeProfiles`,
      properties: {
        kubernetesVersion: version,
        osType: osType ?? 'Linux',
        upgrades,
        latestNodeImageVersion: latestNodeImage(world),
      },
    },
  };
}

function availableVersions(request: ArmRequest): Reply {
  const { world } = request;
  const cluster = clusterOf(request);
  const current = cluster.properties.currentKubernetesVersion;
  const versions = allPatches(world.edition).filter((patch) => compareVersions(patch, current) <= 0);
  const agentPoolVersions = versions.map((kubernetesVersion) => ({
    kubernetesVersion,
    ...(kubernetesVersion === current && { default: true }),
  }));
  const type = `${clusterType}/availableAgentPoolVersions`;
  return {
    status: 200,
    body: { id: `${cluster.id}/availableagentpoolversions`, name: 'default', type, properties: { agentPoolVersions } },
  };
}

/** The cluster a request is about; the gateway has checked that it exists. */
export function clusterOf(request: ArmRequest): ClusterBody {
  const [path = ''] = /^.*\/managedClusters\/[^/]+/i.exec(request.resourceId) ?? [];
  const cluster = request.world.store.get(path);
  if (!cluster) throw aksError(404, 'NotFound', `Could not find the managed cluster '${request.id.names[0]}'.`);
  return clusterBody.parse(cluster.body);
}

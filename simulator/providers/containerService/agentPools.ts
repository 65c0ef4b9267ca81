import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { type Body, isBody } from '../../arm/json.ts';
import type { OperationEnd, OperationFailure } from '../../arm/operations.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { refuseUnlinked } from '../authorization/permissions.ts';
import { machinesOf, modelOf } from '../compute/machines.ts';
import { totalOf } from '../compute/poolSizes.ts';
import { aksError, poolNotFound, refuseChange } from './errors.ts';
import { checkEtagHeaders, withClusterEtag } from './etags.ts';
import { poolBucket } from './limits.ts';
import { refuseLockedGroup } from './nodeGroupAccess.ts';
import { reconcileNodeGroup } from './nodeResourceGroup.ts';
import { currentModel, holderOf } from './nodes.ts';
import {
  abortOperation,
  poolTransitions,
  refuseWhileClusterBusy,
  refuseWhilePoolBusy,
  refuseWhileStopped,
  seconds,
} from './operations.ts';
import { checkLocalDns, rollsPool } from './poolChanges.ts';
import { buildPool } from './poolResource.ts';
import { checkOneNetwork, checkPool, checkSystemPool, fixedInPools } from './poolRules.ts';
import { checkQuota } from './prerequisites.ts';
import { modelFailure, nodeFailure } from './pulls.ts';
import { newestImageAnswer, reimageOperation } from './reimage.ts';
import { type ClusterBody, type PoolProperties, poolBody, poolRequest } from './shapes.ts';
import { clusterOf, poolsOf, poolType, savePool } from './stored.ts';
import { shownPool } from './virtualMachinePools.ts';

export const agentPoolTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: poolType,
    notFound: poolNotFound,
    view: shownWithEtag,
    checkHeaders: checkEtagHeaders,
    bucket: poolBucket,
    transitions: poolTransitions,
    put,
    delete: remove,
    actions: { upgradeNodeImageVersion: reimage, abort },
  },
];

function shownWithEtag(pool: Resource, world: World): Body {
  const { properties, ...rest } = shown(pool);
  return { ...rest, properties: withClusterEtag(world, pool, isBody(properties) ? properties : {}) };
}

function shown({ body }: Pick<Resource, 'body'>): Body {
  return { ...body, properties: shownPool(poolBody.parse(body).properties) };
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const cluster = clusterOf(request);
  const { properties: sent } = parseBody(request, poolRequest);
  refuseWhileStopped(cluster);
  refuseWhileClusterBusy(world, cluster.id);
  refuseLockedGroup(world, cluster);
  const name = request.id.names[1] ?? '';
  const id = `${cluster.id}/agentPools/${name}`;
  refuseWhilePoolBusy(world, id);
  if (sent.vnetSubnetID)
    refuseUnlinked(request, 'Microsoft.Network/virtualNetworks/subnets/join/action', sent.vnetSubnetID);
  const before = existing && poolBody.parse(existing.body).properties;
  for (const key of fixedInPools) {
    refuseChange(before?.[key], sent[key], `properties.${key}`);
  }
  const isolated = cluster.properties.bootstrapProfile.artifactSource === 'Cache';
  const subnet = sent.vnetSubnetID ?? before?.vnetSubnetID ?? poolsOf(world, cluster.id)[0]?.properties.vnetSubnetID;
  const wanted = { ...sent, ...(subnet && { vnetSubnetID: subnet }) };
  checkPool(world, { name, properties: wanted }, isolated, cluster.properties.kubernetesVersion);
  const state = existing ? 'Updating' : 'Creating';
  const properties = buildPool(world, wanted, cluster, before, state);
  const all = [...poolsOf(world, cluster.id).filter((pool) => pool.name !== name), { properties }];
  checkSystemPool(all);
  checkOneNetwork(all);
  checkQuota(world, cluster.id, cluster.location, [{ name, properties, before }]);
  checkLocalDns(cluster, properties);
  const rolls = before !== undefined && rollsPool(world, cluster, before, properties);
  const pool = savePool(world, cluster.id, name, properties);
  if (rolls) {
    const operation = reimageOperation(world, cluster, pool, 'changed', (status) => finish(world, cluster, id, status));
    return { status: 200, body: shown(pool), seconds: poolTransitions.update.requestSeconds, operation };
  }
  return transit(world, existing ? poolTransitions.update : poolTransitions.create, {
    id,
    location: cluster.location,
    body: () => shown(pool),
    findings: [
      { seconds: seconds.findPoolFailed, failure: () => scaleFailure(world, cluster, name, before, properties) },
    ],
    atEnd: (status) => finish(world, cluster, id, status),
  });
}

/** Added nodes are made of the pool's model, which may be older than the cluster's settings. */
function scaleFailure(
  world: World,
  cluster: ClusterBody,
  name: string,
  before: PoolProperties | undefined,
  properties: PoolProperties,
): OperationFailure | undefined {
  const holder = holderOf(world, cluster, name);
  if (totalOf(properties) <= totalOf(before)) return undefined;
  const failure = modelFailure(world, cluster, name, holder ? modelOf(holder) : currentModel(world, cluster));
  return failure && nodeFailure(failure);
}

function remove(request: ArmRequest, pool: Resource): Reply {
  const { world } = request;
  const cluster = clusterOf(request);
  refuseWhileClusterBusy(world, cluster.id);
  refuseLockedGroup(world, cluster);
  refuseWhilePoolBusy(world, pool.id);
  checkSystemPool(poolsOf(world, cluster.id).filter((other) => other.name !== pool.name));
  return transit(world, poolTransitions.delete, {
    id: pool.id,
    location: cluster.location,
    atEnd(status) {
      const holder = status === 'Succeeded' ? holderOf(world, cluster, pool.name) : undefined;
      if (!holder) return;
      for (const { id } of machinesOf(world, holder)) world.remove(id);
      world.remove(holder.id);
    },
  });
}

/** AKS answers 202 even when there is nothing to do. The cluster itself stays Succeeded. */
function reimage(request: ArmRequest, pool: Resource): Reply {
  const { world } = request;
  const cluster = clusterOf(request);
  refuseWhileStopped(cluster);
  refuseWhileClusterBusy(world, cluster.id);
  refuseLockedGroup(world, cluster);
  refuseWhilePoolBusy(world, pool.id);
  if (poolBody.parse(pool.body).properties.mode === 'Machines') {
    throw aksError(
      400,
      'OperationNotAllowed',
      'Upgrading node image version on machines agent pool is not allowed. Please use per machine operations.',
    );
  }
  const whereNewest = newestImageAnswer(world, pool);
  if (whereNewest === '304') return { status: 304 };
  if (whereNewest === 'refused')
    throw aksError(400, 'BadRequest', 'The node pool has the latest node image version already.');
  world.setState(pool.id, 'UpgradingNodeImageVersion');
  const operation = reimageOperation(world, cluster, pool, 'asked', (status) =>
    finish(world, cluster, pool.id, status),
  );
  return { status: 202, body: shown(pool), seconds: 2, operation };
}

function abort(request: ArmRequest, pool: Resource): Reply {
  return abortOperation(request, pool.id, clusterOf(request).location);
}

function finish(world: World, cluster: ClusterBody, poolId: string, status: OperationEnd): void {
  world.setState(poolId, status);
  if (status === 'Succeeded') reconcileNodeGroup(world, cluster);
}

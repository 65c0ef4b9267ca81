import type { AgentPool } from '@azure/arm-containerservice';
import { compareVersions } from 'compare-versions';
import { saysNothingToDo } from '../../../resources/agentPools.ts';
import { builtInRoles } from '../../../resources/roles.ts';
import type { Followed } from '../azure.ts';
import {
  changeCluster,
  deleteCluster,
  lookInside,
  machines,
  makeCluster,
  poolOf,
  reimage,
  reimagesByItself,
  settled,
} from '../clusters.ts';
import { type Exchange, errorCode, exchangeText, inAnswer } from '../exchanges.ts';
import type { Finding } from '../findings.ts';
import { CheckStopped, groupName, type Live, nodeGroupName, openCluster, poolName, required } from '../live.ts';
import { versionWhere } from './cluster.ts';

/** Asks for a reimage before and after a change of where nodes boot from, and looks at their disks and at the mirror file. */
export async function checkReimage(live: Live): Promise<Finding[]> {
  // An earlier start may have stopped in the middle: nodes are made as they are at first.
  if (live.isRepeated)
    await changeCluster(live, 'open', { artifactSource: 'Direct' }).then(() => reimage(live, 'open'));
  const { ids: made } = await machines(live, 'open');
  const asked = await reimage(live, 'open');
  const first = await machines(live, 'open');
  await changeCluster(live, 'open', { artifactSource: 'Cache' });
  const registry = await managedRegistry(live, 'open');
  const role = await registryRole(live, registry);
  const alone = await reimagesByItself(live, 'open', first.ids);
  const again = await reimage(live, 'open');
  const second = await machines(live, 'open');
  const mirror = await mirrorAddress(live, first.ids !== second.ids);
  await changeCluster(live, 'open', { artifactSource: 'Direct' });
  return [
    reimageFinding([asked, again], {
      first: first.ids !== made,
      second: !alone.did && second.ids !== first.ids,
      alone: alone.did,
    }),
    ...(alone.did ? [byItself('always', alone.shownBy)] : []),
    ...startsLate(first.ids !== made && first.late, second.ids !== first.ids && second.late),
    role,
    mirror,
    await registryAfter(live, registry, 'managedRegistryOnChange'),
  ];
}

/** The first command on nodes that were made anew may start late where one on a new cluster did not. */
const startsLate = (...looks: readonly (readonly Exchange[] | false)[]): Finding[] =>
  looks.flatMap((late) =>
    late && late.length > 0 ? [{ switch: 'commandStart', position: 'cold', shownBy: late }] : [],
  );

/** Who holds AcrPull on the registry that AKS has made: what the product does not look at, for AKS takes care of it. */
async function registryRole(live: Live, registry: string): Promise<Finding> {
  const { identityProfile } = await settled(live, 'open');
  const scope = `${live.azure.subscriptionScope}/resourceGroups/${nodeGroupName(live.runId, 'open')}/providers/Microsoft.ContainerRegistry/registries/${registry}`;
  const { clients } = live.azure;
  const { value, last } = await live.azure.ask(async () => {
    const holders: (string | undefined)[] = [];
    for await (const { roleDefinitionId, principalId } of clients.authorization.roleAssignments.listForScope(scope))
      if (roleDefinitionId?.endsWith(builtInRoles.acrPull.id)) holders.push(principalId);
    return holders;
  });
  const finding = { switch: 'managedRegistryRole', shownBy: [last] } as const;
  if (!value) return { ...finding, unknown: 'the assignments of roles could not be read' };
  if (value.length === 0) return { ...finding, position: 'none' };
  return value.includes(identityProfile?.kubeletidentity?.objectId)
    ? { ...finding, position: 'kubelet' }
    : { ...finding, otherwise: 'somebody else than the kubelet holds AcrPull there' };
}

const byItself = (position: 'from137' | 'never' | 'always', shownBy: readonly Exchange[]): Finding => ({
  switch: 'isolationReimages',
  position,
  shownBy,
});

/** The end of the nodes of a pool with the newest image: where nothing had changed, and where the source had. */
function reimageFinding(
  [asked, again]: readonly [Followed, Followed],
  nodes: { first: boolean; second: boolean; alone: boolean },
): Finding {
  const finding = { switch: 'reimageOnNewestImage', shownBy: [asked.first, again.first] } as const;
  if (asked.first.status === 304) return { ...finding, position: '304' };
  if (isRefusedForNewest(asked.first)) return { ...finding, position: 'refused' };
  // Nodes that stay say nothing where AKS was not asked.
  const unasked = [asked, again].find(({ outcome, first }) => outcome === 'refused' && first.status >= 400);
  if (unasked) return { ...finding, unknown: `a request was answered ${exchangeText(unasked.first)}` };
  if (nodes.first) return { ...finding, position: 'reimages' };
  if (nodes.second) return { ...finding, position: 'changedNodes' };
  if (nodes.alone)
    return {
      ...finding,
      unknown: 'changedNodes or ignored: AKS had reimaged the changed nodes by itself before it was asked',
    };
  return { ...finding, position: 'ignored' };
}

/** Whether AKS has refused to reimage a pool because that has the newest image. */
export const isRefusedForNewest = (answered: Exchange): boolean =>
  answered.status >= 400 &&
  answered.status < 500 &&
  saysNothingToDo(
    [errorCode(answered), inAnswer(answered, 'error.message') ?? inAnswer(answered, 'message')].join(' '),
  );

/** The registry that AKS has made for a cluster. */
async function managedRegistry(live: Live, key: 'open' | 'newest'): Promise<string> {
  const { bootstrapProfile } = await settled(live, key);
  const id = bootstrapProfile?.containerRegistryId;
  if (id === undefined) throw new CheckStopped('AKS shows no registry of its own in the cluster');
  return id.split('/').at(-1) ?? '';
}

/** Whether it is gone. An operation has ended by then; what comes later counts as well, for a while. */
async function registryAfter(
  live: Live,
  name: string,
  which: 'managedRegistryOnChange' | 'managedRegistryOnDelete',
): Promise<Finding> {
  const { registries } = live.azure.clients.containerRegistry;
  const group = nodeGroupName(live.runId, which === 'managedRegistryOnChange' ? 'open' : 'newest');
  for (let look = 0; ; look += 1) {
    const { value, last } = await live.azure.ask(() => registries.get(group, name));
    if (last.status === 404) return { switch: which, position: 'goes', shownBy: [last] };
    if (look === 5 && value) return { switch: which, position: 'stays', shownBy: [last] };
    if (look === 5) return { switch: which, unknown: `it could not be read: ${exchangeText(last)}`, shownBy: [last] };
    await live.azure.wait(60);
  }
}

const image = 'mcr.microsoft.com/azurelinux/busybox:1.36';
const hostsFile = '/hosts/mcr.microsoft.com/hosts.toml';

/** Reads the mirror of Microsoft's registry on a node that was made anew. */
async function mirrorAddress(live: Live, isMadeAnew: boolean): Promise<Finding> {
  if (!isMadeAnew) return { switch: 'mirrorAddress', unknown: 'no node was made anew with a mirror' };
  const spec = {
    containers: [
      {
        name: 'live-mirror',
        image,
        command: ['cat', hostsFile],
        volumeMounts: [{ name: 'hosts', mountPath: '/hosts', readOnly: true }],
      },
    ],
    volumes: [{ name: 'hosts', hostPath: { path: '/etc/containerd/certs.d' } }],
  };
  const run = `kubectl run live-mirror --image ${image} --restart Never --attach --quiet --overrides '${JSON.stringify({ spec })}'`;
  const { ran, last } = await lookInside(
    live,
    'open',
    `${run}; kubectl logs live-mirror; kubectl delete pod live-mirror --ignore-not-found`,
  );
  const [, path] = /\[host\."https:\/\/[^/"]+\/v2(\/?[^"]*)"\]/.exec(ran.logs) ?? [];
  const finding = { switch: 'mirrorAddress', shownBy: [last] } as const;
  if (path === '/') return { ...finding, position: 'withSlash' };
  if (path === '') return { ...finding, position: 'withoutSlash' };
  if (path === undefined) return { ...finding, unknown: 'the node has no mirror file' };
  return {
    ...finding,
    unknown: `the rule of AKS's own registry has a prefix (${path}), so that the form without one is not used`,
  };
}

/** Isolates a cluster of the newest version, sees what AKS reimages by itself, and what its deletion leaves. */
export async function checkNewest(live: Live): Promise<Finding[]> {
  const newest = await versionWhere(live, (version) => compareVersions(version, '1.37') >= 0);
  await makeCluster(live, 'newest', {
    ...openCluster(live, 'newest'),
    // Without egress, nodes reach no public API server.
    apiServerAccessProfile: { enablePrivateCluster: true },
    ...(newest !== undefined && { kubernetesVersion: newest }),
  });
  const isChanged = (await settled(live, 'newest')).bootstrapProfile?.artifactSource === 'Cache';
  const { ids } = await machines(live, 'newest');
  await changeCluster(live, 'newest', { artifactSource: 'Cache' });
  const registry = await managedRegistry(live, 'newest');
  const notSeen =
    newest === undefined
      ? 'the region offers no Kubernetes from 1.37'
      : isChanged && 'an earlier start of the run has changed the cluster already';
  const found: Finding[] = notSeen
    ? [{ switch: 'isolationReimages', unknown: notSeen }]
    : await afterIsolation(live, ids);
  await deleteCluster(live, 'newest');
  return [...found, await registryAfter(live, registry, 'managedRegistryOnDelete')];
}

/** Whether AKS reimages after the change of the source, and after that of the outbound type. @param before Nodes before the first. */
async function afterIsolation(live: Live, before: string): Promise<Finding[]> {
  const source = await reimagesByItself(live, 'newest', before);
  // Nodes that boot from Microsoft can do nothing more once egress is cut.
  if (!source.did) await reimage(live, 'newest');
  const { ids } = await machines(live, 'newest');
  if (ids === before) return [isolationFinding(live, source)];
  await changeCluster(live, 'newest', { outboundType: 'none' });
  const outbound = await reimagesByItself(live, 'newest', ids);
  if (outbound.did === source.did)
    return [isolationFinding(live, { ...outbound, shownBy: [...source.shownBy, ...outbound.shownBy] })];
  const [one, other] = source.did ? ['source', 'outbound type'] : ['outbound type', 'source'];
  const otherwise = `AKS reimages after a change of the ${one}, and not after one of the ${other}`;
  return [{ switch: 'isolationReimages', otherwise, shownBy: [...source.shownBy, ...outbound.shownBy] }];
}

function isolationFinding({ findings }: Live, { did, shownBy }: { did: boolean; shownBy: Exchange[] }): Finding {
  if (!did) return byItself('never', shownBy);
  // The check of the reimage has looked at an older cluster, and tells the other one.
  const older = findings.find((each) => each.switch === 'reimageOnNewestImage');
  const isAlways = findings.some((each) => each.switch === 'isolationReimages' && 'position' in each);
  if (isAlways) return byItself('always', shownBy);
  return older
    ? byItself('from137', shownBy)
    : { switch: 'isolationReimages', unknown: 'from137 or always: no older cluster was looked at', shownBy };
}

/** Gives a pool a setting that nodes get as they are made, and then leaves it out of an update. */
export async function checkPoolSetting(live: Live): Promise<Finding[]> {
  const { agentPools } = live.azure.clients.containerService;
  const group = groupName(live.runId);
  await settled(live, 'open');
  const { localDNSProfile, ...plain } = (await poolOf(live, poolName)).pool;
  const write = async (body: AgentPool, what: string) =>
    required(
      await live.azure.follow('containerService', () => agentPools.createOrUpdate(group, 'open', poolName, body)),
      what,
    );
  // An earlier start may have given it, and AKS may do so by itself.
  if ((localDNSProfile?.mode ?? 'Disabled') !== 'Disabled') {
    await write({ ...plain, localDNSProfile: { mode: 'Disabled' } }, 'the update that takes LocalDNS away');
    await settled(live, 'open');
  }
  const { ids: before } = await machines(live, 'open');
  const changed = await write({ ...plain, localDNSProfile: { mode: 'Preferred' } }, 'LocalDNS');
  await settled(live, 'open');
  const given = (await poolOf(live, poolName)).pool.localDNSProfile?.mode;
  if (given !== 'Preferred') throw new CheckStopped(`AKS shows LocalDNS as ${given ?? 'absent'} after it was given`);
  const { ids: after, last } = await machines(live, 'open');
  const leftOut = await write(plain, 'the update without LocalDNS');
  await settled(live, 'open');
  const shown = await poolOf(live, poolName);
  const mode = shown.pool.localDNSProfile?.mode ?? 'Disabled';
  return [
    {
      switch: 'poolSettingReimages',
      position: after === before ? 'never' : 'reimages',
      shownBy: [changed.first, last],
    },
    {
      switch: 'localDNSLeftOut',
      position: mode === 'Disabled' ? 'resets' : 'stays',
      shownBy: [leftOut.first, shown.last],
    },
  ];
}

import type { Followed } from '../azure.ts';
import { poolOf, settled } from '../clusters.ts';
import { type Exchange, errorCode } from '../exchanges.ts';
import type { Finding } from '../findings.ts';
import { groupName, type Live, poolName, required } from '../live.ts';
import { isRefusedForNewest } from './reimage.ts';

const second = 'second';

/** Asks for reimages of two pools at once: whether AKS takes both, and how many requests it leaves. */
export async function checkPools(live: Live): Promise<Finding[]> {
  const { agentPools } = live.azure.clients.containerService;
  const group = groupName(live.runId);
  await settled(live, 'open');
  const body = {
    mode: 'User',
    count: 1,
    vmSize: live.vmSize,
    // It makes room for itself: the quota is for three nodes.
    upgradeSettings: { maxSurge: '0', maxUnavailable: '1' },
  };
  required(
    await live.azure.follow('containerService', () => agentPools.createOrUpdate(group, 'open', second, body)),
    'another pool',
  );
  await settled(live, 'open');
  // Only one right after the other is sure to be beside it.
  const both = await live.azure.followTogether(
    'containerService',
    [second, poolName].map((name) => () => agentPools.upgradeNodeImageVersion(group, 'open', name)),
  );
  await settled(live, 'open');
  const updates = both.some(({ first }) => first.status === 304 || isRefusedForNewest(first))
    ? await updatesTogether(live)
    : undefined;
  required(
    await live.azure.follow('containerService', () => agentPools.delete(group, 'open', second)),
    'the deletion of the other pool',
  );
  await settled(live, 'open');
  return [
    atOnce(
      live,
      (updates ?? both).map(({ first }) => first),
    ),
  ];
}

/** Where AKS has nothing to reimage, no operation runs beside the other one: labels of both pools are changed at once instead. */
async function updatesTogether(live: Live): Promise<Followed[]> {
  const { agentPools } = live.azure.clients.containerService;
  const group = groupName(live.runId);
  const changes = [second, poolName].map(async (name) => {
    const body = { ...(await poolOf(live, name)).pool, nodeLabels: { live: 'labelled' } };
    return () => agentPools.createOrUpdate(group, 'open', name, body);
  });
  const updates = await live.azure.followTogether('containerService', await Promise.all(changes));
  await settled(live, 'open');
  return updates;
}

function atOnce(live: Live, shownBy: readonly Exchange[]): Finding {
  const left = shownBy.flatMap(({ answer }) =>
    Object.entries(answer.headers).filter(([name]) => name.startsWith('x-ms-ratelimit-remaining')),
  );
  for (const [name, value] of left) live.say(`  ${name}: ${value}`);
  const finding = { switch: 'poolsAtOnce', shownBy } as const;
  const refused = shownBy.find(({ status }) => status >= 400);
  if (!refused) return { ...finding, position: 'many' };
  const code = errorCode(refused) ?? 'no code';
  if (refused.status === 409 && code === 'OperationNotAllowed') return { ...finding, position: 'one' };
  const answered = `a pool was answered ${refused.status} ${code}`;
  // Of others Azure would say the same about one pool alone.
  return refused.status === 409 || code === 'OperationNotAllowed'
    ? { ...finding, otherwise: answered }
    : { ...finding, unknown: answered };
}

import { describe, expect, it } from '@jest/globals';
import type { Check } from '../../../contract/index.ts';
import type { ClusterFacts } from '../../../resources/managedClusters.ts';
import type { KubernetesFacts, Look, NodeFacts, NodeProbeResult, PoolReimage } from '../../../resources/nodes.ts';
import { addedPoolChecks, nodeChecks, reimageChecks } from '../../../workflows/nodes/checks.ts';
import { oldestNode } from '../../../workflows/nodes/probe.ts';
import { isolated, pool, systemPool } from '../existingCluster/support.ts';

const source = 'r.azurecr.io/aks-managed-repository';
const node = (name: string, changes: Partial<NodeFacts> = {}): NodeFacts => ({
  name,
  pool: 'system',
  bootId: name,
  createdAt: '2026-01-01T00:00:00Z',
  ready: true,
  ...changes,
});
const three: Look<KubernetesFacts> = { seen: { nodes: [node('a'), node('b'), node('c')], disruptionBudgets: [] } };
const noNodes: Look<KubernetesFacts> = { seen: { nodes: [], disruptionBudgets: [] } };
const probed = (changes: Partial<NodeProbeResult> = {}): Record<string, Look<NodeProbeResult>> => ({
  system: { seen: { node: 'a', image: 'i', pulled: true, bootstrapSource: source, message: 'was pulled', ...changes } },
});
const one = (changes: Parameters<typeof pool>[1] = {}, cluster: Partial<ClusterFacts> = {}): ClusterFacts =>
  isolated({ agentPoolProfiles: [{ ...systemPool, ...changes }], ...cluster });
const summary = (checks: readonly Check[]) =>
  Object.fromEntries(
    checks.map((each) => [each.id, each.verdict === 'unproven' ? `unproven: ${each.because}` : each.verdict]),
  );

describe('the checks of nodes', () => {
  it('are met where all nodes were seen, and the oldest boots from the source and pulls through it', () => {
    expect(summary(nodeChecks(one(), three, probed(), source))).toEqual({
      nodes: 'met',
      'nodes:system': 'met',
      'boots:system': 'met',
      'pulls:system': 'met',
    });
  });

  it('tell the pods of earlier looks that remain, and are met all the same', () => {
    const left = { ...('seen' in three ? three.seen : noNodes), leftPods: ['kube-system/old'] } as KubernetesFacts;
    const checks = nodeChecks(one(), { seen: left }, probed(), source);
    expect(checks.find(({ id }) => id === 'leftPods')).toMatchObject({ seen: 'kube-system/old', ok: true });
    expect(checks.every(({ ok }) => ok)).toBe(true);
  });

  it.each<[what: string, probe: Partial<NodeProbeResult>, check: string]>([
    ['another source', { bootstrapSource: 'Direct' }, 'boots:system'],
    ['an image that cannot be pulled', { pulled: false, message: 'ErrImagePull' }, 'pulls:system'],
  ])('are missed for %s', (_what, probe, check) => {
    expect(summary(nodeChecks(one(), three, probed(probe), source))).toMatchObject({ [check]: 'missed' });
  });

  it('are unproven where the registry may not be read, whose rule names the path', () => {
    const unread = { unread: { registry: 'AuthorizationFailed' } };
    const [host] = source.split('/');
    const other = probed({ bootstrapSource: `${host}/mirror`, pulled: false, message: 'ErrImagePull' });
    expect(summary(nodeChecks(one(), three, other, source, unread))).toMatchObject({
      'boots:system': 'unproven: readForbidden',
      'pulls:system': 'unproven: readForbidden',
    });
    expect(summary(nodeChecks(one(), three, probed(), source, unread))).toMatchObject({ 'boots:system': 'met' });
    const direct = probed({ bootstrapSource: 'Direct' });
    expect(summary(nodeChecks(one(), three, direct, source, unread))).toMatchObject({ 'boots:system': 'missed' });
  });

  it('do not take an image that cannot be pulled for a source that is wrong', () => {
    const { bootstrapSource: _source, ...ran } = {
      node: 'a',
      image: 'i',
      bootstrapSource: '',
      pulled: false,
      message: 'x',
    };
    expect(summary(nodeChecks(one(), three, { system: { seen: ran } }, source))).toMatchObject({
      'boots:system': 'unproven: failed',
      'pulls:system': 'missed',
    });
  });

  it('are incomplete where AKS counts other nodes than were seen', () => {
    for (const count of [2, 4])
      expect(summary(nodeChecks(one({ count }), three, probed(), source))).toMatchObject({
        'nodes:system': 'unproven: incomplete',
      });
  });

  it.each([
    ['as many machines as nodes', { system: 3 }, 'met'],
    ['a machine that has not joined', { system: 4 }, 'unproven: incomplete'],
    ['a scale set that was not found', {}, 'unproven: incomplete'],
    ['machines that nobody has counted', undefined, 'met'],
  ] as const)('hold %s against what was seen', (_what, machines, expected) => {
    const counted = machines && { machines };
    expect(summary(nodeChecks(one(), three, probed(), source, counted))['nodes:system']).toBe(expected);
    const single = one({ type: 'VirtualMachines' });
    expect(summary(nodeChecks(single, three, probed(), source, { machines: {} }))['nodes:system']).toBe('met');
  });

  it.each([
    ['notAllowed', 'runCommandForbidden'],
    ['failed', 'failed'],
  ] as const)('tell that a look was %s as %s', (because, gap) => {
    const unseen = { unseen: { because, message: 'why' } };
    const both = { 'boots:system': `unproven: ${gap}`, 'pulls:system': `unproven: ${gap}` };
    expect(summary(nodeChecks(one(), unseen, {}, source))).toMatchObject(both);
    expect(summary(nodeChecks(one(), three, { system: unseen }, source))).toMatchObject(both);
  });

  it('never take a pool whose node was not asked for a proven one', () => {
    expect(summary(nodeChecks(one(), three, {}, source))).toMatchObject({
      'boots:system': 'unproven: failed',
      'pulls:system': 'unproven: failed',
    });
  });

  it('take an empty pool to boot as the cluster says', () => {
    const empty = { count: 0 };
    expect(summary(nodeChecks(one(empty), noNodes, {}, source))['boots:system']).toBe('met');
    const direct = one(empty, { artifactSource: 'Direct' });
    expect(summary(nodeChecks(direct, noNodes, {}, source))['boots:system']).toBe('missed');
  });

  it('say nothing of a stopped pool, or of Windows nodes', () => {
    const stopped = one({ count: 0, powerState: 'Stopped' });
    expect(summary(nodeChecks(stopped, noNodes, {}, source))['boots:system']).toBe('unproven: incomplete');
    const windows = one({ osType: 'Windows' });
    expect(summary(nodeChecks(windows, three, probed(), source))['boots:system']).toBe('unproven: incomplete');
  });
});

describe('the checks of reimages', () => {
  const reimage = (changes: Partial<PoolReimage>): PoolReimage => ({
    pool: 'work',
    evidence: 'nodes',
    reimaged: true,
    nodes: [],
    seen: '2 of 2 nodes have a new disk',
    how: 'reimaged',
    notModified: false,
    ...changes,
  });
  const verdictOf = (changes: Partial<PoolReimage>) => reimageChecks(isolated(), [reimage(changes)])[0]?.verdict;
  const unseen = { because: 'notAllowed', message: 'disabled' } as const;

  it('are met by new disks, and missed without', () => {
    expect(verdictOf({})).toBe('met');
    expect(verdictOf({ reimaged: false })).toBe('missed');
  });

  it('are unproven by a node image that AKS names, where no node was seen', () => {
    expect(verdictOf({ evidence: 'nodeImageVersion', unseen })).toBe('unproven');
  });

  it('say where AKS did it by itself', () => {
    expect(reimageChecks(isolated(), [reimage({ how: 'byAzure' })])[0]?.seen).toMatch(/by AKS itself$/);
  });

  it('tell a pool that was added meanwhile, and no other', () => {
    const now = isolated({ agentPoolProfiles: [systemPool, pool('work'), pool('late')] });
    expect(summary(addedPoolChecks(isolated(), now))).toEqual({ 'reimage:late': 'missed' });
    expect(addedPoolChecks(now, isolated())).toEqual([]);
  });
});

describe('the node that speaks for its pool', () => {
  it('is the oldest by time, whatever its name or its time zone', () => {
    const nodes = [
      node('a', { createdAt: '2026-01-01T01:00:00+02:00' }),
      node('b', { createdAt: '2026-01-01T00:00:00Z' }),
      node('c', { pool: 'work', createdAt: '2020-01-01T00:00:00Z' }),
    ];
    expect(oldestNode(nodes, 'system')?.name).toBe('a');
    expect(oldestNode(nodes, 'none')).toBeUndefined();
  });
});

import { describe, expect, it } from '@jest/globals';
import type { AgentPoolFacts } from '../../../resources/agentPools.ts';
import {
  type KubernetesFacts,
  type Look,
  type NodeFacts,
  type PoolReimage,
  proofOf,
} from '../../../resources/nodes.ts';
import { nodeChecks, reimageChecks } from '../../../workflows/nodes/checks.ts';
import { isolated, planIsolate, pool, seen } from '../existingCluster/support.ts';

/** AKS's bounds: 5,000 nodes in 100 pools, with names as long as they get. Source: AKS docs, "Quotas, VM size and region limits". */
const pools: AgentPoolFacts[] = Array.from({ length: 100 }, (_, index) =>
  pool(`pool${String(index).padStart(8, '0')}`, { mode: index === 0 ? 'System' : 'User', count: 50 }),
);
const nodesOf = (boot: string): NodeFacts[] =>
  pools.flatMap(({ name }) =>
    Array.from({ length: 50 }, (_, index) => ({
      name: `aks-${name}-12345678-vmss${index.toString(36).padStart(6, '0')}`,
      pool: name,
      bootId: `${boot}-${name}-${index}`.padEnd(36, '0'),
      machineId: `${boot}${name}${index}`.padEnd(32, '0'),
      createdAt: `2026-11-2${boot}T10:00:00Z`,
      ready: true,
    })),
  );
/** Temporal keeps 2 MiB of a payload, and fails the task that has more. */
const mostBytes = 1_700_000;
const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

describe('the largest cluster', () => {
  const cluster = isolated({ agentPoolProfiles: pools });
  const kubernetes: Look<KubernetesFacts> = { seen: { nodes: nodesOf('6'), disruptionBudgets: [] } };
  const after = nodesOf('7');
  const reimages: PoolReimage[] = pools.map(({ name }) => ({
    ...proofOf(
      name,
      {
        provisioningState: 'Succeeded',
        nodeImageVersion: 'a',
        nodes: nodesOf('6').filter((each) => each.pool === name),
      },
      {
        provisioningState: 'Succeeded',
        nodeImageVersion: 'b',
        count: 50,
        nodes: after.filter((each) => each.pool === name),
      },
    ),
    how: 'reimaged',
    notModified: false,
  }));

  it('is listed, planned, proven and reported in less than Temporal takes', () => {
    const before = process.cpuUsage();
    const plan = planIsolate(seen(cluster, { kubernetes }));
    const probe = {
      seen: {
        node: 'n'.repeat(40),
        image: 'i'.repeat(100),
        pulled: true,
        bootstrapSource: 's'.repeat(100),
        message: 'm'.repeat(500),
      },
    };
    const probes = Object.fromEntries(pools.map(({ name }) => [name, probe]));
    const checks = [
      ...reimageChecks(cluster, reimages),
      ...nodeChecks(cluster, { seen: { nodes: after, disruptionBudgets: [] } }, probes, 's'.repeat(100)),
    ];
    // CPU time, not how long a busy machine takes for it.
    const tookMs = process.cpuUsage(before).user / 1_000;
    const sizes = {
      kubernetes: bytes(kubernetes),
      reimages: bytes(reimages),
      checks: bytes(checks),
      plan: bytes(plan),
    };
    expect(checks.every(({ ok }) => ok)).toBe(true);
    expect(sizes.kubernetes).toBeLessThan(mostBytes);
    expect(sizes.reimages + sizes.checks + sizes.plan).toBeLessThan(mostBytes);
    // A workflow task that takes longer than two seconds is one that holds others up.
    expect(tookMs).toBeLessThan(2_000);
  });
});

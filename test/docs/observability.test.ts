import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import which from 'which';
import { parse } from 'yaml';
import { scenarioInputs } from '../../contract/inputs/index.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'deploy/observability');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  annotations: { runbook_url: string };
}
const rules: Rule[] = parse(text('deploy/observability/alerts.yaml')).groups[0].rules;
const expressions: string[] = [
  ...rules.map(({ expr }) => expr),
  ...JSON.parse(text('deploy/observability/dashboard.json')).panels.map(
    ({ targets: [target] }: { targets: { expr: string }[] }) => target?.expr,
  ),
];
const boundOf = (alert: string): string | undefined => rules.find((rule) => rule.alert === alert)?.for;

describe('alerts and dashboard', () => {
  it('ask only for metrics that are on the page of metrics', () => {
    const page = text('docs/reference/metrics.md');
    const asked = expressions.flatMap((expr) => expr.match(/\b(?:aks_isolation|temporal)_\w+/g) ?? []);
    const unknown = asked.filter((name) => !page.includes(`\`${name.replace(/_(?:bucket|count|sum)$/, '')}\``));
    expect(asked.length).toBeGreaterThan(20);
    expect(unknown).toEqual([]);
  });

  it('name a section of the runbook each, and the runbook has no other', () => {
    const sections = [...text('docs/how-to/runbook.md').matchAll(/^## (\w+)$/gm)].map(([, name = '']) => name);
    expect(sections.sort()).toEqual(rules.map(({ alert }) => alert).sort());
    expect(rules.map(({ annotations }) => annotations.runbook_url).sort()).toEqual(
      sections.map((name) => `docs/how-to/runbook.md#${name.toLowerCase()}`),
    );
  });

  it('link to where people read the docs, by the command of the page', async () => {
    const [, command = ''] = /^(sed .+) > alerts\.yaml$/m.exec(text('docs/how-to/observe.md')) ?? [];
    const env = { DOCUMENTATION_URL: 'https://example.com/docs' };
    const { stdout } = await execa('sh', ['-c', command], { cwd: root, env });
    const links = (parse(stdout).groups[0].rules as Rule[]).map(({ annotations }) => annotations.runbook_url);
    expect(links).toHaveLength(rules.length);
    expect(links.filter((link) => !link.startsWith('https://example.com/docs/how-to/runbook.md#'))).toEqual([]);
  });

  it('have the bounds of the workflows', () => {
    const cluster = { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'any', name: 'any' };
    const usual = scenarioInputs.reimageNodePools.parse({ cluster });
    expect({
      hold: boundOf('AksIsolationHoldNearItsEnd'),
      approval: boundOf('AksIsolationApprovalNearItsEnd'),
      pause: boundOf('AksIsolationPauseNearItsEnd'),
    }).toEqual({
      hold: `${(usual.holdTimeoutMinutes / 6) * 5}m`,
      approval: `${(usual.approvalTimeoutMinutes / 6) * 5}m`,
      pause: `${(usual.pauseTimeoutMinutes / 6) * 5}m`,
    });
    // 35 attempts, at most half a minute apart; 24 hours for an attempt of an operation. See workflows/engine/azure.ts.
    expect(boundOf('AksIsolationAzureUnreachable')).toBe('15m');
    expect(rules.find(({ alert }) => alert === 'AksIsolationOperationOverdue')?.expr).toMatch(/> 86400$/);
  });

  const promtool = which.sync('promtool', { nothrow: true });
  // Prometheus' own tool, which .ci/run installs. On GitHub its absence is an error, for nobody would see that it was skipped.
  (promtool || process.env.GITHUB_ACTIONS ? it : it.skip)(
    'fire and are quiet as their tests say (skipped where there is no promtool)',
    async () => {
      const run = (...args: string[]) => execa(promtool ?? '', args, { cwd: folder, all: true, reject: false });
      expect(await run('check', 'rules', 'alerts.yaml')).toMatchObject({ exitCode: 0 });
      const { exitCode, all } = await run('test', 'rules', 'alerts.test.yaml');
      expect([exitCode, all]).toEqual([0, expect.stringContaining('SUCCESS')]);
    },
  );
});

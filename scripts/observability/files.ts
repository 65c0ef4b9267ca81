import { stringify } from 'yaml';
import { type Alert, alerts } from './alerts.ts';
import { dashboard } from './dashboard.ts';

/** The page with a section for each alert. */
const runbook = 'docs/how-to/runbook.md';

const annotationsOf = ({ name, summary }: Pick<Alert, 'name' | 'summary'>) => ({
  summary,
  runbook_url: `${runbook}#${name.toLowerCase()}`,
});

const rules = {
  groups: [
    {
      name: 'aks-isolation',
      rules: alerts.map(({ name, expr, minutes, severity, summary }) => ({
        alert: name,
        expr,
        ...(minutes !== undefined && { for: `${minutes}m` }),
        labels: { severity },
        annotations: annotationsOf({ name, summary }),
      })),
    },
  ],
};

/** Every minute would take promtool half a minute for waits of days. */
const everyMinutes = 15;

/** Late enough for each alert, and early enough for what happens once. */
const atMinutes = ({ minutes = 0 }: Alert): number => (Math.ceil(minutes / everyMinutes) + 2) * everyMinutes;

const shownSummary = ({ summary, labels = {} }: Alert): string =>
  summary
    .replaceAll('{{ $value }}', '1')
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '');

const ruleTests = {
  rule_files: ['alerts.yaml'],
  evaluation_interval: `${everyMinutes}m`,
  tests: alerts.flatMap((alert) => {
    const { name, severity, labels } = alert;
    const fired = {
      exp_labels: { severity, ...labels },
      exp_annotations: annotationsOf({ name, summary: shownSummary(alert) }),
    };
    return [
      { series: alert.fires, expected: [fired], how: 'fires' },
      { series: alert.quiet, expected: [], how: 'is quiet' },
    ].map(({ series, expected, how }) => ({
      name: `${name} ${how}`,
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [{ eval_time: `${atMinutes(alert)}m`, alertname: name, exp_alerts: expected }],
    }));
  }),
};

const header =
  "# Written by `npm run fix` from scripts/observability/alerts.ts, whose bounds are the workflows' own.\n";

/** Files for Prometheus and Grafana, by their names in deploy/observability/. */
export const observabilityFiles: Readonly<Record<string, string>> = {
  'alerts.yaml': header + stringify(rules, { lineWidth: 0 }),
  'alerts.test.yaml': header + stringify(ruleTests, { lineWidth: 0, aliasDuplicateObjects: false }),
  'dashboard.json': `${JSON.stringify(dashboard, null, 2)}\n`,
};

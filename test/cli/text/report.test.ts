import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { documentOf, titleOf } from '../../../cli/report/document.ts';
import { type Evidence, evidenceOf } from '../../../cli/report/evidence.ts';
import { type Decode, recordOf } from '../../../cli/report/history.ts';
import { htmlPage } from '../../../cli/report/html.ts';
import { markdown } from '../../../cli/report/markdown.ts';

/** Histories of every outcome, of runs that ended long ago. */
const folder = join(import.meta.dirname, '../../histories/0.1.0');
const decode: Decode = async (payloads) =>
  (payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload));

const evidenceIn = async (file: string, change = (text: string) => text): Promise<Evidence> => {
  const { events } = historyFromJSON(JSON.parse(change(readFileSync(join(folder, `${file}.json`), 'utf8'))));
  return evidenceOf(await recordOf(events ?? [], decode));
};
const written = (evidence: Evidence): { html: string; md: string } => {
  const [title, blocks] = [titleOf(evidence), documentOf(evidence, 'https://portal.azure.com')];
  return { html: htmlPage(title, blocks), md: markdown(title, blocks) };
};

const outcomes: Readonly<Record<string, string>> = {
  verified: 'good verified',
  recovered: 'good verified',
  retried: 'good verified',
  approved: 'good verified',
  resumed: 'good verified',
  reset: 'good verified',
  failed: 'bad failed: StepFailed',
  approvalTimedOut: 'bad failed: StepFailed',
  cancelled: 'bad cancelled, ',
  held: 'open still running',
  gated: 'open still running',
  paused: 'open still running',
  registering: 'open still running',
  continued: 'open continued in another run',
  stopped: 'bad failed: FleetStopped',
};

/** Audits, a member that found drift and a rollout that came to its end, in their own words. */
const outcomesOfFiles: Readonly<Record<string, string>> = {
  'audit-verified': 'good audited',
  'member-verified': 'bad drifted',
  'rollout-verified': 'good rolledOut',
};

describe('the evidence of a run', () => {
  it.each(readdirSync(folder).map((file) => file.replace('.json', '')))(
    'is read from its history alone: %s',
    async (file) => {
      const evidence = await evidenceIn(file);
      const expected = outcomesOfFiles[file] ?? outcomes[file.split('-').at(-1) ?? ''];
      expect(`${evidence.verdict} ${evidence.outcome}`).toContain(expected);
      const { html, md } = written(evidence);
      expect(html).not.toMatch(/undefined|\[object/);
      expect(md).not.toMatch(/undefined|\[object/);
    },
  );

  it('has who approved, each node, what was promised, and where to look it up', async () => {
    const evidence = await evidenceIn('isolate-managed-approved');
    expect(evidence.acts.map(({ what, given }) => [what, given])).toEqual([
      ['approve', { gate: 'reimage', by: 'recorder' }],
      ['approve', { gate: 'cutEgress', by: 'recorder' }],
    ]);
    const { html, md } = written(evidence);
    for (const text of [html, md]) {
      expect(text).toContain('aks-work-06834724-vmss000000');
      expect(text).toContain(`az monitor activity-log list --correlation-id ${evidence.runId} --subscription 1111`);
      // Without it the first events of a run with more than 50 are missing.
      expect(text).toMatch(/--end-time \S+ --max-events 1000/);
      expect(text).toContain('/#resource/subscriptions/');
      expect(text).toContain('/eventlogs');
    }
    // A bar for each activity and each wait, in its own row.
    expect(html.match(/<rect /g)).toHaveLength(evidence.spans.length);
    // 322 units are left of the bars, and a letter of the widest fonts takes 7.
    const labels = [...html.matchAll(/text-anchor="end">([^<]*)<\/text><rect/g)].map(([, label = '']) => label);
    expect(labels).toHaveLength(evidence.spans.length);
    expect(labels.filter((label) => label.length * 7 > 322)).toEqual([]);
    expect(html).toContain('Wait for the approval of cutEgress');
  });

  it('says whom Temporal has authenticated, and as whom the worker acted in Azure', async () => {
    const objectId = '44444444-4444-4444-8444-444444444444';
    const evidence = await evidenceIn('isolate-managed-approved', (text) => {
      const history = JSON.parse(text);
      const [started] = history.events;
      started.principal = { type: 'jwt', name: 'ada@example.com' };
      // The server stamps this one with the worker, that has taken the update.
      for (const event of history.events)
        if (event.workflowExecutionUpdateAcceptedEventAttributes) event.principal = { type: 'jwt', name: 'worker' };
      for (const event of history.events) {
        const [result] = event.activityTaskCompletedEventAttributes?.result?.payloads ?? [];
        if (result?.data)
          result.data = btoa(JSON.stringify({ ...JSON.parse(atob(result.data)), actsAs: { objectId } }));
      }
      return JSON.stringify(history);
    });
    expect(evidence).toMatchObject({ principal: 'jwt ada@example.com', actsAs: [{ objectId }] });
    const { html, md } = written(evidence);
    for (const text of [html, md]) {
      expect(text).toContain('authenticated as jwt ada@example.com');
      expect(text).not.toContain('jwt worker');
      expect(text).toContain(`object ${objectId}`);
    }
    expect(written(await evidenceIn('isolate-managed-approved')).md).toContain('| Acted in Azure as | not known |');
  });

  it('says right after the verdict what could not be read before the first write', async () => {
    const evidence = await evidenceIn('isolate-managed-verified');
    expect(written(evidence).md).not.toContain('Not seen before the first write');
    const { md, html } = written({ ...evidence, unread: ['locks could not be read'] });
    for (const text of [md, html])
      expect(text.indexOf('Not seen before the first write: locks could not be read')).toBeLessThan(
        text.indexOf('Workflow ID'),
      );
    expect(md).toContain('Not seen before the first write: locks could not be read');
  });

  it('names first what was not proven, then what was missed', async () => {
    const { checks } = await evidenceIn('isolate-managed-verified', (text) => {
      const history = JSON.parse(text);
      const last = history.events.at(-1).workflowExecutionCompletedEventAttributes.result.payloads[0];
      const result = JSON.parse(atob(last.data));
      Object.assign(result.checks[3], { verdict: 'missed', ok: false });
      Object.assign(result.checks[7], { verdict: 'unproven', ok: false, unproven: 'forbidden' });
      last.data = btoa(JSON.stringify(result));
      return JSON.stringify(history);
    });
    expect(checks.slice(0, 3).map(({ verdict }) => verdict)).toEqual(['unproven', 'missed', 'met']);
  });

  it('has what the run took, and says where its version did not tell', async () => {
    const earlier = written(await evidenceIn('create-byo-verified')).md;
    expect(earlier).toMatch(/Temporal's actions \| 25, and about \d+ heartbeats/);
    expect(earlier).toContain('Requests to Azure | not told by the version that ran');
    const telling = await evidenceIn('create-byo-verified', (text) => {
      const history = JSON.parse(text);
      for (const { activityTaskCompletedEventAttributes: done } of history.events)
        for (const { metadata } of done?.result?.payloads ?? []) metadata['azure-requests'] = btoa('2 1');
      return JSON.stringify(history);
    });
    const { md, html } = written(telling);
    const { discovery, steps, verification } = telling.cost.requests ?? {};
    expect([discovery, verification]).toEqual([
      { reads: 2, writes: 1 },
      { reads: 2, writes: 1 },
    ]);
    expect(steps?.reads).toBeGreaterThan(20);
    for (const each of [md, html]) expect(each).toContain(`${steps?.reads} reads, ${steps?.writes} writes`);
  });

  it('lets no text from outside become markup, and keeps no secret', async () => {
    const attack = `<script>alert(1)</script><img src=x onerror=alert(1)>"'|\`]( javascript:alert(1))\u001b[2J Bearer ${'s3cr3t'.repeat(8)}`;
    const evidence = await evidenceIn('create-byo-failed', (text) => {
      const history = JSON.parse(text);
      const started = history.events[0].workflowExecutionStartedEventAttributes;
      started.identity = attack;
      const input = JSON.parse(atob(started.input.payloads[0].data));
      input.cluster.name = attack;
      started.input.payloads[0].data = btoa(JSON.stringify(input));
      const { failure } = history.events.at(-1).workflowExecutionFailedEventAttributes;
      failure.message = attack;
      const [details] = failure.applicationFailureInfo.details.payloads;
      const said = JSON.parse(atob(details.data));
      said.cluster = `/subscriptions/x/${attack}`;
      said.steps[0].title = attack;
      said.steps[1].resourceId = `/subscriptions/${attack}`;
      said.leftovers = [{ resourceId: attack, why: attack }];
      details.data = btoa(JSON.stringify(said));
      return JSON.stringify(history);
    });
    const { html, md } = written(evidence);
    const tags = new Set([...html.matchAll(/<\/?([a-z!]\w*)/gi)].map(([, tag = '']) => tag.toLowerCase()));
    for (const tag of ['script', 'img']) expect(tags).not.toContain(tag);
    expect(html).not.toMatch(/<[^>]*\son\w+=/i);
    const addresses = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address = '']) => address);
    expect(addresses.filter((address) => !address.startsWith('https://portal.azure.com/'))).toEqual([]);
    expect(md).not.toMatch(/<(script|img)/i);
    // In code, which Markdown indents, nothing is a link.
    expect(md.replaceAll(/^ {4}.*$/gm, '')).not.toMatch(/(?<!\\)\]\( ?javascript/);
    for (const text of [html, md, JSON.stringify(evidence)]) {
      expect(text).not.toContain('s3cr3t');
      expect(text).not.toContain('\u001b');
    }
  });

  it('loads nothing from anywhere', async () => {
    const { html } = written(await evidenceIn('create-byo-verified'));
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/<(link|script|img|iframe)|@import|url\(/i);
  });
});

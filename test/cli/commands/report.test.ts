import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { groupPath, input } from '../../support/azure.ts';
import { failureOf, type Harness, startHarness } from '../../support/harness.ts';
import { aksIsolation } from './support.ts';

describe('aks-isolation report', () => {
  let harness: Harness;
  let folder: string;
  beforeAll(async () => {
    [harness, folder] = await Promise.all([startHarness(), mkdtemp(join(tmpdir(), 'aks-isolation-report-'))]);
  });
  afterAll(async () => {
    await harness.close();
    await rm(folder, { recursive: true });
  });

  const report = async (workflowId: string, ...args: string[]) => {
    const { stdout, exitCode } = await aksIsolation(
      { taskQueue: 'nobody' },
      'report',
      workflowId,
      '--folder',
      folder,
      '-o',
      'json',
      ...args,
    );
    expect(exitCode).toBe(0);
    const { outcome, files } = JSON.parse(stdout) as { outcome: string; files: string[] };
    const [html = '', md = '', json = ''] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    return { outcome, html, md, evidence: JSON.parse(json) };
  };

  it('says where there is no such run', async () => {
    const { stderr, exitCode } = await aksIsolation(harness, 'report', 'aks/never/was/one', '--folder', folder);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^There is no run aks\/never\/was\/one\. Namespace default keeps runs \d+ (h|days) after their end\. See: aks-isolation list$/,
      ),
    ]);
  });

  it('tells of runs that have ended, each by its run ID, without their worker', async () => {
    const given = input('reported', { onFailure: 'leave' });
    const answer = { status: 403, code: 'AuthorizationFailed', message: '<script>alert(1)</script>' };
    await harness.azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, answer });
    const failed = await harness.client.createCluster(given);
    await failureOf(failed.result());
    const verified = await harness.client.createCluster(given);
    await verified.result();
    await harness.stopWorker();

    const good = await report(verified.workflowId);
    expect(good.outcome).toBe('verified');
    expect(good.evidence).toMatchObject({
      scenario: 'createCluster',
      runId: verified.runId,
      startedBy: expect.stringContaining('@'),
      actsAs: [{ objectId: expect.stringMatching(/^[-0-9a-f]{36}$/) }],
      correlationIds: [verified.runId],
      input: { location: 'westeurope' },
    });
    expect(good.html).toContain('<svg');
    expect(good.md).toContain('| met | ');

    const bad = await report(failed.workflowId, '--run-id', failed.runId ?? '', '--portal', 'https://portal.azure.us');
    expect(bad.outcome).toBe('failed: StepFailed');
    expect(bad.html).toContain('AuthorizationFailed: &#60;script');
    expect(bad.html).toContain('https://portal.azure.us/#resource/subscriptions/');
    for (const text of [bad.html, bad.md]) expect(text).not.toContain('<script');
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { replay } from '../support/harness.ts';

interface RecordedHistory {
  events: [{ workflowExecutionStartedEventAttributes: { workflowId: string } }];
}

const versions = readdirSync(import.meta.dirname, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

describe.each(versions)('runs that version %s began', (version) => {
  const files = readdirSync(join(import.meta.dirname, version));

  it('are of every scenario and outcome', () => {
    expect(files.length).toBeGreaterThanOrEqual(25);
  });

  it.each(files)('go on with this one: %s', async (file) => {
    const history = JSON.parse(readFileSync(join(import.meta.dirname, version, file), 'utf8')) as RecordedHistory;
    const { workflowId } = history.events[0].workflowExecutionStartedEventAttributes;
    await replay(history, workflowId);
  });
});

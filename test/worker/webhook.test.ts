import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readWebhook } from '../../worker/webhook.ts';

const key = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'webhook-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each<[what: string, rotate: (file: string) => void, problem: RegExp]>([
  ['is gone', (file) => rmSync(file), /WEBHOOK_SECRET_FILE: cannot read .*secret \(ENOENT\)/],
  ['holds no secret', (file) => writeFileSync(file, 'hunter2'), /WEBHOOK_SECRET_FILE: .*secret is not a secret/],
])('an event whose secret %s after a rotation is not told, and is tried again', (_what, rotate, problem) => {
  const file = join(folder, 'secret');
  writeFileSync(file, key);
  const webhook = readWebhook({ WEBHOOK_URL: 'https://hooks.example.com/aks', WEBHOOK_SECRET_FILE: file });
  const sign = webhook && 'signingKey' in webhook ? webhook.signingKey : undefined;
  expect(sign?.()).toEqual(Buffer.alloc(32, 1));
  rotate(file);
  expect(sign).toThrow(expect.objectContaining({ type: 'NotTold', nonRetryable: false }));
  expect(sign).toThrow(problem);
  expect(sign).not.toThrow(/hunter2/);
  writeFileSync(file, key);
  expect(sign?.()).toEqual(Buffer.alloc(32, 1));
});

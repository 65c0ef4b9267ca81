import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../worker/logger.ts';

function logged(log: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown> {
  const lines: string[] = [];
  log(createLogger({ logLevel: 'trace' }, (line) => lines.push(line)));
  return JSON.parse(lines.join(''));
}

describe('a log line', () => {
  it('has a word for its level, a time that people read, and one name for the run', () => {
    expect(logged((logger) => logger.warn('Careful', { workflowRunId: 'run', attempt: 2 }))).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^20\d\d-.*Z$/),
      service: 'aks-isolation-worker',
      runId: 'run',
      attempt: 2,
      msg: 'Careful',
    });
  });

  it('leaves out what opens something, and what was sent', () => {
    const secret = 'xyzzy-xyzzy-xyzzy';
    const error = Object.assign(
      new Error(`GET https://host/operations/1?api-version=1&t=${secret}: Bearer ${secret}${secret}`),
      {
        code: 'ENOTFOUND',
        request: { headers: { authorization: secret }, body: secret },
        response: { bodyAsText: secret },
        cause: Object.assign(new Error(`password=${secret}`), { details: [secret] }),
      },
    );
    const meta = { taskToken: secret, nested: { task_token: secret, headers: { cookie: secret } }, payloads: [secret] };
    const line = logged((logger) => logger.error('Failed', { ...meta, error, url: `https://host/x?s=${secret}` }));
    expect(JSON.stringify(line)).not.toContain(secret);
    expect(line).toMatchObject({
      err: {
        name: 'Error',
        code: 'ENOTFOUND',
        message: expect.stringContaining('https://host/operations/1?[redacted]'),
      },
      url: 'https://host/x?[redacted]',
    });
  });
});

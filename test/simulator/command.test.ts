import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';

const run = (...options: string[]) =>
  execa('node', ['simulator/main.ts', ...options], { preferLocal: true, reject: false });

test('prints where it listens, and leaves cleanly on SIGTERM', async () => {
  const simulator = run('--port', '0', '--speed', '0.5');
  const lines: string[] = [];
  for await (const line of createInterface({ input: simulator.stdout })) {
    lines.push(line);
    if (lines.length === 3) break;
  }
  const [arm = '', token = '', ca = ''] = lines;
  expect(arm).toMatch(/^ARM endpoint: https:\/\/127\.0\.0\.1:\d+$/);
  expect(token).toMatch(/^Token endpoint: http:\/\/127\.0\.0\.1:\d+\/msi\/token$/);
  const file = ca.replace('CA file: ', '');
  expect(existsSync(file)).toBe(true);
  const state = await fetch(`${arm.replace('ARM endpoint: https', 'http')}/simulator/state`);
  expect(await state.json()).toMatchObject({ speed: 0.5 });
  simulator.kill('SIGTERM');
  expect((await simulator).exitCode).toBe(0);
  expect(existsSync(file)).toBe(false);
});

/** A file of fault rules. */
function rulesFile(rules: unknown): string {
  const file = join(mkdtempSync(join(tmpdir(), 'fault-rules-')), 'rules.json');
  writeFileSync(file, JSON.stringify(rules));
  return file;
}

test('has the faults of a file in force from the start', async () => {
  const answer = { status: 503, code: 'ServiceUnavailable', message: 'no' };
  const simulator = run('--port', '0', '--faults', rulesFile([{ answer }]));
  for await (const line of createInterface({ input: simulator.stdout })) {
    const [, port] = /^ARM endpoint: .*:(\d+)$/.exec(line) ?? [];
    const rules = await (await fetch(`http://127.0.0.1:${port}/simulator/faults`)).json();
    expect(rules).toEqual([expect.objectContaining({ method: '*', times: 1, hits: 0, answer: expect.anything() })]);
    break;
  }
  simulator.kill('SIGTERM');
  await simulator;
});

test('lists everything that is wrong with a file of faults', async () => {
  const { exitCode, stderr } = await run(
    '--port',
    '0',
    '--faults',
    rulesFile([{ method: 'GRAB' }, { times: 0, drop: 'before' }]),
  );
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/0\.method: [\s\S]*1\.times: /);
});

test('says in one line that the port is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const { exitCode, stderr } = await run('--port', String(port));
  other.close();
  expect([exitCode, stderr]).toEqual([1, `simulator: port ${port} is already in use`]);
});

test.each([
  [['--port', '0', '--speed', '-1'], '--speed'],
  [['--port', 'x'], '--port'],
  [['--port', '0', '--edition', '2030'], '--edition'],
  [['--port', '0', '--record', '/nowhere/r.jsonl'], '/nowhere/r.jsonl'],
  [['--port', '0', '--ca-file', '/nowhere/ca.pem'], '/nowhere/ca.pem'],
  [[], '--port'],
])('refuses %j', async (options, named) => {
  const { exitCode, stderr } = await run(...options);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(named);
  expect(stderr.split('\n')).toHaveLength(1);
});

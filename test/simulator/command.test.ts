import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { startSimulator } from '../../simulator/index.ts';
import { simulatorCommand } from '../../simulator/options.ts';

const run = (...options: string[]) =>
  execa('node', ['simulator/main.ts', ...options], { preferLocal: true, reject: false });

test('prints where it listens, has the faults of a file in force from the start, and leaves cleanly on SIGTERM', async () => {
  const rule = { answer: { status: 503, code: 'ServiceUnavailable', message: 'no' } };
  const simulator = run('--port', '0', '--speed', '0.5', '--faults', rulesFile([rule]));
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
  const rules = await (await fetch(`${arm.replace('ARM endpoint: https', 'http')}/simulator/faults`)).json();
  expect(rules).toEqual([expect.objectContaining({ method: '*', times: 1, hits: 0, answer: expect.anything() })]);
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

/** Answers of the command line to options that it refuses. */
function refusal(...options: string[]): string {
  const said: string[] = [];
  const command = simulatorCommand()
    .exitOverride()
    .configureOutput({ writeErr: (text) => said.push(text) });
  expect(() => command.parse(options, { from: 'user' })).toThrow(expect.objectContaining({ exitCode: 1 }));
  return said.join('').trimEnd();
}

test('lists everything that is wrong with a file of faults', () => {
  const file = rulesFile([{ method: 'GRAB' }, { times: 0, drop: 'before' }]);
  expect(refusal('--port', '0', '--faults', file)).toMatch(/0\.method: [\s\S]*1\.times: /);
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
  [[], '--port'],
])('refuses %j in one line', (options, named) => {
  const said = refusal(...options);
  expect(said).toContain(named);
  expect(said.split('\n')).toHaveLength(1);
});

test.each([
  [['--port', 'x'], '--port'],
  [['--port', '0', '--record', '/nowhere/r.jsonl'], '/nowhere/r.jsonl'],
])('ends with %j in one line', async (options, named) => {
  const { exitCode, stderr } = await run(...options);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(named)]);
  expect(stderr.split('\n')).toHaveLength(1);
});

test('does not start where its certificate cannot be written', async () => {
  await expect(startSimulator({ caFile: '/nowhere/ca.pem' })).rejects.toThrow('/nowhere/ca.pem');
});

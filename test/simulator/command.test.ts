import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
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
  [['--port', '0', '--speed', '0'], '--speed'],
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

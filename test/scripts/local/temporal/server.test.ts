import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import pWaitFor from 'p-wait-for';
import { findTemporalCli } from '../../../../scripts/local/temporal/cli.ts';
import { startTemporalServer } from '../../../../scripts/local/temporal/server.ts';
import { program, runModule, scratchFolder } from '../../support.ts';

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('it serves on free ports with the search attributes, and is gone after stop', async () => {
  const progress: string[] = [];
  const server = await startTemporalServer({
    searchAttributes: { AksCluster: 'Keyword' },
    onProgress: (line) => progress.push(line),
  });
  try {
    expect(progress.at(-1)).toMatch(/^Temporal CLI \S+ from /);
    expect((await fetch(server.uiUrl)).status).toBe(200);
    await withClient(server.address, async (client) => {
      await client.workflow.start('any', { workflowId: 'one', taskQueue: 'none' });
      const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
        namespace: 'default',
      });
      expect(Object.keys(customAttributes)).toContain('AksCluster');
    });
  } finally {
    await server.stop();
  }
  expect(isRunning(server.pid)).toBe(false);
  await expect(server.exited).resolves.toMatch(/^temporal server start-dev ended with/);
  await server.stop();
});

test('with a database file a server on the same port goes on where the one before was killed', async () => {
  const scratch = await scratchFolder();
  const databaseFile = `${scratch}/temporal.db`;
  const first = await startTemporalServer({ databaseFile });
  await withClient(first.address, (client) => client.workflow.start('any', { workflowId: 'kept', taskQueue: 'none' }));
  process.kill(first.pid, 'SIGKILL');
  await expect(first.exited).resolves.toContain('SIGKILL');

  const second = await startTemporalServer({ databaseFile, port: Number(first.address.split(':')[1]) });
  try {
    expect(second.address).toBe(first.address);
    const kept = await withClient(second.address, (client) => client.workflow.getHandle('kept').describe());
    expect(kept.status.name).toBe('RUNNING');
  } finally {
    await second.stop();
  }
});

test('an asked port that is taken is an error that names it', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  try {
    const address = blocker.address();
    if (address === null || typeof address === 'string') throw new Error('not a TCP port');
    const { port } = address;
    await expect(startTemporalServer({ port })).rejects.toThrow(`Port ${port} for the Temporal frontend`);
    await expect(startTemporalServer({ uiPort: port })).rejects.toThrow(`Port ${port} for the Temporal Web UI`);
  } finally {
    blocker.close();
  }
});

test('a server that ends early is an error with what it printed', async () => {
  const scratch = await scratchFolder();
  const cli = await program(
    `${scratch}/temporal`,
    `[ "$1" = --version ] && { echo 'temporal version 9.9.9 (Server 9.9.9, UI 9.9.9)'; exit; }`,
    'echo the disk is full >&2; exit 3',
  );
  await expect(startTemporalServer({ env: { ...process.env, TEMPORAL_CLI_PATH: cli } })).rejects.toThrow(
    /ended with code 3\. the disk is full/,
  );
});

test('a free port that somebody else takes first costs another attempt, not the server', async () => {
  const scratch = await scratchFolder();
  const { path } = await findTemporalCli();
  const cli = await program(
    `${scratch}/temporal`,
    `[ "$1" = --version ] || [ -e ${scratch}/lost ] && exec ${path} "$@"`,
    `: > ${scratch}/lost; echo 'listen tcp: bind: address already in use'; exit 1`,
  );
  const server = await startTemporalServer({ env: { ...process.env, TEMPORAL_CLI_PATH: cli } });
  await server.stop();
});

test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('the server ends when its parent ends by %s', async (signal) => {
  const parent = runModule(
    `const { startTemporalServer } = await import(scripts + '/local/temporal/server.ts');
       console.log((await startTemporalServer()).pid);`,
    undefined,
  );
  const [printed] = await once(parent.stdout, 'data');
  const pid = Number(printed);
  expect(isRunning(pid)).toBe(true);
  parent.kill(signal);
  await parent;
  // Not by its process ID alone, which another process may have by now.
  await pWaitFor(async () => {
    const { stdout } = await execa('ps', ['-p', String(pid), '-o', 'args='], { reject: false });
    return !stdout.includes('start-dev');
  });
});

import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import pWaitFor from 'p-wait-for';
import { findTemporalCli } from '../../../../scripts/local/temporal/cli.ts';
import { startTemporalServer } from '../../../../scripts/local/temporal/server.ts';
import { sampled } from '../../../support/sampled.ts';
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

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });

test('it serves on free ports with the search attributes, though somebody else takes one first, and is gone after stop', async () => {
  const scratch = await scratchFolder();
  const { path } = await findTemporalCli();
  const cli = await program(
    `${scratch}/temporal`,
    `[ "$1" = --version ] || [ -e ${scratch}/lost ] && exec ${path} "$@"`,
    `: > ${scratch}/lost; echo 'listen tcp: bind: address already in use'; exit 1`,
  );
  const progress: string[] = [];
  const server = await startTemporalServer({
    env: { ...process.env, TEMPORAL_CLI_PATH: cli },
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

const ends = sampled(['SIGKILL', 'SIGTERM', 'SIGINT'] as const, 3);

test.each(ends)(
  'a server ends when its parent ends by %s, and with its database file another one goes on on the same port',
  async (signal) => {
    const scratch = await scratchFolder();
    const databaseFile = `${scratch}/temporal.db`;
    const parent = runModule(
      `const { startTemporalServer } = await import(scripts + '/local/temporal/server.ts');
       const { pid, address } = await startTemporalServer({ databaseFile: args.databaseFile });
       console.log(JSON.stringify({ pid, address }));`,
      { databaseFile },
    );
    const [printed] = await once(parent.stdout, 'data');
    const { pid, address } = JSON.parse(String(printed));
    await withClient(address, (client) => client.workflow.start('any', { workflowId: 'kept', taskQueue: 'none' }));
    expect(isRunning(pid)).toBe(true);
    parent.kill(signal);
    await parent;
    const port = Number(address.split(':')[1]);
    await pWaitFor(async () => {
      // Not by its process ID alone, which another process may have by now. A process that ends keeps its ports a little.
      const { stdout } = await execa('ps', ['-p', String(pid), '-o', 'args='], { reject: false });
      return !stdout.includes('start-dev') && isFree(port);
    });

    const second = await startTemporalServer({ databaseFile, port });
    try {
      expect(second.address).toBe(address);
      const kept = await withClient(second.address, (client) => client.workflow.getHandle('kept').describe());
      expect(kept.status.name).toBe('RUNNING');
      process.kill(second.pid, 'SIGKILL');
      await expect(second.exited).resolves.toContain('SIGKILL');
    } finally {
      await second.stop();
    }
  },
);

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

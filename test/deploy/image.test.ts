import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import getPort from 'get-port';
import { parse } from 'yaml';
import { AksIsolationClient } from '../../client/index.ts';
import { exampleClusters } from '../../scripts/local/exampleClusters.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import { workerEnvironment } from '../../scripts/local/stack.ts';
import { type Simulator, startSimulator } from '../../simulator/index.ts';
import { bundleFile } from '../../worker/bundle.ts';
import { bundleFolder, temporalAddress } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { everyCase } from '../support/sampled.ts';
import { waitFor } from '../support/waitFor.ts';
import { type AssembledImage, assembleImage } from './image.ts';

const root = join(import.meta.dirname, '../..');

describe('the image', () => {
  // Beside node_modules, to which it has hard links.
  const folder = join(root, '.tmp', `image-${process.pid}`);
  const documentation = 'https://example.com/aks-isolation/docs';
  let image: AssembledImage;
  let simulator: Simulator;

  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    [image, simulator] = await Promise.all([
      assembleImage(
        join(root, 'deploy/Dockerfile'),
        root,
        folder,
        { DOCUMENTATION_URL: documentation },
        everyCase ? undefined : join(bundleFolder(), bundleFile({})),
      ),
      startSimulator({ speed: 'demand' }),
    ]);
  });
  afterAll(async () => {
    await simulator.close();
    await rm(folder, { recursive: true });
  });

  it('is built of nothing but what the context lets through', async () => {
    const lines = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n');
    expect(
      lines
        .filter((line) => line.startsWith('!'))
        .map((line) => line.slice(1))
        .sort(),
    ).toEqual([...image.taken].sort());
    expect(lines).toContain('*');
  });

  it('has all that its bundles are made of', async () => {
    const cwd = join(image.root, image.workdir);
    const args = ['--import', './workflows/index.ts', 'scripts/bundle.ts'];
    const { exitCode, stderr } = await execa(process.execPath, args, { cwd, reject: false });
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^Give the folder: /)]);
    expect(image.env.DOCUMENTATION_URL).toBe(documentation);
  });

  inFull.it('has failures link to where its documentation can be read', async () => {
    for (const name of ['workflows.js', 'workflows.encrypted.js'])
      expect(await readFile(join(image.root, image.env.WORKFLOW_BUNDLE ?? '', name), 'utf8')).toContain(documentation);
  });

  it('runs a scenario from its bundle, as the user that it names, and answers the probes of the manifests', async () => {
    const queue = `image-${randomUUID()}`;
    const health = `127.0.0.1:${await getPort()}`;
    const caFile = join(image.root, 'ca.pem');
    await copyFile(simulator.caFile, caFile);
    const cwd = join(image.root, image.workdir);
    const paths = Object.entries(image.env).map(([name, value]) => [
      name,
      value.startsWith('/') ? join(image.root, value) : value,
    ]);
    const env = {
      ...workerEnvironment({ address: temporalAddress() }, simulator),
      ...Object.fromEntries(paths),
      AZURE_RESOURCE_MANAGER_CA_FILE: caFile,
      HEALTH_ADDRESS: health,
      TASK_QUEUE: queue,
      HOME: image.root,
    };
    const [, ...args] = image.command;
    const worker = execa(process.execPath, args, {
      cwd,
      env,
      extendEnv: false,
      reject: false,
      buffer: false,
      ...(await userOf(image, cwd)),
    });
    const log: string[] = [];
    for (const stream of [worker.stdout, worker.stderr]) createInterface(stream).on('line', (line) => log.push(line));
    void worker.then(() => log.push('ended'));
    try {
      const { startupProbe, readinessProbe, livenessProbe } = await probes();
      await waitFor(
        async () => log.includes('ended') || (await statusOf(health, startupProbe)) === 200,
        'It never starts',
      );
      expect(log.filter((line) => !line.startsWith('{'))).toEqual([]);
      expect(await statusOf(health, readinessProbe)).toBe(200);
      expect(await statusOf(health, livenessProbe)).toBe(200);
      await createExistingCluster(simulator, exampleClusters.isolated);
      const connection = await Connection.connect({ address: temporalAddress() });
      const run = await new AksIsolationClient(new Client({ connection }), queue).auditCluster({
        cluster: exampleClusters.isolated.cluster,
      });
      expect(await run.result()).toMatchObject({ verdict: 'Isolated' });
      await connection.close();
    } finally {
      worker.kill('SIGTERM');
    }
    // A worker that is not through in time fails.
    expect((await worker).exitCode).toBe(0);
  });
});

/** The image's user, where this process may become it and that user may read this folder. */
async function userOf({ uid, gid }: AssembledImage, cwd: string): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const user = { uid, gid };
  const { failed } = await execa(process.execPath, ['--version'], { cwd, ...user, reject: false });
  return failed ? {} : user;
}

type Probe = { httpGet: { path: string } };

async function probes(): Promise<Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', Probe>> {
  const deployment = parse(await readFile(join(root, 'deploy/kubernetes/base/deployment.yaml'), 'utf8'));
  return deployment.spec.template.spec.containers[0];
}

const statusOf = (address: string, { httpGet }: Probe): Promise<number | undefined> =>
  fetch(`http://${address}${httpGet.path}`).then(
    ({ status }) => status,
    () => undefined,
  );

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { searchAttributes } from '../../contract/index.ts';
import { startTemporalServer } from '../../scripts/local/temporal/server.ts';
import { bundleWorkflows } from '../../worker/worker.ts';

declare global {
  var stopSharedServices: () => Promise<void>;
}

/** One Temporal server, its CLI and one workflow bundle for the whole run; the tests find them in their environment. */
export default async function setup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'aks-isolation-test-'));
  const bundleFile = join(folder, 'workflows.js');
  const [server] = await Promise.all([
    startTemporalServer({
      searchAttributes: Object.fromEntries(Object.values(searchAttributes).map(({ name }) => [name, 'Keyword'])),
      onProgress: (line) => process.stderr.write(`${line}\n`),
    }),
    bundleWorkflows().then(({ code }) => writeFile(bundleFile, code)),
  ]);
  process.env.TEST_TEMPORAL_ADDRESS = server.address;
  process.env.TEST_TEMPORAL_CLI = server.cli;
  process.env.TEST_WORKFLOW_BUNDLE = bundleFile;
  globalThis.stopSharedServices = async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  };
}

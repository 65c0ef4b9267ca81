// `node scripts/bundle.ts <folder>` bundles the workflows ahead of time, so that a worker need not do it at its start.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodedFailuresPath } from '../codec/payloadEncryption.ts';
import { bundleFile } from '../worker/bundle.ts';
import { bundleWorkflows } from '../worker/worker.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('Give the folder: node scripts/bundle.ts bundle');
  process.exit(1);
}
await mkdir(folder, { recursive: true });
// Only the worker's settings say whether failures are encrypted.
for (const converter of [{}, { dataConverter: { failureConverterPath: encodedFailuresPath } }]) {
  const { code } = await bundleWorkflows(converter);
  await writeFile(join(folder, bundleFile(converter)), code);
}

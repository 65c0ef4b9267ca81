import { join } from 'node:path';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { type AksWorkerOptions, bundleWorkflows } from './worker.ts';

/** How failures are encoded is part of a bundle. */
type Converter = Pick<AksWorkerOptions, 'dataConverter'>;

/** Name of the bundle for a data converter, in a folder that `scripts/bundle.ts` has filled. */
export const bundleFile = ({ dataConverter }: Converter): string =>
  dataConverter?.failureConverterPath === undefined ? 'workflows.js' : 'workflows.encrypted.js';

/** The bundle that was made ahead of time, if there is a folder of such; else a new one. */
export const findBundle = async (folder: string | undefined, converter: Converter): Promise<WorkflowBundleOption> =>
  folder === undefined ? bundleWorkflows(converter) : { codePath: join(folder, bundleFile(converter)) };

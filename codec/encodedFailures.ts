import { DefaultFailureConverter } from '@temporalio/common';

/** Loaded by path, in the workflow sandbox as well. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });

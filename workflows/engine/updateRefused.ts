import type { ApplicationFailure } from '@temporalio/workflow';
import { withoutStack } from '../../contract/failures.ts';
import { errorTypes } from '../../contract/names.ts';
import { shortened } from '../../contract/shortened.ts';

/** A screen of a terminal. */
const mostBytes = 3_000;

/** The failure that refuses an update. A refused update leaves nothing in the history. */
export const updateRefused = (message: string): ApplicationFailure =>
  withoutStack({
    type: errorTypes.updateRefused,
    message: shortened(message.trim(), mostBytes),
    nonRetryable: true,
  });

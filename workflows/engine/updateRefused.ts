import { ApplicationFailure } from '@temporalio/workflow';
import { errorTypes } from '../../contract/names.ts';
import { shortened } from '../../contract/shortened.ts';

/** A screen of a terminal. */
const mostBytes = 3_000;

/** The failure that refuses an update. A refused update leaves nothing in the history. */
export const updateRefused = (message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(shortened(message.trim(), mostBytes), errorTypes.updateRefused);

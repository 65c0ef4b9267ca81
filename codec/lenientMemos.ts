import { DefaultPayloadConverter, type Payload } from '@temporalio/common';
import { inWorkflowContext, workflowInfo } from '@temporalio/workflow';

/**
 * Temporal decodes the memo before a workflow begins. An entry that nobody can decode would fail the workflow task for ever, with the
 * cluster's lock held. A run goes on without it: it only tells what a caller says about itself.
 */
class LenientMemos extends DefaultPayloadConverter {
  override fromPayload<T>(payload: Payload): T {
    try {
      return super.fromPayload(payload);
    } catch (error) {
      if (isBeginning()) return undefined as T;
      throw error;
    }
  }
}

/** A workflow has no memo, not even an empty one, until it was decoded. */
const isBeginning = (): boolean => inWorkflowContext() && workflowInfo().memo === undefined;

/** Loaded by path, in the workflow sandbox. */
export const payloadConverter = new LenientMemos();

import { DefaultPayloadConverter, type Payload } from '@temporalio/common';
import { inWorkflowContext, workflowInfo } from '@temporalio/workflow';

/**
 * Temporal decodes the memo before a workflow begins. What nobody can decode there would fail the workflow task for ever, with the
 * cluster's lock held. A run goes on without it: it is what a caller says about itself.
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

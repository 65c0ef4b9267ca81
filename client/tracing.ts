import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Headers, WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { traceHeader } from '../contract/tracing.ts';

/** Does work in a span of its own. Without an SDK of OpenTelemetry in the process, it only does the work. */
function traced<T>(name: string, workflowId: string, work: () => Promise<T>): Promise<T> {
  const options = { kind: SpanKind.CLIENT, attributes: { temporalWorkflowId: workflowId } };
  return trace.getTracer('aks-isolation-client').startActiveSpan(name, options, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'unknown' });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The headers, with the trace that is active. */
function withTrace(headers: Headers): Headers {
  const carrier = {};
  propagation.inject(context.active(), carrier);
  if (Object.keys(carrier).length === 0) return headers;
  return { ...headers, [traceHeader]: defaultPayloadConverter.toPayload(carrier) };
}

/** Has what a client asks of runs be part of the caller's trace, and the runs that it starts too. */
export const traceCalls: WorkflowClientInterceptor = {
  start: (input, next) =>
    traced(`StartWorkflow:${input.workflowType}`, input.options.workflowId, () =>
      next({ ...input, headers: withTrace(input.headers) }),
    ),
  startWithDetails: (input, next) =>
    traced(`StartWorkflow:${input.workflowType}`, input.options.workflowId, () =>
      next({ ...input, headers: withTrace(input.headers) }),
    ),
  startUpdate: (input, next) =>
    traced(`StartWorkflowUpdate:${input.updateName}`, input.workflowExecution.workflowId ?? '', () => next(input)),
  cancel: (input, next) => traced('CancelWorkflow', input.workflowExecution.workflowId ?? '', () => next(input)),
};

import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import { applicationFailure } from '../contract/failures.ts';
import { type TraceSinks, traceHeader } from '../contract/tracing.ts';
import { withIds } from '../telemetry/chosenIds.ts';

interface Run {
  runId: string;
  workflowId: string;
  workflowType: string;
}

/** Without an SDK that is installed, OpenTelemetry's API does nothing. */
const tracer = (): Tracer => trace.getTracer('aks-isolation-worker');

/**
 * The span of a run, which no worker sees from its beginning to its end: each begins it anew, under IDs that are the run's own, and only
 * the one that sees the end sends it. A run that nobody's trace started is the root of its own.
 */
function beginRun({ runId, workflowId, workflowType }: Run, carrier: unknown, startTime?: Date): Span {
  const id = runId.replaceAll('-', '').toLowerCase();
  const starter = propagation.extract(ROOT_CONTEXT, carrier);
  const attributes = { temporalWorkflowId: workflowId, run_id: runId };
  return withIds({ traceId: id, spanId: id.slice(16) }, () =>
    tracer().startSpan(
      `RunWorkflow:${workflowType}`,
      { kind: SpanKind.SERVER, attributes, ...(startTime && { startTime }) },
      starter,
    ),
  );
}

/** Sends the span of a run that has ended. */
export const traceSinks: InjectedSinks<TraceSinks> = {
  trace: {
    ended: {
      fn(info, carrier, failure) {
        const span = beginRun(info, carrier, info.startTime);
        end(span, failure);
      },
      callDuringReplay: false,
    },
  },
};

/** Has each attempt of an activity be a span below its run's. Its log lines name the trace. */
export const traceActivities: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      const { workflowExecution, workflowType, activityType, activityId, attempt } = info;
      if (!workflowExecution || workflowType === undefined) return next(input);
      const header = input.headers[traceHeader];
      const carrier = header ? defaultPayloadConverter.fromPayload(header) : {};
      const run = trace.setSpan(ROOT_CONTEXT, beginRun({ ...workflowExecution, workflowType }, carrier));
      const attributes = { temporalWorkflowId: workflowExecution.workflowId, run_id: workflowExecution.runId };
      const span = tracer().startSpan(
        `RunActivity:${activityType}`,
        { attributes: { ...attributes, temporalActivityId: activityId, attempt } },
        run,
      );
      return within(trace.setSpan(run, span), span, () => next(input));
    },
  },
  outbound: {
    getLogAttributes(attributes, next) {
      const traceId = trace.getActiveSpan()?.spanContext().traceId;
      return next(traceId === undefined ? attributes : { ...attributes, traceId });
    },
  },
});

async function within<T>(active: Context, span: Span, work: () => Promise<T>): Promise<T> {
  try {
    const result = await context.with(active, work);
    end(span);
    return result;
  } catch (error) {
    end(span, applicationFailure(error)?.type ?? (error instanceof Error ? error.name : 'unknown'));
    throw error;
  }
}

/** Ends a span. Words of errors stay in the histories: they name resources, and traces go elsewhere. */
function end(span: Span, failure?: string): void {
  if (failure !== undefined) {
    span.setAttribute('error.type', failure);
    span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
  }
  span.end();
}

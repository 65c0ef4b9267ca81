import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node';
import type { Problem } from '../contract/problem.ts';
import { chosenIds } from './chosenIds.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Tracing {
  /** Sends what is left, and waits for that no longer than a moment. */
  stop(): Promise<void>;
}

/**
 * Sends traces as OpenTelemetry's own variables say (`OTEL_EXPORTER_OTLP_ENDPOINT` and its companions).
 *
 * @param report Told once when spans begin to be lost, and once when they arrive again.
 * @returns `undefined` where no variable asks for traces: nothing is traced then. Problems where one asks for what is not there.
 */
export function startTracing(
  env: Environment,
  service: string,
  report: (message: string) => void,
): Tracing | undefined | Problem[] {
  const problems = tracingProblems(env);
  if (problems.length > 0) return problems;
  const address = endpoint(env);
  if (address === undefined) return undefined;
  const exporter = reporting(new OTLPTraceExporter(), address, report);
  const provider = new NodeTracerProvider({
    idGenerator: chosenIds,
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  return {
    async stop() {
      const timeout = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), mostStopMs).unref());
      const end = await Promise.race([provider.shutdown().catch(() => undefined), timeout]);
      // The exporter would still try. A command is done before it knows.
      if (end === 'late' && !exporter.isFailing)
        report(`Traces are lost: the collector at ${shownAddress(address)} has not taken them in time`);
    },
  };
}

/** A collector that does not answer must not hold up the end of a process. */
const mostStopMs = 2_000;

/** Where traces go; `undefined` where nobody asks for them. */
function endpoint(env: Environment): string | undefined {
  const given = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return undefined;
  return given || (env.OTEL_TRACES_EXPORTER === 'otlp' ? 'http://localhost:4318' : undefined);
}

function tracingProblems(env: Environment): Problem[] {
  const found: Problem[] = [];
  const address = endpoint(env);
  if (address !== undefined && !/^https?:$/.test(URL.parse(address)?.protocol ?? '')) {
    const where = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
      ? 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
      : 'OTEL_EXPORTER_OTLP_ENDPOINT';
    const whatToDo = 'Give the address of a collector, for example http://localhost:4318.';
    found.push({ where, problem: 'not an http or https address', whatToDo });
  }
  if (!['', 'otlp', 'none'].includes(env.OTEL_TRACES_EXPORTER ?? '')) {
    const whatToDo = 'Use otlp or none, and let a collector pass the traces on.';
    found.push({
      where: 'OTEL_TRACES_EXPORTER',
      problem: `there is no exporter ${env.OTEL_TRACES_EXPORTER} here`,
      whatToDo,
    });
  }
  for (const where of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']) {
    if (address === undefined || ['', 'http/protobuf'].includes(env[where] ?? '')) continue;
    const whatToDo = 'Use http/protobuf, which every OTLP collector takes, by default on port 4318.';
    found.push({ where, problem: `${env[where]} is not spoken here`, whatToDo });
  }
  return found;
}

/** The same exporter, telling when spans begin to be lost. Somebody who asked for traces would look for them in vain otherwise. */
function reporting(
  exporter: SpanExporter,
  address: string,
  report: (message: string) => void,
): SpanExporter & { readonly isFailing: boolean } {
  let isFailing = false;
  return {
    get isFailing() {
      return isFailing;
    },
    shutdown: () => exporter.shutdown(),
    export(spans, done) {
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error && !isFailing)
          report(`Traces are lost: the collector at ${shownAddress(address)} does not take them (${error.message})`);
        if (!error && isFailing) report(`Traces reach the collector at ${shownAddress(address)} again`);
        isFailing = error !== undefined;
        done(result);
      });
    },
  };
}

/** Without user, password and query. */
const shownAddress = (address: string): string => new URL(address).host;

import type { PipelinePolicy, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type LabelOf, Measures, providers } from '../../contract/metrics.ts';
import { currentContext } from './currentContext.ts';

/** Measures each request to Azure, and traces it. The requests of the worker's start are part of no activity: they do not count. */
export const watchRequest: PipelinePolicy = {
  name: 'watchRequest',
  async sendRequest(request, next) {
    const meter = currentContext()?.metricMeter;
    if (!meter) return next(request);
    const measures = new Measures(meter);
    const provider = providerOf(request.url);
    const span = beginSpan(request, provider);
    const since = performance.now();
    let status: LabelOf<'armRequestDuration', 'status'> = 'none';
    try {
      const response = await next(request);
      status = classOf(response);
      if (response.status === 429) measures.count('armThrottled', { provider });
      showAnswer(span, response);
      return response;
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'unknown' });
      throw error;
    } finally {
      span.end();
      measures.took('armRequestDuration', { provider, method: request.method, status }, performance.now() - since);
    }
  },
};

/** Logs each request that was answered. */
export const logRequest: PipelinePolicy = {
  name: 'logRequest',
  async sendRequest(request, next) {
    const response = await next(request);
    const path = new URL(request.url).pathname;
    const correlationId = response.headers.get('x-ms-correlation-request-id');
    // Logs leave the query out, for it carries the signature of an operation's address.
    const level = request.method === 'GET' ? 'DEBUG' : 'INFO';
    currentContext()?.log.log(level, 'ARM request', {
      method: request.method,
      path,
      status: response.status,
      correlationId,
    });
    return response;
  },
};

/** A span below the activity's. It has no query, for that is where an operation's address is signed, no header and no body. */
function beginSpan({ method, url }: PipelineRequest, provider: Provider): Span {
  const { hostname, pathname } = new URL(url);
  const attributes = { 'http.request.method': method, 'server.address': hostname, 'url.path': pathname };
  return trace.getTracer('aks-isolation-arm').startSpan(`${method} ${provider}`, { kind: SpanKind.CLIENT, attributes });
}

function showAnswer(span: Span, { status, headers }: PipelineResponse): void {
  span.setAttribute('http.response.status_code', status);
  const correlationId = headers.get('x-ms-correlation-request-id');
  if (correlationId !== undefined) span.setAttribute('az.correlation_id', correlationId);
  // Looks often find that something is not there: that is an answer, no error.
  if (status >= 400 && status !== 404) span.setStatus({ code: SpanStatusCode.ERROR });
}

type Provider = (typeof providers)[number];

/** Answers of 1xx never reach a client. */
const classOf = ({ status }: PipelineResponse): '2xx' | '3xx' | '4xx' | '5xx' =>
  status < 300 ? '2xx' : status < 400 ? '3xx' : status < 500 ? '4xx' : '5xx';

/** The provider that answers: the last one that the address names. Groups and subscriptions are Azure Resource Manager's own. */
function providerOf(url: string): Provider {
  const [, named = 'Microsoft.Resources'] = /.*\/providers\/([^/?]+)/i.exec(new URL(url).pathname) ?? [];
  return providers.find((each) => each.toLowerCase() === named.toLowerCase()) ?? 'other';
}

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';

/** The part of a span that is looked at. Source: opentelemetry-proto, trace/v1/trace.proto. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resourceSpans = 1; }
  message ResourceSpans { repeated ScopeSpans scopeSpans = 2; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span { bytes traceId = 1; bytes spanId = 2; bytes parentSpanId = 4; string name = 5; }
`);
const Request = root.lookupType('Request');

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
}

/** A collector of OpenTelemetry, which takes OTLP over HTTP and keeps what it has received. */
export async function startCollector() {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    bodies.push(body);
    const { resourceSpans } = Request.toObject(Request.decode(body), { defaults: true, bytes: String });
    const received: ReceivedSpan[] = resourceSpans.flatMap(
      ({ scopeSpans }: { scopeSpans: { spans: ReceivedSpan[] }[] }) => scopeSpans.flatMap((each) => each.spans),
    );
    const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');
    spans.push(
      ...received.map(({ traceId, spanId, parentSpanId, name }) => ({
        traceId: hex(traceId),
        spanId: hex(spanId),
        parentSpanId: hex(parentSpanId),
        name,
      })),
    );
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    /** Everything as it came. */
    raw: () => Buffer.concat(bodies).toString('latin1'),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

import { connect, constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { listening } from './listening.ts';

export interface RefusingProxy {
  /** `host:port`, in place of the server's. */
  address: string;
  close(): Promise<void>;
}

/** Stands before a Temporal server and refuses some methods, as Temporal Cloud does with those that it keeps for itself. */
export async function startRefusingProxy(server: string, refused: readonly string[]): Promise<RefusingProxy> {
  const upstream = connect(`http://${server}`);
  const proxy = createServer();
  proxy.on('stream', (stream, headers) => {
    const method = headers[':path']?.split('/').at(-1) ?? '';
    if (refused.includes(method)) refuse(stream);
    else forward(stream, headers);
  });
  const forward = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    const request = upstream.request(headers);
    let trailers: IncomingHttpHeaders = {};
    request.on('response', (answer, flags) => {
      const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (!stream.closed) stream.respond(answer, endStream ? { endStream } : { waitForTrailers: true });
    });
    request.on('trailers', (found) => {
      trailers = found;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('close', () => request.close());
    for (const each of [stream, request]) each.on('error', () => undefined);
    stream.pipe(request).pipe(stream);
  };
  const address = await listening(proxy);
  return {
    address,
    async close() {
      upstream.destroy();
      proxy.close();
    },
  };
}

/** An answer of trailers alone: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
function refuse(stream: ServerHttp2Stream): void {
  const permissionDenied = '7';
  const headers = { ':status': 200, 'content-type': 'application/grpc' };
  stream.respond(
    { ...headers, 'grpc-status': permissionDenied, 'grpc-message': 'Request unauthorized.' },
    { endStream: true },
  );
  stream.resume();
}

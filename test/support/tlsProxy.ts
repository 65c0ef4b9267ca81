import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { generate } from 'selfsigned';
import { listening } from './listening.ts';

/** A certificate with its key, in PEM. */
export interface Pair {
  cert: string;
  key: string;
}

interface CertificateOptions {
  /** Default: it signs itself. */
  authority?: Pair;
  from?: Date;
  until?: Date;
}

/** Makes a certificate for 127.0.0.1 and for clients. */
export async function makePair(name: string, { authority, from, until }: CertificateOptions = {}): Promise<Pair> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...(authority && { ca: authority }),
    ...(from && { notBeforeDate: from }),
    ...(until && { notAfterDate: until }),
    extensions: [
      { name: 'basicConstraints', cA: authority === undefined, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: authority === undefined, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  return { cert: made.cert, key: made.private };
}

export interface TlsProxy {
  /** `host:port`, in place of the server's. */
  address: string;
  close(): Promise<void>;
}

/** Stands before a Temporal server, which speaks no TLS as a development server, and takes clients with a certificate alone. */
export async function startTlsProxy(server: string, own: Pair, authority: string): Promise<TlsProxy> {
  const [host, port] = server.split(':');
  const open = new Set<Socket>();
  const proxy = createServer({ ...own, ca: authority, requestCert: true, ALPNProtocols: ['h2'] }, (client) => {
    const upstream = connect(Number(port), host);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  const address = await listening(proxy);
  return {
    address,
    async close() {
      const closed = once(proxy, 'close');
      proxy.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

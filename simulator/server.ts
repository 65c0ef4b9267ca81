import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { FastifyInstance } from 'fastify';
import { generate } from 'selfsigned';

/** A certificate for the loopback names, made anew at every start. It signs itself, so it serves as its own CA file. */
export async function makeCertificate(): Promise<{ key: string; cert: string }> {
  const pem = await generate([{ name: 'commonName', value: 'simulated Azure Resource Manager' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
          { type: 2, value: 'localhost' },
        ],
      },
    ],
  });
  return { key: pem.private, cert: pem.cert };
}

/** Listens on one loopback port for http and https alike. @throws when the port is taken. */
export async function listen(
  app: FastifyInstance,
  certificate: { key: string; cert: string },
  port: number,
): Promise<{ port: number; close(): Promise<void> }> {
  await app.ready();
  // By default Node closes a connection that was idle for 5 s: in a busy process, just when its client uses it again.
  const idle = { keepAliveTimeout: 0 };
  const plain = http.createServer(idle, (request, response) => app.routing(request, response));
  const secure = https.createServer({ ...certificate, ...idle }, (request, response) => app.routing(request, response));
  const sockets = new Set<net.Socket>();
  const front = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('readable', () => {
      const first: Buffer | null = socket.read(1);
      if (!first) return;
      socket.unshift(first);
      // A TLS handshake record begins with 0x16; no HTTP method does.
      (first[0] === 0x16 ? secure : plain).emit('connection', socket);
    });
  });
  front.listen(port, '127.0.0.1');
  await once(front, 'listening');
  const address = front.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async close() {
      const closed = once(front, 'close');
      front.close();
      // Clients keep their connections alive for minutes; waiting for them would hang the caller.
      for (const socket of sockets) socket.destroy();
      await closed;
      await app.close();
    },
  };
}

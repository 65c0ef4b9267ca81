import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EventData } from '../../contract/events.ts';

/** An event as a receiver gets it. */
interface Received {
  headers: Record<string, string | string[] | undefined>;
  body: string;
  event: {
    specversion: string;
    id: string;
    source: string;
    type: string;
    subject: string;
    sequence: string;
    dataschema: string;
    data: EventData;
  };
}

export interface WebhookReceiver {
  url: string;
  /** Everything that came about a cluster, tries that were refused included. */
  receivedAbout(cluster: string): Received[];
  close(): Promise<void>;
}

/**
 * A receiver of events over HTTP.
 *
 * @param answer The status for what comes about a cluster; `undefined`: it never answers. `before` is what came about it before.
 */
export async function startWebhookReceiver(
  answer: (cluster: string, before: number) => number | undefined,
): Promise<WebhookReceiver> {
  const all: Received[] = [];
  const receivedAbout = (cluster: string) => all.filter(({ event }) => event.subject.endsWith(`/${cluster}`));
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const event: Received['event'] = JSON.parse(body);
      const cluster = event.subject.split('/').at(-1) ?? '';
      const status = answer(cluster, receivedAbout(cluster).length);
      all.push({ headers: request.headers, body, event });
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret-path`,
    receivedAbout,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

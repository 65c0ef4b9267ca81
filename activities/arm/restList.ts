import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import { subscriptionOf } from '../../resources/ids.ts';
import type { ClientsOf } from './connection.ts';
import { azureCall, collect } from './errors.ts';

/**
 * Lists what is below a resource, over REST for want of an SDK that knows it. All pages are read.
 *
 * @param resourceId What failures name.
 * @param path With the API version.
 */
export function restList<T>(clients: ClientsOf, resourceId: string, path: string, item: z.ZodType<T>): Promise<T[]> {
  const { authorization } = clients(subscriptionOf(resourceId));
  const answer = z.object({ value: z.array(item), nextLink: z.string().nullish() });
  return azureCall(resourceId, () =>
    collect({
      async *byPage() {
        let url: string | undefined = `${authorization.$host}${path}`;
        while (url) {
          const response = await authorization.sendRequest(createPipelineRequest({ url }));
          if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
          const { value, nextLink } = answer.parse(JSON.parse(response.bodyAsText ?? ''));
          yield value;
          url = nextLink ?? undefined;
        }
      },
    }),
  );
}

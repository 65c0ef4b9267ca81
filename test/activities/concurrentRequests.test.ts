import { setImmediate as turn } from 'node:timers/promises';
import { createHttpHeaders, createPipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline';
import { expect, it } from '@jest/globals';
import { limitRequests } from '../../activities/arm/concurrentRequests.ts';

/** Sends requests by their names, and shows which are under way. */
function sender(most: number) {
  const policy = limitRequests(most);
  const underWay = new Map<string, PromiseWithResolvers<PipelineResponse>>();
  const end = (name: string) => {
    const request = underWay.get(name);
    underWay.delete(name);
    return request;
  };
  return {
    underWay: () => [...underWay.keys()],
    async send(name: string, abortSignal?: AbortSignal) {
      const request = createPipelineRequest({ url: `https://azure.test/${name}`, ...(abortSignal && { abortSignal }) });
      await policy.sendRequest(request, () => {
        const answer = Promise.withResolvers<PipelineResponse>();
        underWay.set(name, answer);
        return answer.promise;
      });
    },
    async answer(name: string) {
      const request = createPipelineRequest({ url: `https://azure.test/${name}` });
      end(name)?.resolve({ request, status: 200, headers: createHttpHeaders() });
      await turn();
    },
    async fail(name: string) {
      end(name)?.reject(new Error('hung up'));
      await turn();
    },
  };
}

it('so many requests are under way at a time, and the others follow in the order in which they came', async () => {
  const { send, answer, fail, underWay } = sender(2);
  const sent = Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((name) => send(name)));
  expect(underWay()).toEqual(['a', 'b']);
  await answer('b');
  expect(underWay()).toEqual(['a', 'c']);
  await fail('a');
  await answer('c');
  expect(underWay()).toEqual(['d', 'e']);
  await answer('d');
  await answer('e');
  expect((await sent).map(({ status }) => status)).toEqual([
    'rejected',
    ...['b', 'c', 'd', 'e'].map(() => 'fulfilled'),
  ]);
  const later = [send('f'), send('g'), send('h')];
  expect(underWay()).toEqual(['f', 'g']);
  for (const name of ['f', 'g', 'h']) await answer(name);
  await Promise.all(later);
});

it('a request that is cancelled while it waits ends at once, is never sent, and takes no turn', async () => {
  const { send, answer, underWay } = sender(1);
  const first = send('first');
  const cancellation = new AbortController();
  const cancelled = [send('one', cancellation.signal), send('two', AbortSignal.abort())];
  const last = send('last');
  cancellation.abort();
  for (const each of cancelled) await expect(each).rejects.toMatchObject({ name: 'AbortError' });
  expect(underWay()).toEqual(['first']);
  await answer('first');
  expect(underWay()).toEqual(['last']);
  await answer('last');
  await Promise.all([first, last]);
});

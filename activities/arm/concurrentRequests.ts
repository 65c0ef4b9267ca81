import type { PipelinePolicy, PipelineRequest } from '@azure/core-rest-pipeline';

/**
 * Sends so many requests at a time, first come, first served. Each has a connection of its own, which takes 150 kB, and hundreds of
 * activities ask for twenty things at once each. An agent that is told the same would hold a write back after its last check.
 */
export function limitRequests(most: number): PipelinePolicy {
  let free = most;
  const waiting = new Set<() => void>();
  return {
    name: 'limitRequests',
    async sendRequest(request, next) {
      if (free > 0) free -= 1;
      else await turnOf(request, waiting);
      try {
        return await next(request);
      } finally {
        const [begin] = waiting;
        if (begin) begin();
        else free += 1;
      }
    },
  };
}

/** @throws AbortError, and leaves the queue, if the request is cancelled first. */
function turnOf({ abortSignal }: PipelineRequest, waiting: Set<() => void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      waiting.delete(begin);
      abortSignal?.removeEventListener('abort', cancel);
    };
    const begin = () => {
      stop();
      resolve();
    };
    const cancel = () => {
      stop();
      reject(Object.assign(new Error('The request was cancelled before it was sent'), { name: 'AbortError' }));
    };
    waiting.add(begin);
    abortSignal?.addEventListener('abort', cancel);
    if (abortSignal?.aborted) cancel();
  });
}

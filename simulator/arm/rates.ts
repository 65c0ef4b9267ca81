import { ArmError, gatewayError } from './errors.ts';
import { keyOf } from './ids.ts';
import { type Bucket, retryAfterHeaders, type Taken } from './throttling.ts';
import type { World } from './world.ts';

/** For each subscription. Source: Microsoft Learn, "Understand how Azure Resource Manager throttles requests". */
const armBuckets = {
  reads: { capacity: 250, refill: 25 },
  writes: { capacity: 200, refill: 10 },
  deletes: { capacity: 200, refill: 10 },
} as const;

/** Takes a token from ARM's own bucket and gives the rate headers. @throws ArmError 429 SubscriptionRequestsThrottled */
export function takeArmToken(world: World, subscriptionId: string, method: string): Record<string, string> {
  const kind = method === 'DELETE' ? 'deletes' : method === 'GET' || method === 'HEAD' ? 'reads' : 'writes';
  const bucket = { key: `arm/${keyOf(subscriptionId)}/${kind}`, ...armBuckets[kind] };
  const { remaining, wait } = take(world, bucket);
  if (wait > 0) {
    throw gatewayError(
      429,
      'SubscriptionRequestsThrottled',
      `Number of '${kind.slice(0, -1)}' requests for subscription '${subscriptionId}' exceeded. Please try again after '${Math.ceil(wait)}' seconds.`,
      { headers: retryAfterHeaders(wait, world.clock) },
    );
  }
  return {
    [`x-ms-ratelimit-remaining-subscription-${kind}`]: String(remaining),
    [`x-ms-ratelimit-remaining-subscription-global-${kind}`]: String(remaining + armBuckets[kind].capacity * 14),
  };
}

/** Takes a token from a provider's bucket. @throws ArmError 429 Throttled, in the words of AKS */
export function takeProviderToken(
  world: World,
  bucket: Bucket,
  subscriptionId: string,
  handler: string,
): Record<string, never> {
  const { wait } = take(world, bucket);
  if (wait === 0) return {};
  throw new ArmError(
    429,
    'Throttled',
    `The ${handler} request limit has been exceeded for SubID='${subscriptionId}', please retry again in ${Math.ceil(wait)} seconds. For more information, please visit aka.ms/aks/throttling`,
    { bare: true, headers: retryAfterHeaders(wait, world.clock) },
  );
}

function take({ throttle, clock }: World, bucket: Bucket): Taken {
  const now = clock.now();
  const taken = throttle.take(bucket, now);
  if (taken.wait > 0) clock.notYet('refused', now.getTime() + taken.wait * 1000);
  return taken;
}

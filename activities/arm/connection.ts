import { AsyncLocalStorage } from 'node:async_hooks';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { ComputeManagementClient } from '@azure/arm-compute';
import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
import { ContainerServiceClient } from '@azure/arm-containerservice';
import { FeatureClient } from '@azure/arm-features';
import { ManagementLockClient } from '@azure/arm-locks';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { NetworkManagementClient } from '@azure/arm-network';
import { PrivateDnsManagementClient } from '@azure/arm-privatedns';
import { ResourceManagementClient } from '@azure/arm-resources';
import { SubscriptionClient } from '@azure/arm-resources-subscriptions';
import {
  createDefaultHttpClient,
  type HttpClient,
  type PipelinePolicy,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { ownFailure, policyFailure } from '../../contract/failures.ts';
import { lockedCluster } from '../../contract/names.ts';
import { deletionProblems, placeProblems } from '../../contract/policyProblems.ts';
import { resourceReference } from '../../resources/ids.ts';
import type { WorkerPolicy } from '../../resources/workerPolicy.ts';
import { asksOnly, isRead } from './asksOnly.ts';
import { faultOf, UnreadableAnswerError } from './belief.ts';
import type { Clock } from './clock.ts';
import { limitRequests } from './concurrentRequests.ts';
import { currentContext } from './currentContext.ts';
import { refuseIfLapsed } from './lease.ts';
import { mostPauseMs, paceRequests } from './pace.ts';
import { countRequest } from './requestCounts.ts';
import { shareReads } from './sharedReads.ts';
import { logRequest, watchRequest } from './telemetry.ts';

/** The way to Azure Resource Manager. The worker makes it from its environment. A simulated Azure differs in nothing else. */
export interface AzureConnection {
  credential: TokenCredential;
  /** Address of Azure Resource Manager, without a slash at the end. */
  endpoint: string;
  /** Further certificate authorities to trust, for an endpoint that is not Azure's own. */
  tlsOptions?: { ca: string[] };
  /** Bound on one request. Default: 90 s, for ARM answers or gives up after a minute. */
  requestTimeoutMs?: number;
  /** Default: the machine's. */
  clock?: Clock;
  /** The worker's policy. Discovery hands it on to the plan. Default: everything that Azure allows. */
  policy?: WorkerPolicy;
  /** Whether nothing may be changed. Default: false. */
  readOnly?: boolean;
}

/** One client per Azure service for one subscription. */
export interface AzureClients {
  /** For requests that carry a token beside ARM's. */
  credential: TokenCredential;
  policy?: WorkerPolicy;
  readOnly: boolean;
  authorization: AuthorizationManagementClient;
  compute: ComputeManagementClient;
  containerService: ContainerServiceClient;
  containerRegistry: ContainerRegistryManagementClient;
  features: FeatureClient;
  identities: ManagedServiceIdentityClient;
  locks: ManagementLockClient;
  network: NetworkManagementClient;
  privateDns: PrivateDnsManagementClient;
  resources: ResourceManagementClient;
  subscriptions: SubscriptionClient;
}

/**
 * ARM gives a resource provider 60 s for its answer, then answers 504. The rest is for the way there and back.
 * Source: Azure Resource Manager's resource provider contract, common-api-details.md, "Client Request Timeout".
 */
const armTimeoutMs = 90_000;

/**
 * Azure answers in a third of a second, so that these are 300 requests a second: what it allows twelve subscriptions, and about what
 * one worker has a processor for.
 */
const mostRequestsAtOnce = 100;

/** Makes the clients of a subscription on first use and keeps them, so that connections are reused. */
export function azureClients({
  credential,
  endpoint,
  tlsOptions,
  policy,
  readOnly = false,
  requestTimeoutMs = armTimeoutMs,
}: AzureConnection) {
  const scopes = [`${endpoint}/.default`];
  const options = {
    endpoint,
    httpClient: fencedHttpClient(),
    credentials: { scopes },
    credentialScopes: scopes,
    // Temporal retries. Other than the SDK, a retried activity looks before it writes again.
    retryOptions: { maxRetries: 0 },
    additionalPolicies: [
      {
        policy: boundRequest('boundCall', () => requestTimeoutMs + mostPauseMs(currentContext())),
        position: 'perCall' as const,
      },
      { policy: correlateWithWorkflow, position: 'perCall' as const },
      { policy: observeResponse, position: 'perRetry' as const },
      { policy: shareReads(asksOnly), position: 'perRetry' as const },
      { policy: paceRequests(), position: 'perRetry' as const },
      { policy: limitRequests(mostRequestsAtOnce), position: 'perRetry' as const },
      // Azure's time begins when the request is sent.
      { policy: boundRequest('boundRequest', () => requestTimeoutMs), position: 'perRetry' as const },
      { policy: logRequest, position: 'perRetry' as const },
      { policy: watchRequest, position: 'perRetry' as const },
      { policy: onlyTo(endpoint), position: 'perRetry' as const },
      { policy: onlyAllowed(policy ?? {}, readOnly), position: 'perRetry' as const },
      { policy: countRequest, position: 'perRetry' as const },
    ],
    ...(tlsOptions && { tlsOptions }),
  };
  const clients = new Map<string, AzureClients>();
  return (subscriptionId: string): AzureClients => {
    const known = clients.get(subscriptionId);
    if (known) return known;
    const made: AzureClients = {
      credential,
      ...(policy && { policy }),
      readOnly,
      authorization: new AuthorizationManagementClient(credential, subscriptionId, { ...options, $host: endpoint }),
      compute: new ComputeManagementClient(credential, subscriptionId, options),
      containerService: new ContainerServiceClient(credential, subscriptionId, options),
      containerRegistry: new ContainerRegistryManagementClient(credential, subscriptionId, options),
      features: new FeatureClient(credential, subscriptionId, options),
      identities: new ManagedServiceIdentityClient(credential, subscriptionId, options),
      locks: new ManagementLockClient(credential, subscriptionId, options),
      network: new NetworkManagementClient(credential, subscriptionId, options),
      privateDns: new PrivateDnsManagementClient(credential, subscriptionId, options),
      resources: new ResourceManagementClient(credential, subscriptionId, options),
      subscriptions: new SubscriptionClient(credential, options),
    };
    clients.set(subscriptionId, made);
    return made;
  };
}

export type ClientsOf = ReturnType<typeof azureClients>;

export type Service = Exclude<keyof AzureClients, 'credential' | 'policy' | 'readOnly'>;

/** A resource in a resource group, with the client of its service. */
export interface Located<S extends Service> {
  client: AzureClients[S];
  resourceGroup: string;
  /** Name of the resource above it; empty where there is none. */
  parent: string;
  name: string;
}

/** Takes a resource ID apart into what the service's client is called with. */
export function locate<S extends Service>(clients: ClientsOf, service: S, id: string): Located<S> {
  const { subscriptionId, resourceGroup, parents, name } = resourceReference(id);
  return { client: clients(subscriptionId)[service], resourceGroup, parent: parents.at(-1) ?? '', name };
}

/**
 * Runs one ARM call and hands its last HTTP response to `onResponse`, also when the call throws. The SDK's generations put
 * different things into their errors, and its pollers hide `Retry-After` and the operation's error.
 */
export async function observed<T>(
  call: () => Promise<T>,
  onResponse: (response: PipelineResponse) => void,
): Promise<T> {
  const outer = observers.getStore();
  return observers.run((response) => {
    onResponse(response);
    outer?.(response);
  }, call);
}

const observers = new AsyncLocalStorage<(response: PipelineResponse) => void>();

const observeResponse: PipelinePolicy = {
  name: 'observeResponse',
  async sendRequest(request, next) {
    const response = await next(request);
    const fault = faultOf(request, response);
    if (fault !== undefined) throw new UnreadableAnswerError(response, fault);
    observers.getStore()?.(response);
    return response;
  },
};

/**
 * The address of an operation comes from a heartbeat or a header, that of a next page from a body: whoever writes there could
 * name any host. The token is for Azure alone, so nothing is sent elsewhere. The last policy of all sees redirects as well.
 */
function onlyTo(endpoint: string): PipelinePolicy {
  const { origin } = new URL(endpoint);
  return {
    name: 'onlyTo',
    async sendRequest(request, next) {
      const { origin: asked } = new URL(request.url);
      if (asked !== origin) throw new ForeignAddressError(asked);
      return next(request);
    },
  };
}

/**
 * An activity may write to more than its arguments name. So each write is held against the policy by its address, right before it is
 * sent. Reads go further: whoever deletes must know who else uses a resource, wherever they are.
 */
function onlyAllowed(policy: WorkerPolicy, readOnly: boolean): PipelinePolicy {
  return {
    name: 'onlyAllowed',
    async sendRequest(request, next) {
      const { method, url } = request;
      if (isRead(method)) return next(request);
      const id = decodeURIComponent(new URL(url).pathname);
      if (readOnly && !asksOnly(request)) throw ownFailure('ReadOnlyWorker', `${method} ${id} was not sent`, id);
      const cluster = lockedCluster(currentContext()?.info.workflowExecution?.workflowId ?? '');
      const problems = [
        ...placeProblems(policy, [id], cluster),
        ...(method === 'DELETE' ? deletionProblems(policy, id, cluster) : []),
      ];
      if (problems.length > 0) throw policyFailure(problems);
      return next(request);
    },
  };
}

/** A request was to go to a host that is not the configured Azure. It was not sent. */
export class ForeignAddressError extends Error {
  constructor(origin: string) {
    super(`${origin} is not the configured Azure, so that nothing was sent there`);
  }
}

/** The SDK sets no bound. An activity whose connection went silent would heartbeat for hours and wait for nothing. */
function boundRequest(name: string, mostMs: () => number): PipelinePolicy {
  return {
    name,
    async sendRequest(request, next) {
      const { abortSignal: cancellation } = request;
      const timeoutMs = mostMs();
      const bound = new AbortController();
      const giveUp = () => bound.abort();
      // The SDK's own timer goes on after a connection has broken, and keeps the process alive.
      const timer = setTimeout(giveUp, timeoutMs);
      cancellation?.addEventListener('abort', giveUp);
      if (cancellation?.aborted) giveUp();
      request.abortSignal = bound.signal;
      try {
        return await next(request);
      } catch (error) {
        throw bound.signal.aborted && !cancellation?.aborted
          ? new Error(`No answer within ${timeoutMs / 1000} s`)
          : error;
      } finally {
        clearTimeout(timer);
        cancellation?.removeEventListener('abort', giveUp);
      }
    },
  };
}

/** Refuses to write where the activity may be another worker's by now. No policy comes later: a token may take long to get. */
function fencedHttpClient(): HttpClient {
  const client = createDefaultHttpClient();
  return {
    async sendRequest(request) {
      const context = currentContext();
      if (context && !isRead(request.method)) refuseIfLapsed(context);
      return client.sendRequest(request);
    },
  };
}

/** Azure's activity log then shows every write of a run under the workflow's run ID. */
const correlateWithWorkflow: PipelinePolicy = {
  name: 'correlateWithWorkflow',
  sendRequest(request, next) {
    const runId = currentContext()?.info.workflowExecution?.runId;
    if (runId) request.headers.set('x-ms-correlation-request-id', runId);
    return next(request);
  },
};

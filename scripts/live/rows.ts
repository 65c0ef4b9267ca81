import { behaviours } from '../../simulator/behaviours.ts';
import { type Duration, durationsIn } from './durations.ts';
import { type Exchange, errorCode, inAnswer, valueAt } from './exchanges.ts';
import type { Switch, Verdict } from './findings.ts';

/** The evidence for a row of the simulator's behaviours, docs/reference/simulator-behaviours.md. */
export interface RowVerdict {
  readonly id: string;
  readonly says: string;
  /** The row's source so far. */
  readonly evidence: string;
  readonly verdict: 'confirmed' | 'refuted';
  readonly shownBy: readonly Exchange[];
}

/** Whether an exchange is as a row says; `undefined`: it has nothing to do with it. */
type Holds = (exchange: Exchange) => boolean | undefined;

const pathOf = ({ url }: Exchange): string => new URL(url).pathname;
const answered =
  (method: string, path: RegExp, holds: (exchange: Exchange) => boolean | undefined): Holds =>
  (exchange) =>
    exchange.method === method && path.test(pathOf(exchange)) ? holds(exchange) : undefined;
const whereTaken =
  (holds: (exchange: Exchange) => boolean): ((exchange: Exchange) => boolean | undefined) =>
  (exchange) =>
    exchange.status < 300 ? holds(exchange) : undefined;
/** A run that goes on may find there what it has sent before, and updates it. */
const whereMade =
  (holds: (exchange: Exchange) => boolean): ((exchange: Exchange) => boolean | undefined) =>
  (exchange) =>
    exchange.status === 201 ? holds(exchange) : undefined;
const header = ({ answer }: Exchange, name: string): string | undefined => answer.headers[name];
const hasOperation = (exchange: Exchange): boolean =>
  header(exchange, 'azure-asyncoperation') !== undefined || header(exchange, 'location') !== undefined;

const cluster = /\/managedClusters\/[^/]+$/i;
const stale: Holds = ({ headers, status }) => (headers['if-match'] === undefined ? undefined : status === 412);

/** Rows that one exchange can show, by their IDs. */
const rows: Readonly<Record<string, Holds>> = {
  'gateway-errors': (exchange) =>
    /^Resource(Group)?NotFound$/.test(errorCode(exchange) ?? '')
      ? header(exchange, 'x-ms-failure-cause') === 'gateway'
      : undefined,
  preconditions: stale,
  'aks-etag-headers': stale,
  'signed-operation-urls': answered(
    'PUT',
    cluster,
    whereTaken((exchange) => /[?&]s=/.test(header(exchange, 'azure-asyncoperation') ?? '')),
  ),
  'retry-after': answered('PUT', cluster, (exchange) => {
    // A simulator that does not run at Azure's speed says it otherwise.
    if (exchange.status >= 300 || header(exchange, 'retry-after-ms') !== undefined) return undefined;
    return header(exchange, 'retry-after') === '30';
  }),
  'aks-no-etag': answered(
    'GET',
    cluster,
    whereTaken(
      (exchange) => inAnswer(exchange, 'properties.eTag') === undefined && inAnswer(exchange, 'eTag') === undefined,
    ),
  ),
  'aks-put-answer': answered('PUT', cluster, (exchange) =>
    exchange.status === 201 && inAnswer(exchange, 'identity.type') === 'SystemAssigned'
      ? inAnswer(exchange, 'properties.identityProfile') === undefined
      : undefined,
  ),
  'aks-managed-registry-name': answered('PUT', cluster, (exchange) => {
    const id = inAnswer(exchange, 'properties.bootstrapProfile.containerRegistryId');
    return typeof id === 'string' && /-nodes\/providers/i.test(id) ? /\/registries\/[0-9a-f]{32}$/.test(id) : undefined;
  }),
  'aks-network-profile': answered('GET', cluster, (exchange) => {
    if (inAnswer(exchange, 'properties.networkProfile.outboundType') !== 'none') return undefined;
    const profile = 'properties.networkProfile.loadBalancerProfile';
    return (
      inAnswer(exchange, profile) !== undefined && inAnswer(exchange, `${profile}.managedOutboundIPs`) === undefined
    );
  }),
  'aks-throttling': answered('GET', cluster, (exchange) =>
    exchange.status === 429
      ? errorCode(exchange) === 'Throttled' &&
        (header(exchange, 'retry-after') ?? header(exchange, 'retry-after-ms')) !== undefined
      : undefined,
  ),
  'aks-run-command': answered('POST', /\/runCommand$/i, (exchange) =>
    exchange.status < 300 ? exchange.status === 202 && header(exchange, 'location') !== undefined : undefined,
  ),
  'aks-command-pod': answered('POST', /\/runCommand$/i, (exchange) =>
    exchange.status >= 400 && /did not start within/i.test(JSON.stringify(exchange.answer.body))
      ? exchange.status === 404 && errorCode(exchange) === 'KubernetesPerformanceError'
      : undefined,
  ),
  'aks-reimage': answered('POST', /\/upgradeNodeImageVersion$/i, ({ status }) =>
    status < 400 ? status === 202 : undefined,
  ),
  'group-put-synchronous': answered(
    'PUT',
    /\/resourcegroups\/[^/]+$/i,
    whereTaken((exchange) => !hasOperation(exchange)),
  ),
  'identity-synchronous': answered(
    'PUT',
    /\/userAssignedIdentities\/[^/]+$/i,
    whereTaken(
      (exchange) =>
        typeof inAnswer(exchange, 'properties.principalId') === 'string' &&
        /\/resourcegroups\//.test(String(inAnswer(exchange, 'id'))),
    ),
  ),
  'role-assignment-answer': answered(
    'PUT',
    /\/roleAssignments\/[^/]+$/i,
    whereTaken((exchange) => exchange.status === 201 && inAnswer(exchange, 'properties.createdBy') === null),
  ),
  'vnet-updating': answered(
    'PUT',
    /\/virtualNetworks\/[^/]+$/i,
    whereMade((exchange) => inAnswer(exchange, 'properties.provisioningState') === 'Updating'),
  ),
  'subnet-in-use': answered('DELETE', /\/subnets\/[^/]+$/i, (exchange) =>
    exchange.status === 400 ? errorCode(exchange) === 'InUseSubnetCannotBeDeleted' : undefined,
  ),
  'dns-operations': answered(
    'PUT',
    /\/privateDnsZones\/[^/]+(\/virtualNetworkLinks\/[^/]+)?$/i,
    whereTaken(
      (exchange) =>
        exchange.status === 202 &&
        header(exchange, 'azure-asyncoperation') !== undefined &&
        header(exchange, 'location') !== undefined,
    ),
  ),
  'dns-link-lower-case': answered(
    'GET',
    /\/virtualNetworkLinks\/[^/]+$/i,
    whereTaken((exchange) => {
      const name = String(inAnswer(exchange, 'name'));
      return name === name.toLowerCase();
    }),
  ),
  'registry-slow-put': answered(
    'PUT',
    /\/registries\/[^/]+$/i,
    whereMade((exchange) => inAnswer(exchange, 'properties.provisioningState') === 'Creating'),
  ),
  'registry-names': answered('GET', /\/(registries|privateEndpoints)\/[^/]+$/i, (exchange) => {
    const names = [inAnswer(exchange, 'properties.loginServer'), ...endpointNames(exchange)];
    const known = names.filter((name) => typeof name === 'string');
    return known.length === 0 ? undefined : known.every((name) => /^[^.]+(\.[^.]+\.data)?\.azurecr\.io$/.test(name));
  }),
  'endpoint-at-the-end': answered(
    'PUT',
    /\/privateEndpoints\/[^/]+$/i,
    whereMade(
      (exchange) =>
        inAnswer(exchange, 'properties.networkInterfaces.0.id') !== undefined &&
        inAnswer(exchange, 'properties.customDnsConfigs.0') === undefined,
    ),
  ),
  'endpoint-approval': answered(
    'GET',
    /\/privateEndpoints\/[^/]+$/i,
    whereTaken(
      (exchange) =>
        inAnswer(
          exchange,
          'properties.privateLinkServiceConnections.0.properties.privateLinkServiceConnectionState.status',
        ) === 'Approved',
    ),
  ),
};

function endpointNames(exchange: Exchange): unknown[] {
  const configs = inAnswer(exchange, 'properties.customDnsConfigs');
  return Array.isArray(configs) ? configs.map((config) => valueAt(config, 'fqdn')) : [];
}

/** The duration that the row `aks-durations` has for an operation: within half and double of it, it holds. */
function durationHolds({ shownBy: [begun], seconds }: Duration): boolean | undefined {
  if (begun.method !== 'PUT' || !cluster.test(pathOf(begun))) return undefined;
  const source = inAnswer(begun, 'properties.bootstrapProfile.artifactSource');
  const isOwn = sentRegistry(begun) !== undefined;
  const recorded = begun.status === 200 ? 217 : source !== 'Cache' ? 378 : isOwn ? 411 : 569;
  return seconds >= recorded / 2 && seconds <= recorded * 2;
}

const sentRegistry = ({ body }: Exchange): unknown => valueAt(body, 'properties.bootstrapProfile.containerRegistryId');

/** Rows that say what a switch does in one of its positions. */
const rowsOfSwitches: readonly { id: string; switch: Switch; positions: readonly string[] }[] = [
  { id: 'aks-reimage-by-itself', switch: 'isolationReimages', positions: ['from137'] },
  { id: 'aks-reimage-nothing', switch: 'reimageOnNewestImage', positions: ['changedNodes'] },
  { id: 'aks-pool-changed', switch: 'poolSettingReimages', positions: ['reimages'] },
  { id: 'aks-managed-registry-goes', switch: 'managedRegistryOnChange', positions: ['goes'] },
  { id: 'aks-busy', switch: 'poolsAtOnce', positions: ['many'] },
  { id: 'aks-managed-registry-goes', switch: 'managedRegistryOnDelete', positions: ['goes'] },
];

/** The rows that a recording and the verdicts on switches confirm or refute. One exchange against a row refutes it. */
export function judgeRows(exchanges: readonly Exchange[], verdicts: readonly Verdict[]): RowVerdict[] {
  const seen = Object.entries(rows).flatMap(([id, holds]) =>
    exchanges.flatMap((exchange) => {
      const held = holds(exchange);
      return held === undefined ? [] : [{ id, held, shownBy: [exchange] as readonly Exchange[] }];
    }),
  );
  const switched = rowsOfSwitches.flatMap(({ id, switch: name, positions }) =>
    verdicts.flatMap(({ assumption, position, shownBy }) =>
      assumption === name && position !== undefined ? [{ id, held: positions.includes(position), shownBy }] : [],
    ),
  );
  const timed = durationsIn(exchanges).flatMap((duration) => {
    const held = durationHolds(duration);
    return held === undefined ? [] : [{ id: 'aks-durations', held, shownBy: duration.shownBy }];
  });
  return behaviours.flatMap(({ id, says, evidence }) => {
    const about = [...seen, ...switched, ...timed].filter((one) => one.id === id);
    const [telling] = [...about.filter(({ held }) => !held), ...about];
    if (!telling) return [];
    return [{ id, says, evidence, verdict: telling.held ? 'confirmed' : 'refuted', shownBy: telling.shownBy }] as const;
  });
}

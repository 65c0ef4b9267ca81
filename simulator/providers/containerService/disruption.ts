import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { aksError } from './errors.ts';
import type { Intent } from './intent.ts';
import { otherBucket } from './limits.ts';
import type { ClusterBody, ClusterRequest } from './shapes.ts';
import { clusterType } from './stored.ts';
import { reimagesForIsolation } from './versions.ts';

const type = `${clusterType}/maintenanceConfigurations`;

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const window = z.looseObject({
  schedule: z.looseObject({
    daily: z.looseObject({}).nullish(),
    weekly: z.looseObject({ dayOfWeek: z.enum(weekdays) }).nullish(),
  }),
  durationHours: z.number(),
  startTime: z.string().regex(/^\d\d:\d\d$/),
  utcOffset: z
    .string()
    .regex(/^[+-]\d\d:\d\d$/)
    .default('+00:00'),
});
const configuration = z.looseObject({ properties: z.looseObject({ maintenanceWindow: window.nullish() }) });

/** When AKS may maintain a cluster. */
export const maintenanceTypes: readonly ResourceType[] = [
  { kind: 'stored', type, bucket: otherBucket, put, delete: remove },
];

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { properties } = parseBody(request, configuration);
  const id = existing?.id ?? request.resourceId;
  const { body } = request.world.store.put(id, type, { id, name: request.id.names[1], type, properties });
  return { status: existing ? 200 : 201, body };
}

function remove({ world }: ArmRequest, { id }: Resource): Reply {
  world.remove(id);
  return { status: 200 };
}

/**
 * A node disruption policy keeps back changes for which AKS would reimage nodes. A new node image is none of them.
 *
 * @see https://learn.microsoft.com/azure/aks/node-disruption-policy
 * @throws ArmError 409 OperationNotAllowed
 */
export function refuseDisruption(world: World, request: ClusterRequest, intent: Intent, existing: ClusterBody): void {
  const change = disruptiveChange(world, request, intent, existing);
  if (change !== undefined) refuseDisruptiveChange(world, existing, change);
}

/** @throws ArmError 409 OperationNotAllowed where the policy of a cluster keeps a change back for which AKS reimages nodes. */
export function refuseDisruptiveChange(world: World, existing: ClusterBody, change: string): void {
  const policy = String(valueAt(existing.properties, 'nodeDisruptionProfile.nodeDisruptionPolicy') ?? 'Allow');
  if (policy === 'Allow') return;
  if (policy === 'Block') throw blocked(change, policy, 'OperationBlockedByNodeDisruptionPolicy');
  const own = world.store.get(`${existing.id}/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule`);
  // Without such a window there is nothing to wait for.
  const given = own && configuration.parse(own.body).properties.maintenanceWindow;
  if (given && !isOpen(given, world.clock.now())) throw blocked(change, policy, 'OperationOutsideNodeDisruptionWindow');
}

const blocked = (change: string, policy: string, subcode: string) =>
  aksError(
    409,
    'OperationNotAllowed',
    `The operation requires nodes to be reimaged (${change}), which node disruption policy '${policy}' does not allow now. See https://aka.ms/aks/node-disruption-policy.`,
    subcode,
  );

/** The first change that AKS applies by reimaging nodes. */
function disruptiveChange(
  world: World,
  { properties: sent }: ClusterRequest,
  intent: Intent,
  existing: ClusterBody,
): string | undefined {
  const { properties: before } = existing;
  const { bootstrapProfile: bootstrap, networkProfile: network, apiServerAccessProfile: access } = before;
  const forIsolation = reimagesForIsolation(world, existing);
  const zone = sent.apiServerAccessProfile?.privateDNSZone;
  const isUnmanaged = (cluster: unknown) => valueAt(cluster, 'autoUpgradeProfile.nodeOSUpgradeChannel') === 'Unmanaged';
  const kubelet = sent.identityProfile?.kubeletidentity?.resourceId;
  const changes: Readonly<Record<string, boolean>> = {
    'the kubelet identity':
      kubelet !== undefined && !same(kubelet, before.identityProfile?.kubeletidentity?.resourceId),
    'the private DNS zone': intent.privateCluster && Boolean(zone) && !same(zone, access?.privateDNSZone),
    'API Server VNet Integration': intent.vnetIntegration && access?.enableVnetIntegration !== true,
    'the HTTP proxy': JSON.stringify(sent.httpProxyConfig ?? {}) !== JSON.stringify(before.httpProxyConfig ?? {}),
    'the node OS upgrade channel': isUnmanaged(sent) !== isUnmanaged(before),
    'the bootstrap profile':
      forIsolation &&
      (intent.artifactSource !== bootstrap.artifactSource ||
        !same(intent.containerRegistryId, bootstrap.containerRegistryId)),
    'the outbound type': forIsolation && intent.outboundType !== network.outboundType,
  };
  return Object.entries(changes).find(([, isMade]) => isMade)?.[0];
}

const same = (one: string | null | undefined, other: string | null | undefined): boolean =>
  (one ?? '').toLowerCase() === (other ?? '').toLowerCase();

/** Whether a window of every day or of one weekday is open. Other schedules count as closed. */
function isOpen({ schedule, durationHours, startTime, utcOffset }: z.output<typeof window>, now: Date): boolean {
  const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  const offset = minutes(utcOffset.slice(1)) * (utcOffset.startsWith('-') ? -1 : 1);
  const local = new Date(now.getTime() + offset * 60_000);
  const sinceStart = (day: number) =>
    local.getUTCHours() * 60 + local.getUTCMinutes() - minutes(startTime) + 24 * 60 * day;
  const days = schedule.daily
    ? [0, 1]
    : schedule.weekly
      ? [(local.getUTCDay() - weekdays.indexOf(schedule.weekly.dayOfWeek) + 7) % 7]
      : [];
  return days.some((day) => sinceStart(day) >= 0 && sinceStart(day) < durationHours * 60);
}

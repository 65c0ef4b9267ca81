import { quoted } from '../text/commands.ts';

/** Links into Azure's portal. Another cloud has another address. */
export const publicPortal = 'https://portal.azure.com';

export interface PortalLinks {
  resource: string;
  activityLog: string;
}

/** The pages of a resource; `undefined` for what is no resource ID. */
export function portalLinks(portal: string, resourceId: string | undefined): PortalLinks | undefined {
  if (!resourceId?.toLowerCase().startsWith('/subscriptions/')) return undefined;
  const path = resourceId.split('/').map(encodeURIComponent).join('/');
  const resource = `${portal.replace(/\/+$/, '')}/#resource${path}`;
  return { resource: `${resource}/overview`, activityLog: `${resource}/eventlogs` };
}

/** The command that prints what a run has done in Azure. By default it would look at six hours, and show 50 events. */
export function activityLogCommand(
  correlationId: string,
  cluster: string,
  startedAt: string,
  endedAt?: string,
): string {
  const [, subscription] = /^\/subscriptions\/([-\w]+)/i.exec(cluster) ?? /^aks\/([-\w]+)/.exec(cluster) ?? [];
  return [
    `az monitor activity-log list --correlation-id ${quoted(correlationId)}`,
    ...(subscription ? [`--subscription ${subscription}`] : []),
    `--start-time ${startedAt}`,
    ...(endedAt === undefined ? [] : [`--end-time ${endedAt}`]),
    '--max-events 1000',
  ].join(' ');
}

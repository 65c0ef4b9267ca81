import type { Behaviour } from '../../arm/provider.ts';

const reference = 'Azure REST API reference, "Activity Logs - List" 2015-04-01';
const resourceType = 'Microsoft.Insights/eventtypes/values';

export const behaviours: readonly Behaviour[] = [
  {
    id: 'activity-log-events',
    resourceType,
    says: 'Each write, deletion and action is in the activity log, whoever asked for it; no read is. It has an event when it begins, and one with the HTTP status of the answer: Succeeded, Failed, or Accepted where an operation goes on, whose end is a third event.',
    evidence: 'documented',
    source: `Microsoft Learn, "Azure Activity log event schema"; ${reference} (which events an operation has is modelled)`,
    test: 'insights/activityLog.test.ts: has what was asked, what was answered and how an operation ended',
  },
  {
    id: 'activity-log-correlation',
    resourceType,
    says: 'Events carry the x-ms-correlation-request-id of their request, or the one that the answer gave it.',
    evidence: 'documented',
    source:
      'Azure/azure-resource-manager-rpc v1.0 Addendum, "Instrumentation and tracing"; terraform-provider-azurerm#10908',
    test: 'insights/activityLog.test.ts: finds what was done under a correlation ID',
  },
  {
    id: 'activity-log-filter',
    resourceType,
    says: 'A filter has a start within the last 90 days, an end or none, and at most one of resource group, resource, resource provider and correlation ID; anything else is refused with 400 BadRequest.',
    evidence: 'documented',
    source: `${reference} (the texts, the channels, callers and states that azure-cli adds, and pages of 200 are modelled)`,
    test: 'insights/activityLog.test.ts: refuses %s',
  },
  {
    id: 'activity-log-time',
    resourceType,
    says: "Times of events are those of the machine and not simulated, for their readers ask by their own clock. An event is shown at once; Azure's come minutes later.",
    evidence: 'modelled',
    source: 'our assumption',
    test: 'insights/activityLog.test.ts: times are those of its readers',
  },
  {
    id: 'activity-log-throttled',
    resourceType,
    says: 'What ARM refuses before it looks at the request (401, 429) is not in the activity log, nor is what Azure does by itself.',
    evidence: 'modelled',
    source: 'no source found',
    test: 'insights/activityLog.test.ts: has nothing of what was throttled',
  },
];

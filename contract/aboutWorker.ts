import type { WebhookRules } from './events.ts';

/** As whom a worker acts in Azure, as its token says. These IDs are no secrets: Azure's activity log has them as well. */
export interface AzureIdentity {
  objectId: string;
  applicationId?: string;
  tenantId?: string;
}

/** Facts about the worker that made a scenario's first look. */
export interface AboutWorker {
  /** Left out by workers without a webhook, and by version 0.1. */
  tells?: WebhookRules;
  /** For the evidence of a run. Left out where the token does not say it, and by version 0.1. */
  actsAs?: AzureIdentity;
}

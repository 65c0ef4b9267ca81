import type { Provider } from '../../arm/provider.ts';
import { activityLogTypes } from './activityLog.ts';
import { behaviours } from './behaviours.ts';

/** Microsoft.Insights: the activity log. */
export const insights: Provider = { types: activityLogTypes, behaviours };

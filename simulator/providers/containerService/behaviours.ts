import type { Behaviour } from '../../arm/provider.ts';
import { commands } from './behaviours/commands.ts';
import { isolation } from './behaviours/isolation.ts';
import { machines } from './behaviours/machines.ts';
import { nodeGroup } from './behaviours/nodeGroup.ts';
import { reimages } from './behaviours/reimages.ts';
import { requests } from './behaviours/requests.ts';
import { settings } from './behaviours/settings.ts';

export const behaviours: readonly Behaviour[] = [
  ...requests,
  ...nodeGroup,
  ...isolation,
  ...reimages,
  ...commands,
  ...settings,
  ...machines,
];

import type { Behaviour } from '../../arm/provider.ts';
import { endpoints } from './behaviours/endpoints.ts';
import { subnets } from './behaviours/subnets.ts';
import { ways } from './behaviours/ways.ts';
import { zones } from './behaviours/zones.ts';

export const behaviours: readonly Behaviour[] = [...subnets, ...ways, ...endpoints, ...zones];

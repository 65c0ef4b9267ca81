import { coreBehaviours } from './arm/behaviours.ts';
import type { Behaviour } from './arm/provider.ts';
import { providers } from './providers.ts';

export type { Behaviour } from './arm/provider.ts';

/** Everything the simulator claims to do as Azure does it; docs/reference/simulator-behaviours.md shows it as a table. */
export const behaviours: readonly Behaviour[] = [
  ...coreBehaviours,
  ...providers.flatMap((provider) => provider.behaviours),
];

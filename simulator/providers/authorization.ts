import type { ArmRequest } from '../arm/exchange.ts';
import type { Provider } from '../arm/provider.ts';
import { locks } from './authorization/locks.ts';
import { roles } from './authorization/roles.ts';

/** Microsoft.Authorization. */
export const authorization: Provider = {
  types: [...roles.types, ...locks.types],
  behaviours: [...roles.behaviours, ...locks.behaviours],
  guard(request: ArmRequest, action: string) {
    roles.guard?.(request, action);
    locks.guard?.(request, action);
  },
};

import { gatewayError } from '../../arm/errors.ts';
import type { ArmRequest } from '../../arm/exchange.ts';
import { keyOf } from '../../arm/ids.ts';

/** Only something that exists has role assignments, locks and permissions. @throws ArmError 404 ResourceNotFound */
export function checkScopeExists({ world, id }: ArmRequest): void {
  if (id.scope === '/' || world.store.get(id.scope)) return;
  throw gatewayError(
    404,
    'ResourceNotFound',
    `The Resource '${id.scope.split('/providers/').at(-1)}' under resource group '${id.resourceGroup ?? '<null>'}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

export function isAtOrBelow(id: string, scope: string): boolean {
  return scope === '/' || `${keyOf(id)}/`.startsWith(`${keyOf(scope)}/`);
}

export const isBelow = (id: string, scope: string): boolean => keyOf(id) !== keyOf(scope) && isAtOrBelow(id, scope);

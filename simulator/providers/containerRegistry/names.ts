import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { World } from '../../arm/world.ts';
import { registryType } from './shapes.ts';

export const nameTypes: readonly ResourceType[] = [
  { kind: 'computed', type: 'Microsoft.ContainerRegistry/checkNameAvailability', post: checkName, countsAsRead: true },
];

function checkName(request: ArmRequest): Reply {
  const { name } = parseBody(request, z.looseObject({ name: z.string(), type: z.literal(registryType) }));
  const problem = nameProblem(request.world, name);
  if (problem) return { status: 200, body: { nameAvailable: false, reason: problem.reason, message: problem.message } };
  return { status: 200, body: { nameAvailable: true, availableLoginServerName: `${name.toLowerCase()}.azurecr.io` } };
}

export function checkFree(world: World, name: string): void {
  const problem = nameProblem(world, name);
  if (problem?.reason === 'Invalid') throw new ArmError(400, 'InvalidResourceName', problem.message);
  if (problem) throw new ArmError(409, 'AlreadyInUse', problem.message);
}

function nameProblem(world: World, name: string): { reason: 'Invalid' | 'AlreadyExists'; message: string } | undefined {
  if (!/^[a-zA-Z0-9]{5,50}$/.test(name)) {
    return { reason: 'Invalid', message: `The registry name '${name}' must have 5 to 50 alphanumeric characters.` };
  }
  const taken = world.store.list(registryType).some((registry) => registry.name.toLowerCase() === name.toLowerCase());
  if (!taken) return undefined;
  const message = `The registry DNS name ${name}.azurecr.io is already in use. You can check if the name is already claimed using following API: https://docs.microsoft.com/rest/api/containerregistry/registries/checknameavailability`;
  return { reason: 'AlreadyExists', message };
}

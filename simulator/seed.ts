import type { Provider } from './arm/provider.ts';
import type { Registry } from './arm/registry.ts';
import type { World } from './arm/world.ts';
import type { ResetRequest } from './control.ts';
import { seedRegistrations } from './providers/features.ts';

/** Fills a fresh world: what each provider seeds, then registrations and feature flags as asked. */
export function seedWorld(world: World, registry: Registry, providers: readonly Provider[], seed: ResetRequest): World {
  for (const provider of providers) provider.seed?.(world);
  seedRegistrations(world, registry, seed);
  return world;
}

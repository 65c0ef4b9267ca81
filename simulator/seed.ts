import type { Provider } from './arm/provider.ts';
import type { Registry } from './arm/registry.ts';
import type { World } from './arm/world.ts';
import type { Seed } from './control.ts';
import { seedRegistrations } from './providers/features.ts';

/** Fills a fresh world: what each provider seeds, then what is asked. */
export function seedWorld(world: World, registry: Registry, providers: readonly Provider[], seed: Seed): World {
  for (const provider of providers) provider.seed?.(world);
  const { roleDelaySeconds, callerPermissions, quotas } = seed;
  const limits = Object.entries(quotas).map(([family, limit]) => [family.toLowerCase(), limit] as const);
  world.settings = { roleDelaySeconds, callerPermissions, quotas: Object.fromEntries(limits) };
  seedRegistrations(world, registry, seed);
  return world;
}

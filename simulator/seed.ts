import { azureSwitchDefaults, withMoves } from './arm/azureSwitches.ts';
import type { Provider } from './arm/provider.ts';
import type { TypeTable } from './arm/typeTable.ts';
import type { World } from './arm/world.ts';
import type { Seed } from './control.ts';
import { seedFeatures } from './providers/features/features.ts';
import { seedProviders } from './providers/features/providerRegistrations.ts';

/** Fills a fresh world: first as each provider seeds it, then as the reset asks. */
export function seedWorld(
  world: World,
  table: TypeTable,
  providers: readonly Provider[],
  { azure, ...seed }: Seed,
): World {
  for (const provider of providers) provider.seed?.(world);
  const { providers: registrations, features, tenants, ...settings } = seed;
  for (const [subscriptionId, tenantId] of Object.entries(tenants)) {
    const id = `/subscriptions/${subscriptionId}`;
    const subscription = world.store.get(id);
    if (subscription) world.store.put(id, subscription.type, { ...subscription.body, tenantId });
  }
  const limits = Object.entries(settings.quotas).map(([family, limit]) => [family.toLowerCase(), limit] as const);
  world.settings = {
    ...settings,
    quotas: Object.fromEntries(limits),
    azure: withMoves(azureSwitchDefaults, azure),
  };
  for (const { id } of world.store.list('Microsoft.Resources/subscriptions')) {
    seedProviders(world, table, id, registrations);
    seedFeatures(world, id, features);
  }
  return world;
}

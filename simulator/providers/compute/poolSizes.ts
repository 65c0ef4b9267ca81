import { type Body, isBody, valueAt } from '../../arm/json.ts';

interface PoolSize {
  readonly size: string;
  readonly count: number;
}

/** Whether a pool's machines are single ones, and not instances of a scale set. */
export const isSingleMachines = ({ type }: Body): boolean => String(type).toLowerCase() === 'virtualmachines';

/** Sizes and counts of an agent pool: of single machines those of its profiles. */
export function scaleProfiles(pool: Body): PoolSize[] {
  if (!isSingleMachines(pool)) return [{ size: String(pool.vmSize ?? ''), count: Number(pool.count ?? 1) }];
  const scale = valueAt(pool, 'virtualMachinesProfile.scale');
  const profiles = isBody(scale) ? [scale.manual, scale.autoscale].flat() : [];
  return profiles.flatMap((one) =>
    isBody(one) && typeof one.size === 'string'
      ? [{ size: one.size, count: Number(one.count ?? one.minCount ?? 0) }]
      : [],
  );
}

/** All machines of an agent pool. */
export const totalOf = (pool: Body | undefined): number =>
  pool ? scaleProfiles(pool).reduce((sum, { count }) => sum + count, 0) : 0;

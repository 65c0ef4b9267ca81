import type { Item } from './item.ts';
import { cost, makespan } from './makespan.ts';
import { simulator } from './simulator.ts';

/** Everything that is measured, in this order. */
export const items = { makespan, cost, simulator } as const satisfies Record<string, Item>;

export type ItemName = keyof typeof items;
export const itemNames = Object.keys(items) as ItemName[];

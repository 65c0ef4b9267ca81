import { added } from './added.ts';
import { beside } from './beside.ts';
import { fleet } from './fleet.ts';
import type { Item } from './item.ts';
import { cost, makespan } from './makespan.ts';
import { memory } from './memory.ts';
import { overhead } from './overhead.ts';
import { recovery } from './recovery.ts';
import { sequential } from './sequential.ts';
import { simulator } from './simulator.ts';

/** Everything that is measured, in this order. */
export const items = {
  makespan,
  sequential,
  overhead,
  fleet,
  beside,
  memory,
  added,
  recovery,
  cost,
  simulator,
} as const satisfies Record<string, Item>;

export type ItemName = keyof typeof items;
export const itemNames = Object.keys(items) as ItemName[];

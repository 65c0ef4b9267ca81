import type { z } from 'zod';
import type { Scenario } from '../names.ts';
import { createClusterInput } from './createCluster.ts';
import { deleteClusterInput } from './deleteCluster.ts';
import {
  auditClusterInput,
  changeRegistryInput,
  disableIsolationInput,
  isolateClusterInput,
  reimageNodePoolsInput,
} from './existingCluster.ts';

const schemas = {
  createCluster: createClusterInput,
  isolateCluster: isolateClusterInput,
  changeRegistry: changeRegistryInput,
  disableIsolation: disableIsolationInput,
  reimageNodePools: reimageNodePoolsInput,
  deleteCluster: deleteClusterInput,
  auditCluster: auditClusterInput,
} satisfies Record<Scenario, z.ZodType>;

/** The input as callers send it: defaults may be left out. */
export type ScenarioInput<S extends Scenario> = z.input<(typeof schemas)[S]>;
/** The input as the scenario gets it: defaults are filled in. */
export type ParsedInput<S extends Scenario> = z.output<(typeof schemas)[S]>;

/** The schema of each scenario's input. */
export const scenarioInputs: { readonly [S in Scenario]: z.ZodType<ParsedInput<S>, ScenarioInput<S>> } = schemas;

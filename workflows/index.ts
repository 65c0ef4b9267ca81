import { defineWorkflowOptions } from '@temporalio/workflow';
import type { Scenario } from '../contract/names.ts';
import { auditCluster } from './auditCluster.ts';
import { changeRegistry } from './changeRegistry.ts';
import { createCluster } from './createCluster.ts';
import { deleteCluster } from './deleteCluster.ts';
import { disableIsolation } from './disableIsolation.ts';
import { takesAnything } from './engine/givenInput.ts';
import { refuseUnknownScenario } from './engine/refusal.ts';
import { fleetMember } from './fleetMember.ts';
import { isolateCluster } from './isolateCluster.ts';
import { reimageNodePools } from './reimageNodePools.ts';
import { rolloutFleet } from './rolloutFleet.ts';
import { startScenario } from './startScenario.ts';

const scenarios: Readonly<Record<Scenario, (given: never) => Promise<unknown>>> = {
  auditCluster,
  changeRegistry,
  createCluster,
  deleteCluster,
  disableIsolation,
  isolateCluster,
  reimageNodePools,
};
for (const scenario of [...Object.values(scenarios), refuseUnknownScenario, startScenario, rolloutFleet, fleetMember]) {
  defineWorkflowOptions(scenario, { staticOptions: takesAnything });
}

// Temporal runs the default for each type that has no function here.
export {
  auditCluster,
  changeRegistry,
  createCluster,
  deleteCluster,
  disableIsolation,
  fleetMember,
  isolateCluster,
  refuseUnknownScenario as default,
  reimageNodePools,
  rolloutFleet,
  startScenario,
};

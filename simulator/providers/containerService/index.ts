import type { Provider } from '../../arm/provider.ts';
import { agentPoolTypes } from './agentPools.ts';
import { behaviours } from './behaviours.ts';
import { aksError, changeNotAllowed, invalidParameter, missingParameter } from './errors.ts';
import { limited } from './limits.ts';
import { maintenanceTypes } from './maintenance.ts';
import { managedClusterTypes } from './managedClusters.ts';
import { upgradeTypes } from './upgrades.ts';

/** From this version on, AKS refuses what it does not know (Azure/AKS#4060). */
const strictFrom = '2024-01-01';

/** Microsoft.ContainerService: Azure Kubernetes Service. */
export const containerService: Provider = {
  types: limited([...managedClusterTypes, ...agentPoolTypes, ...upgradeTypes, ...maintenanceTypes]),
  behaviours,
  refusal(problem, { apiVersion }) {
    switch (problem.kind) {
      case 'unknown': {
        if (apiVersion < strictFrom) return undefined;
        const message = `UnmarshalEntity encountered error: json: unknown field "${problem.property}" Check that the field is in the right location, is spelled correctly, and is supported in the API version. Visit aka.ms/aks/apiversions for more API version information.`;
        return aksError(400, 'UnmarshalError', message);
      }
      case 'mistyped': {
        const message = `UnmarshalEntity encountered error: json: cannot unmarshal ${goType(problem.sent)} into field ${problem.path} of type ${problem.expected}.`;
        return aksError(400, 'UnmarshalError', message);
      }
      case 'missing':
        return missingParameter(problem.path);
      case 'value':
        return invalidParameter(problem.path, `'${String(problem.sent)}' is none of ${problem.allowed}.`);
      case 'fixed':
        return changeNotAllowed(problem.path);
      case 'name':
        return aksError(400, 'InvalidParameter', `The name '${problem.name}' is invalid. ${problem.rule}`);
    }
  },
};

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

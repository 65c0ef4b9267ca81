import type { Body } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';

export const scaleSetType = 'Microsoft.Compute/virtualMachineScaleSets';
export const instanceType = `${scaleSetType}/virtualMachines`;

/** AKS makes and changes them (containerService/nodes.ts); others may only look. */
export const scaleSetTypes: readonly ResourceType[] = [
  { kind: 'stored', type: scaleSetType, tracked: true, view: withoutKubernetes },
  { kind: 'stored', type: instanceType, view: withoutKubernetes },
];

/** The body that callers see. `kubernetes` and `nodeModel` are the simulator's own notes. */
function withoutKubernetes({ body }: Resource): Body {
  const { kubernetes: _kubernetes, nodeModel: _model, ...shown } = body;
  return shown;
}

import { z } from 'zod';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { subscriptionOf } from '../../arm/ids.ts';
import { echoed } from '../../arm/json.ts';
import type { OperationStyle } from '../../arm/operations.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { deletion, type Transitions, transit } from '../../arm/transitions.ts';
import { checkScopeExists } from '../authorization/scopes.ts';

const type = 'Microsoft.KubernetesConfiguration/extensions';
const extensionBody = z.looseObject({
  identity: z.looseObject({ type: z.string() }).nullish(),
  properties: z.looseObject({ extensionType: z.string().min(1) }),
});

const style: OperationStyle = {
  headers: 'async',
  statusPath: ({ id, resourceId }) => `${resourceId}/operations/${id}`,
  retryAfter: () => 10,
};
const transitions = {
  create: { verb: 'PUT', answers: 201, during: 'Creating', ends: 'Succeeded', seconds: 30, style },
  update: { verb: 'PUT', answers: 200, during: 'Updating', ends: 'Succeeded', seconds: 30, style },
  delete: { ...deletion, seconds: 30, style: { ...style, headers: 'both', resultPath } },
} as const satisfies Transitions;

function resultPath({ id, resourceId }: { readonly id: string; readonly resourceId: string }): string {
  return `${subscriptionOf(resourceId)}/providers/Microsoft.KubernetesConfiguration/operationResults/${id}`;
}

/** An extension extends a cluster: `…/managedClusters/c/providers/Microsoft.KubernetesConfiguration/extensions/flux`. */
export const extensionTypes: readonly ResourceType[] = [{ kind: 'stored', type, transitions, put, delete: remove }];

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  checkScopeExists(request);
  const { world } = request;
  const sent = parseBody(request, extensionBody);
  const id = existing?.id ?? request.resourceId;
  const resource = world.store.put(id, type, {
    id,
    name: request.id.names[0],
    type,
    ...(sent.identity && { identity: echoed(sent.identity) }),
    properties: { autoUpgradeMinorVersion: true, releaseTrain: 'Stable', ...echoed(sent.properties) },
  });
  return transit(world, existing ? transitions.update : transitions.create, { id, body: () => resource.body });
}

function remove({ world }: ArmRequest, { id }: Resource): Reply {
  return transit(world, transitions.delete, { id });
}

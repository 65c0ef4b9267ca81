import { ArmError } from '../../arm/errors.ts';
import type { Reply } from '../../arm/exchange.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { interfaceType } from './endpointShapes.ts';
import { etagMismatch, withEtag } from './style.ts';

const shown = { kind: 'stored', tracked: true, etagHeader: true, mismatch: etagMismatch, view: withEtag } as const;

/** Types whose resources only Azure makes: for private endpoints, and in the node resource groups of AKS. Callers may read them. */
export const networkInterfaceTypes: readonly ResourceType[] = [
  { ...shown, type: interfaceType, delete: refuseDeletion },
];

function refuseDeletion(_request: unknown, { id, body }: Resource): Reply {
  throw new ArmError(
    400,
    'NicWithPrivateEndpointReferenceCannotBeDeleted',
    `Network interface ${id} is used by private endpoint ${String(body.managedBy)} and cannot be deleted.`,
    { details: [] },
  );
}

import { resourceReference } from '../../resources/ids.ts';
import type { Marks } from '../../resources/marks.ts';
import { azure } from '../engine/azure.ts';
import type { Removal } from './kinds.ts';

/** Removes a resource that carries the owner's marks. */
export function remove({ id, kind }: Removal, owner: Marks): Promise<void> {
  const { operating, writing } = azure;
  const summary = `Delete ${resourceReference(id).name}`;
  switch (kind) {
    case 'privateEndpoint':
      return operating(summary).deletePrivateEndpoint({ id, owner });
    case 'record':
      return writing(summary).deleteRecord({ id, owner });
    case 'zoneLink':
      return operating(summary).deleteZoneLink({ id, owner });
    case 'privateDnsZone':
      return operating(summary).deletePrivateDnsZone({ id, owner });
    case 'registry':
      return operating(summary).deleteRegistry({ id, owner });
    case 'virtualNetwork':
      return operating(summary).deleteVirtualNetwork({ id, owner });
    case 'identity':
      return writing(summary).deleteIdentity({ id, owner });
  }
}

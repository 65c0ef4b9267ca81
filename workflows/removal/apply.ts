import { resourceReference } from '../../resources/ids.ts';
import type { Marks } from '../../resources/marks.ts';
import { azure } from '../engine/azure.ts';
import type { Removal } from './kinds.ts';

/** Removes a resource that carries these marks. */
export function remove({ id, kind, subnets }: Removal, marks: Marks): Promise<unknown> {
  const { operating, writing } = azure;
  const summary = `Delete ${resourceReference(id).name}`;
  switch (kind) {
    case 'privateEndpoint':
      return operating(summary).deletePrivateEndpoint({ id, marks });
    case 'record':
      return writing(summary).deleteRecord({ id, marks });
    case 'zoneLink':
      return operating(summary).deleteZoneLink({ id, marks });
    case 'privateDnsZone':
      return operating(summary).deletePrivateDnsZone({ id, marks });
    case 'registry':
      return operating(summary).deleteRegistry({ id, marks });
    case 'virtualNetwork':
      return operating(summary).deleteVirtualNetwork({ id, marks, ...(subnets && { subnets: [...subnets] }) });
    case 'identity':
      return writing(summary).deleteIdentity({ id, marks });
  }
}

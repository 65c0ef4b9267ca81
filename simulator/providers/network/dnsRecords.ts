import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf, parentPath } from '../../arm/ids.ts';
import type { Body } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { dnsTags, zoneType } from './dnsStyle.ts';

export const recordType = `${zoneType}/A`;
const recordBody = z.looseObject({
  etag: z.string().nullish(),
  properties: z.looseObject({
    ttl: z.int().positive(),
    aRecords: z.array(z.looseObject({ ipv4Address: z.ipv4() })).nullish(),
    metadata: dnsTags,
  }),
});

export const dnsRecordTypes: readonly ResourceType[] = [
  { kind: 'stored', type: recordType, view: withBareEtag, put, delete: remove },
  { kind: 'computed', type: `${zoneType}/ALL`, get: listAll },
  { kind: 'computed', type: `${zoneType}/SOA`, get: (request) => ({ status: 200, body: { value: [soa(request)] } }) },
];

/** The addresses of an A record set. */
export const addressesOfRecord = ({ body }: Resource): string[] =>
  (recordBody.safeParse(body).data?.properties.aRecords ?? []).map(({ ipv4Address }) => ipv4Address);

/** Writes a record set from inside the cloud, as a private DNS zone group does: with a TTL of 10 s. */
export function writeRecord(world: World, id: string, addresses: readonly string[]): void {
  storeRecord(world, id, { ttl: 10, aRecords: addresses.map((ipv4Address) => ({ ipv4Address })) });
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const sent = parseBody(request, recordBody);
  // A stale etag in the body is refused like one in If-Match.
  if (sent.etag && existing && sent.etag !== existing.etag) {
    throw new ArmError(
      412,
      'PreconditionFailed',
      `The etag '${sent.etag}' is not that of record set ${existing.name}.`,
    );
  }
  const record = storeRecord(request.world, existing?.id ?? request.resourceId, sent.properties);
  return { status: existing ? 200 : 201, body: withBareEtag(record) };
}

function remove(request: ArmRequest, record: Resource): Reply {
  request.world.remove(record.id);
  return { status: 200 };
}

function listAll(request: ArmRequest): Reply {
  const zone = parentPath(request.resourceId, 1);
  const records = request.world.store.list(recordType, zone).map(withBareEtag);
  return { status: 200, body: { value: [soa(request), ...records] } };
}

/** The SOA record that every zone has. */
function soa({ resourceId }: ArmRequest): Body {
  const zone = resourceId.replace(/\/(ALL|SOA)(\/.*)?$/i, '');
  return {
    id: `${zone}/SOA/@`,
    name: '@',
    type: `${zoneType}/SOA`,
    properties: { fqdn: `${nameOf(zone)}.`, ttl: 3600, isAutoRegistered: false },
  };
}

export function storeRecord(world: World, id: string, sent: z.infer<typeof recordBody>['properties']): Resource {
  const name = nameOf(id);
  const zone = nameOf(parentPath(id));
  return world.store.put(id, recordType, {
    id,
    name,
    type: recordType,
    properties: {
      ...(sent.metadata && { metadata: sent.metadata }),
      fqdn: name === '@' ? `${zone}.` : `${name}.${zone}.`,
      ttl: sent.ttl,
      isAutoRegistered: false,
      aRecords: sent.aRecords ?? [],
    },
  });
}

/** Zones and records write their ETag bare, where the rest of Microsoft.Network writes it weakly. */
export function withBareEtag({ body, etag }: Resource): Body {
  return { ...body, etag };
}

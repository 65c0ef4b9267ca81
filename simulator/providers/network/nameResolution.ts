import { z } from 'zod';
import { keyOf, nameOf, parentPath } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { isPrivateAddress } from './addressRanges.ts';
import { addressesOfRecord } from './dnsRecords.ts';
import { machineAt } from './machines.ts';
import { aliasOf, publicAddress } from './publicNames.ts';
import { outboundDenial } from './securityFilter.ts';
import { linksOf } from './virtualNetworkLinks.ts';
import { closedBecause, type Place } from './waysOut.ts';

/** Azure's own DNS server, which every network has, under the same address everywhere. */
const azureDns = '168.63.129.16';
const dns = { protocol: 'udp', port: 53 } as const;

type Answer =
  | { readonly addresses: readonly string[]; readonly why?: undefined }
  | { readonly why: string; readonly addresses?: undefined };

/**
 * The addresses that machines get for a host name. They ask the DNS servers of their network, one after the other until one
 * answers: those that it names, else Azure's. Azure's answer from the private zones that are linked to the network from which it is asked: for a server
 * in a hub, that is the hub. Sources: Microsoft Learn, "Name resolution for resources in Azure virtual networks", "What is Azure
 * Private DNS?".
 */
export function resolve(world: World, place: Place, host: string): Answer {
  const vnetId = parentPath(place.subnetId);
  const servers = serversOf(world.store.get(vnetId));
  for (const server of servers) {
    const answer = ask(world, place, server, host.toLowerCase());
    if (answer) return answer;
  }
  return { why: `no DNS server answers: ${servers.join(', ')}` };
}

const serverList = z.array(z.string());

function serversOf(vnet: Resource | undefined): string[] {
  const named = serverList.safeParse(valueAt(vnet?.body, 'properties.dhcpOptions.dnsServers')).data ?? [];
  return named.length > 0 ? named : [azureDns];
}

/** The answer of one server; `undefined` if it does not answer. */
function ask(world: World, place: Place, server: string, host: string): Answer | undefined {
  const vnetId = parentPath(place.subnetId);
  if (server === azureDns) return azureAnswer(world, vnetId, host);
  const to = { address: server, tags: [] };
  if (!isPrivateAddress(server))
    return closedBecause(world, place, to, dns) === undefined ? publicAnswer(world, host) : undefined;
  if (outboundDenial(world, place.subnetId, to, dns) !== undefined) return undefined;
  const machine = machineAt(world, vnetId, server);
  if (!machine || machine.dns === 'silent') return undefined;
  const known = machine.records[host];
  if (known !== undefined) return { addresses: [known] };
  return machine.dns === 'azure' && machine.network !== undefined
    ? azureAnswer(world, machine.network, host)
    : publicAnswer(world, host);
}

/** A linked zone answers alone for the names below it: one that it does not have does not exist. */
function azureAnswer(world: World, vnetId: string, host: string): Answer {
  const [link] = linksOf(world, vnetId)
    .filter((each) => `.${host}`.endsWith(`.${zoneName(each)}`))
    .sort((one, other) => zoneName(other).length - zoneName(one).length);
  if (!link) {
    const alias = aliasOf(world, host);
    return alias === undefined ? publicAnswer(world, host) : azureAnswer(world, vnetId, alias);
  }
  const zone = parentPath(link.id);
  const label = host === zoneName(link) ? '@' : host.slice(0, -zoneName(link).length - 1);
  const record = world.store.get(`${zone}/A/${label}`) ?? world.store.get(`${zone}/A/*`);
  const addresses = record ? addressesOfRecord(record) : [];
  if (addresses.length > 0) return { addresses };
  // Microsoft Learn, "Fallback to internet for Azure Private DNS zones".
  if (propertiesOf(link).resolutionPolicy === 'NxDomainRedirect') return publicAnswer(world, host);
  return { why: `${host} does not exist in ${keyOf(zone)}` };
}

function publicAnswer(world: World, host: string): Answer {
  const address = publicAddress(world, host);
  return address === undefined ? { why: `${host} does not exist` } : { addresses: [address] };
}

const zoneName = (link: Resource): string => nameOf(parentPath(link.id)).toLowerCase();

import type { World } from '../../arm/world.ts';
import { hasGateway, networksWith } from './routing.ts';

/** A machine that answers at an address and is no resource of Azure's: a DNS server, a firewall, one on-premises. */
interface Machine {
  /** ID of the network that it is in; left out for one that is behind a gateway. */
  readonly network: string | undefined;
  /** Whether it passes on what is routed to it. */
  readonly forwards: boolean;
  /** The resolver that it asks for names that it does not know itself; `silent`: it does not answer at all. */
  readonly dns: 'azure' | 'internet' | 'silent';
  /** Addresses that it tells by itself, by host name in lower case. */
  readonly records: Readonly<Record<string, string>>;
}

/**
 * The machine that a network reaches at a private address; `undefined` where nothing answers. Azure's control plane does not know
 * what a machine does: `PUT /simulator/machines` says it. By default a machine in a network that is reached passes on what it gets,
 * and asks Azure for names; beyond gateways there are only those that were named.
 */
export function machineAt(world: World, vnetId: string, address: string): Machine | undefined {
  const [network] = networksWith(world, vnetId, address);
  const said = world.settings.machines[address];
  if (network === undefined && !(said && hasGateway(world, vnetId))) return undefined;
  return {
    network,
    forwards: said?.forwards ?? true,
    dns: said?.dns ?? (network === undefined ? 'internet' : 'azure'),
    records: said?.records ?? {},
  };
}
